"""A name stands for a complete file or nothing, with the mode of a plain write and no litter."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harmonic.errors import PictureError, ResourceError
from harmonic.images import atomic
from harmonic.images.atomic import atomic_write, remove_orphans


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may write everywhere: be nobody for a moment, where the tests run as root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user reaches (pytest's own are private)."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_writes_and_replaces(tmp_path):
    target = tmp_path / "new" / "folders" / "a.bin"
    atomic_write(target, b"one")
    atomic_write(target, b"")
    atomic_write(target, b"x" * 3_000_000)
    assert target.read_bytes() == b"x" * 3_000_000
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_of_a_plain_write(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        atomic_write(tmp_path / "a", b"data")
        atomic_write(tmp_path / "b", b"data", overwrite=False)
    finally:
        os.umask(before)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in "ab"] == [mode, mode]


def test_an_existing_file_keeps_its_mode(tmp_path):
    (target := tmp_path / "a").write_bytes(b"old")
    target.chmod(0o640)
    atomic_write(target, b"new")
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_symbolic_link_is_followed(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (link := tmp_path / "link").symlink_to("real")
    atomic_write(link, b"new")
    assert link.is_symlink() and (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize("name", ["with space", "line\nbreak", "写真.png", "-dash", "x" * 255, "é" * 127, b"\xff\xfe"])
def test_every_legal_name_works(tmp_path, name):
    target = tmp_path / (os.fsdecode(name) if isinstance(name, bytes) else name)
    atomic_write(target, b"data")
    assert target.read_bytes() == b"data" and list(tmp_path.iterdir()) == [target]


def test_without_overwrite_an_existing_file_is_kept(tmp_path):
    (target := tmp_path / "a").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        atomic_write(target, b"new", overwrite=False)
    assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("hard_links", [True, False])
def test_of_many_writers_without_overwrite_one_wins(tmp_path, monkeypatch, hard_links):
    if not hard_links:

        def link(*_):
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr(Path, "exists", lambda _: False)  # everybody believes to be the first
    won, lost, barrier = [], [], threading.Barrier(8)

    def write(number: int) -> None:
        barrier.wait()
        try:
            atomic._publish(temporaries[number], tmp_path / "a")
            won.append(number)
        except FileExistsError:
            lost.append(number)

    temporaries = [tmp_path / f"t{number}" for number in range(8)]
    for number, temporary in enumerate(temporaries):
        temporary.write_bytes(bytes([number]))
    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and len(lost) == 7
    assert (tmp_path / "a").read_bytes() == bytes(won)


_ENDLESS = """
import sys
from pathlib import Path
from harmonic.images.atomic import atomic_write
print("ready", flush=True)
for number in range(10**9):
    atomic_write(Path(sys.argv[1]), bytes([number % 251]) * 4_000_000)
"""


def test_kill_leaves_a_complete_file_and_the_next_write_cleans_up(tmp_path):
    target, kills = tmp_path / "a.bin", 12
    atomic_write(target, b"\0" * 4_000_000)
    for kill in range(kills):
        process = subprocess.Popen([sys.executable, "-c", _ENDLESS, target], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(0.01 + 0.007 * kill)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        data = target.read_bytes()
        assert data == data[:1] * 4_000_000
    write = "import sys, pathlib, harmonic.images.atomic as a; a.atomic_write(pathlib.Path(sys.argv[1]), b'last')"
    subprocess.run([sys.executable, "-c", write, target], check=True)  # a process sweeps a folder at its first write
    assert list(tmp_path.iterdir()) == [target]


def test_only_temporaries_of_dead_processes_of_this_machine_are_removed(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    here, there = atomic._machine(), f"{int(atomic._machine(), 16) ^ 1:04x}"
    kept = {
        f".a.harmonic-{os.getpid()}-{here}00000000.tmp",
        f".a.harmonic-1-{here}00000000.tmp",
        f".a.harmonic-{dead.pid}-{there}00000000.tmp",
        f"a.harmonic-{dead.pid}-{here}00000000.tmp",
        f".a.harmonic-{dead.pid}-{here}00000000.tmp.png",
        ".a.tmp",
    }
    for name in [
        *kept,
        f".a\nb.png.harmonic-{dead.pid}-{here}01234567.tmp",
        f".b.harmonic-{10**30}-{here}01234567.tmp",
    ]:
        (tmp_path / name).touch()
    remove_orphans(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_our_temporaries_match_the_pattern_and_fit():
    for name in ("photo.jpg", "x" * 255, "é" * 127, "\udcff"):
        temporary = atomic._temporary_name(name)
        assert atomic._TEMPORARY.fullmatch(temporary) and len(os.fsencode(temporary)) <= 255


def test_a_read_only_folder_is_one_line(open_folder):
    (open_folder / "photo.png").write_bytes(b"old")
    open_folder.chmod(0o555)
    with ordinary_user():
        for overwrite in (True, False):
            with pytest.raises(PictureError, match=r"new\.png: cannot be written \(Permission denied\); choose"):
                atomic_write(open_folder / "new.png", b"data", overwrite)
        with pytest.raises(PictureError, match="Permission denied"):
            atomic_write(open_folder / "sub" / "new.png", b"data")
    assert [path.name for path in open_folder.iterdir()] == ["photo.png"]


def test_a_write_that_breaks_off_leaves_the_old_file_and_no_litter(tmp_path):
    (target := tmp_path / "a").write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(PictureError, match="File too large"):
            atomic_write(target, bytes(1_000_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]


def test_a_disk_that_returns_other_bytes_is_noticed(tmp_path, monkeypatch):
    (target := tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", lambda descriptor: os.pwrite(descriptor, b"?", 3))
    with pytest.raises(ResourceError, match="reads back different"):
        atomic_write(target, b"new data")
    assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]


def test_folders_and_devices_are_never_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(PictureError, match="not a regular file"):
            atomic_write(tmp_path / name, b"data")
    (tmp_path / "file").touch()
    for overwrite in (True, False):
        with pytest.raises(PictureError, match="folder"):
            atomic_write(tmp_path / "file" / "a", b"data", overwrite)
    with pytest.raises(PictureError, match="too long"):
        atomic_write(tmp_path / ("x" * 256), b"data")
