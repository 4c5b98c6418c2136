"""Pictures larger than memory, with a network that returns its input: what comes out is what went in, and how much was
held is counted by the system. The cap is 1.5 GiB, torch and its libraries included.
"""

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import pyvips

from harmonic.errors import PictureError
from harmonic.restore.restorer import Restorer
from harmonic.restore.stream import MOST_HELD
from picture_files import chunk

CAP = 3 << 29

needs_wait4 = pytest.mark.skipif(not hasattr(os, "wait4"), reason="the system must tell the peak of a process")


def write_large(path: Path, width: int, height: int) -> None:
    """Colours that differ everywhere, by rows."""
    place = pyvips.Image.xyz(width, height)
    bands = [place[0] * 7 + place[1] * 3, place[0] + place[1] * 5, place[0] // 64 + place[1] // 32]
    picture = bands[0].bandjoin(bands[1:]).remainder(256).cast("uchar")
    options = {"compression": 1, "filter": 0x08} if path.suffix == ".png" else {"bigtiff": True}
    picture.write_to_file(str(path), **options)


def same(a: Path, b: Path) -> bool:
    first, second = (pyvips.Image.new_from_file(str(path), access="sequential") for path in (a, b))
    return (first - second).abs().max() == 0


def peak_of(source: Path, target: Path, weights: Path, *options: str, held: int = MOST_HELD) -> int:
    """Bytes that `harmonic restore` held at most, from the system's account of that process.

    held: bytes of input and result above which a picture is streamed.
    """
    code = f"from harmonic.restore import file; file.MOST_HELD = {held}; from harmonic.cli import main; main()"
    command = [sys.executable, "-c", code, "restore", source, "-o", target, "--model", weights, "-q", *options]
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def peak_of_identity(
    source: Path, identity: Path, width: int, height: int, tile: str = "512", held: int = MOST_HELD
) -> int:
    """As `peak_of`; what comes out is what went in."""
    target = source.with_name(f"out-{source.name}")
    write_large(source, width, height)
    peak = peak_of(source, target, identity, "--max-pixels", "1000", "--tile", tile, held=held)
    assert same(source, target)
    return peak


@pytest.mark.long
@needs_wait4
def test_s5_a_tiff_of_400_megapixels_stays_under_the_cap(identity, tmp_path):
    assert peak_of_identity(tmp_path / "a.tif", identity, 20_000, 20_000) <= CAP


@pytest.mark.long
@needs_wait4
def test_a_png_of_900_megapixels_stays_under_the_cap(identity, tmp_path):
    assert peak_of_identity(tmp_path / "a.png", identity, 30_000, 30_000) <= CAP


@pytest.mark.long
@needs_wait4
def test_memory_does_not_grow_with_the_picture(identity, tmp_path):
    """1 and 32 megapixels, input and result 6 and 201 MB, streamed in equal tiles. Runs of one picture differ by up to
    40 MB, and longer rows take some; a third of what the larger picture would take is left to both."""
    sizes = ((1024, 1024), (4096, 8192))
    few, many = (peak_of_identity(tmp_path / f"{h}.png", identity, w, h, "256", held=0) for w, h in sizes)
    assert many - few <= 67_000_000, (few, many)


def test_900_megapixels_are_refused_from_the_header_unless_they_are_allowed(stand_in, tmp_path):
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(content)
    restorer = Restorer(stand_in(), device="cpu", precision="fp32")
    with pytest.raises(PictureError, match=r"a\.png: 30000x30000 = 900\.0 megapixels, over the limit of 512\.0"):
        restorer.restore_file(tmp_path / "a.png", tmp_path / "b.png")
    with pytest.raises(PictureError, match=r"a\.png: .*(end|cut|damaged|IDAT|read)"):
        restorer.restore_file(tmp_path / "a.png", tmp_path / "b.png", max_pixels=1_000_000_000)
