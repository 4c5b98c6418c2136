"""Wheel and sdist of a commit, the same bytes whoever builds them: of the files that git knows, at its time."""

import gzip
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_HOOK = "import sys; from setuptools import build_meta; print(build_meta.{hook}(sys.argv[1]))"


class Release(NamedTuple):
    wheel: Path
    sdist: Path


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def commit_time(root: Path) -> int:
    """Seconds since 1970 of the newest commit: the time that every file of the release bears."""
    return int(git(root, "log", "-1", "--format=%ct"))


def build(root: Path, target: Path) -> Release:
    """Build the newest commit into `target`: the sdist, and the wheel from what the sdist holds."""
    target.mkdir(parents=True, exist_ok=True)
    os.umask(0o022)  # modes of files are bytes of the wheel
    time = commit_time(root)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=root, check=True, capture_output=True).stdout
        _unpack(archive, tree)
        sdist = _call("build_sdist", tree, target, time)
        sdist.write_bytes(settled(sdist.read_bytes(), time))
        unpacked = Path(folder) / "sdist"
        _unpack(gzip.decompress(sdist.read_bytes()), unpacked)
        (source,) = unpacked.iterdir()
        return Release(_call("build_wheel", source, target, time), sdist)


def settled(sdist: bytes, time: int) -> bytes:
    """A .tar.gz whose bytes depend on names and contents alone: sorted, one time, nobody's files."""
    packed, data = io.BytesIO(), io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(sdist)) as old,
        tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            plain = tarfile.TarInfo(member.name)
            plain.type, plain.size, plain.mtime = member.type, member.size, time
            plain.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            new.addfile(plain, old.extractfile(member) if member.isfile() else None)
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=time) as file:
        file.write(data.getvalue())
    return packed.getvalue()


def _unpack(archive: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        file.extractall(folder, filter="data")


def _call(hook: str, tree: Path, target: Path, time: int) -> Path:
    """A hook of PEP 517, in a process of its own -> the file that it made. setuptools is that of the lock."""
    environment: Mapping[str, str] = {**os.environ, "SOURCE_DATE_EPOCH": str(time)}
    done = subprocess.run([sys.executable, "-c", _HOOK.format(hook=hook), target.resolve()], cwd=tree, env=environment,
                          capture_output=True, text=True)  # fmt: skip
    if done.returncode:
        raise SystemExit(f"error: {hook}: {done.stderr.strip()}")
    return target / done.stdout.splitlines()[-1]
