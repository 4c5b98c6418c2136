"""The wheel in an environment of its own, without the source tree and without a network: does it restore a picture?"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

# Raised below every library of Python, so that none can look past it; libraries in C are what `unshare -n` is for.
BLOCKED = """
import sys

def _refuse(event, arguments):
    if event in ("socket.__new__", "socket.connect", "socket.getaddrinfo", "socket.bind"):
        raise RuntimeError(f"the network is blocked in this trial: {event} {arguments}")

sys.addaudithook(_refuse)
"""
FIRST_PICTURE = 60  # seconds until a new user sees one
GAIN = """
import sys
import numpy as np
from PIL import Image
clean, before, after = (np.asarray(Image.open(path).convert("RGB"), float) for path in sys.argv[1:])
psnr = lambda picture: 10 * np.log10(255**2 / np.mean((picture - clean) ** 2))
print(f"PSNR {psnr(before):.2f} -> {psnr(after):.2f} dB")
if psnr(after) < psnr(before) + 5:
    sys.exit("5 dB at least are expected")
"""


def trial(wheel: Path, root: Path, borrowed: Path | None, torch_index: str) -> None:
    """Install and use the wheel; SystemExit when something fails.

    borrowed: a site-packages folder whose packages stand in for installing the dependencies; None = install them, at
    the versions of the lock.
    """
    photos = root / "examples" / "photos"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        python = _environment(home / "venv", wheel, root, borrowed, torch_index)
        result = home / "restored.png"
        harmonic = [python, "-I", "-m", "harmonic"]
        _must_fail("the block holds", [python, "-c", "import socket; socket.socket()"], home)
        _run("models", [*harmonic, "models", "verify"], home)
        start = time.perf_counter()
        _run("restore", [*harmonic, "restore", photos / "astronaut.noise25.png", "-o", result], home)
        seconds = time.perf_counter() - start
        print(f"first picture after {seconds:.1f} s")
        if seconds > FIRST_PICTURE:
            sys.exit(f"error: restore: the first picture may take {FIRST_PICTURE} s")
        files = [photos / "astronaut.clean.webp", photos / "astronaut.noise25.png", result]
        _run("gain", [python, "-I", "-c", GAIN, *files], home)


def _environment(folder: Path, wheel: Path, root: Path, borrowed: Path | None, torch_index: str) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    site = Path(_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip())
    if borrowed:
        (site / "borrowed.pth").write_text(f"{borrowed.resolve()}\n")
        _run("install", [*install, "--no-deps", wheel.resolve()], folder)
    else:
        if torch_index:
            torch = next(line for line in (root / "requirements.lock").read_text().splitlines() if line[:5] == "torch")
            _run("torch", [*install, "--no-deps", "--index-url", torch_index, torch], folder)
        _run("install", [*install, "--constraint", root / "requirements.lock", wheel.resolve()], folder)
    (site / "sitecustomize.py").write_text(BLOCKED)
    return python


def _isolated() -> list[str]:
    """A network without any interface but the loop, where the system lets us have one."""
    command = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], capture_output=True).returncode:
        print("no network namespace here: sockets are blocked in Python only")
        return []
    return command


def _run(what: str, command: list[object], home: Path) -> None:
    isolated = _isolated() if what in ("models", "restore") else []
    environment = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run([*isolated, *map(str, command)], cwd=home, env=environment, capture_output=True, text=True)
    print(f"{what}: {'ok' if done.returncode == 0 else 'failed'}  {done.stdout.strip()}")
    if done.returncode:
        sys.exit(f"error: {what}: {done.stderr.strip()}")


def _must_fail(what: str, command: list[object], home: Path) -> None:
    done = subprocess.run([str(part) for part in command], cwd=home, capture_output=True, text=True)
    if "network is blocked" not in done.stderr:
        sys.exit(f"error: {what}: it does not; {done.stderr.strip() or 'a socket was opened'}")
    print(f"{what}: ok")


def _output(command: list[object]) -> str:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout
