"""A server of files over https on this machine, and its answers when it misbehaves."""

import http.server
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

FILE = bytes(range(256)) * 40


class Handler(http.server.BaseHTTPRequestHandler):
    files: dict[str, bytes]

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/short.bin":  # ends before what was announced
                self.answer(FILE[:1000], len(FILE))
            case "/endless.bin":  # says nothing of its length
                self.answer(FILE, None)
            case "/silent.bin":
                time.sleep(0.5)
                self.close_connection = True
            case "/away.bin":
                self.lead("http://localhost/whole.bin")
            case "/back.bin":
                self.lead("/whole.bin")
            case path if path in self.files:
                self.answer(self.files[path], len(self.files[path]))
            case _:
                self.send_error(404)

    def answer(self, data: bytes, length: int | None) -> None:
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(data)

    def lead(self, to: str) -> None:
        self.send_response(302)
        self.send_header("Location", to)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of `localhost` in one file, made for this run."""
    if which("openssl") is None:
        pytest.skip("openssl is not installed: no certificate for a server of the test")
    path = tmp_path_factory.mktemp("certificate") / "localhost.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", path, "-out", f"{path}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture(scope="session")
def address(certificate: Path) -> Iterator[str]:
    """https://localhost:PORT of a server whose certificate nobody trusts yet."""
    Handler.files = {"/whole.bin": FILE}
    server = http.server.ThreadingHTTPServer(("localhost", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def server(address: str, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same, trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("no_proxy", "*")
    return address
