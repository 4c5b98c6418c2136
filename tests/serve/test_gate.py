"""Slow clients are cut in time on every route, with an answer where they can hear one; others notice nothing."""

import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from uploads import picture

HEAD = b"POST /v1/restore HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"


@pytest.fixture(scope="module")
def hasty(serving: Any) -> Iterator[Any]:
    """A service with half a second of patience."""
    with serving(header_seconds=0.5, grace_seconds=0.5) as running:
        yield running


def dripped(address: tuple[str, int], start: bytes, drop: bytes, patience: float = 6) -> tuple[float, bytes]:
    """Send `start`, then `drop` over and over -> (seconds until the end of the connection, what came back)."""
    begun, received = time.monotonic(), b""
    with socket.create_connection(address, patience) as line:
        line.sendall(start)
        line.settimeout(0.1)
        while time.monotonic() - begun < patience:
            try:
                chunk = line.recv(65536)
                if not chunk:
                    break
                received += chunk
            except TimeoutError:
                line.send(drop)
            except ConnectionError:
                break
    return time.monotonic() - begun, received


@pytest.mark.parametrize("start, drop, heard", [
    (b"", b"", False),
    (b"GET / HTTP/1.1\r\nHost: loc", b"a", True),
    (HEAD + b"Content-Length: 100000\r\n\r\n", b"", True),
    (HEAD + b"Content-Length: 100000\r\n\r\n--x\r\n", b"a", True),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n--x\r\n\r\n", b"1\r\na\r\n", True),
], ids=["silent", "header", "stalled-body", "body", "chunks"])  # fmt: skip
def test_a_slow_client_is_cut_in_time(hasty: Any, start: bytes, drop: bytes, heard: bool):
    seconds, received = dripped(hasty.address, start, drop)
    assert 0.4 < seconds < 2.5
    assert received.startswith(b"HTTP/1.1 408 ") == heard and (b'"too_slow"' in received) == heard
    assert hasty.service.queue.jobs == 0


@pytest.mark.parametrize("path", [b"/healthz", b"/nothing", b"/metrics"])
def test_so_it_is_on_routes_that_read_no_body(hasty: Any, path: bytes):
    start = b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
    seconds, received = dripped(hasty.address, start, b"a")
    assert seconds < 4 and received.count(b"HTTP/1.1") == 1


def test_an_answer_that_nobody_takes_is_given_up(hasty: Any):
    """Six megabytes of parts, more than the system's own buffers hold."""
    part = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'
    body = part + picture(630, 630) + b"\r\n--x--\r\n"
    before = cuts(hasty)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(hasty.address)
        line.sendall(HEAD.replace(b"restore", b"parts") + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        end = time.monotonic() + 20
        while cuts(hasty) == before:
            assert time.monotonic() < end
            time.sleep(0.1)


def test_a_download_at_a_real_lines_rate_is_completed(serving: Any):
    """Twice the rate that is asked for, from a client that buffers little; the patience is shorter than it takes."""
    part = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'
    body = part + picture(630, 630) + b"\r\n--x--\r\n"
    with serving(grace_seconds=0.5, body_rate=400_000) as running, socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        line.connect(running.address)
        line.sendall(HEAD.replace(b"restore", b"parts") + b"Content-Length: %d\r\n" % len(body))
        line.sendall(b"Connection: close\r\n\r\n" + body)
        received = bytearray(line.recv(40_000))
        begun = time.monotonic()
        while chunk := line.recv(40_000):
            received += chunk
            time.sleep(max(0, begun + len(received) / 800_000 - time.monotonic()))
        head, _, rest = bytes(received).partition(b"\r\n\r\n")
        assert len(rest) == int(re.search(rb"content-length: (\d+)", head)[1]) > 4_000_000  # type: ignore[index]


def cuts(running: Any) -> int:
    """Connections ended for being slow."""
    found = re.search(r'refusals_total{code="too_slow"} (\d+)', running.client.get("/metrics").text)
    return int(found[1]) if found else 0


def test_an_upload_at_a_real_lines_rate_is_taken(hasty: Any):
    data = picture(200, 200)
    part = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n' + data + b"\r\n--x--\r\n"

    def slowly():
        for start in range(0, len(part), 10_000):
            yield part[start : start + 10_000]
            time.sleep(0.12)

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert hasty.client.post("/v1/restore", content=slowly(), headers=kind).status_code == 200


def test_an_upload_that_goes_on_after_its_refusal_is_ended(serving: Any):
    with serving(max_bytes=100_000) as running, socket.create_connection(running.address, 10) as line:
        line.sendall(HEAD + b"Content-Length: 1000000000\r\n\r\n")
        sent = 0
        with pytest.raises(ConnectionError):
            while sent < 1_000_000_000:
                line.sendall(bytes(100_000))
                sent += 100_000
        assert sent < 20_000_000  # the system's buffers, and a megabyte of ours
