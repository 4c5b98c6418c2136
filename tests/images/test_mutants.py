"""Damaged files: whatever is done to a file, a picture comes out or one line of ours that names it, and soon."""

import multiprocessing
import os
import struct
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from corpus import Case, converted, kept
from harmonic.errors import PictureError
from harmonic.images.read import read_picture
from harmonic.images.strips import open_strips
from picture_files import RGB, RGBA, RGBA16, SRGB, exif, pillow, png, samples, tiff, vips

_SLOW = 2.0  # seconds
SEEDS: dict[str, bytes] = {
    "rgb.png": pillow("PNG", RGB, exif=exif(), icc_profile=SRGB),
    "rgba16.png": png(RGBA16),
    "plain.jpg": pillow("JPEG", RGB, exif=exif(), icc_profile=SRGB, xmp=b"<x/>", comment=b"hm"),
    "progressive.jpg": pillow("JPEG", RGB, progressive=True),
    "lossy.webp": pillow("WEBP", RGB, exif=exif()),
    "lossless.webp": pillow("WEBP", RGBA, lossless=True),
    "deflate.tif": pillow("TIFF", RGB, compression="tiff_adobe_deflate", exif=exif()),
    "16.tif": tiff(RGBA16, iccprofile=SRGB, resolution=(300, 300)),
    "lzw16.tif": vips(samples(3, np.uint16), ".tif", compression="lzw"),
    "float.tif": tiff(samples(3, np.float32), tile=(16, 16)),
    "big.tif": tiff(samples(1, np.uint16), bigtiff=True),
    "8.avif": pillow("AVIF", RGB, speed=10),
    "12.avif": vips(RGBA16, ".avif", compression="av1", bitdepth=12, effort=0),
    "a.bmp": pillow("BMP", RGB),
    "a.gif": pillow("GIF", RGB),
    "a.ppm": pillow("PPM", RGB),
    **{f"{case.kind}-{case.name}": case.data for case in converted() if case.kind in ("C7", "C8")},
}


def mutants(name: str, count: int, seed: int) -> Iterator[bytes]:
    """Flipped bits, cuts, noise in the header, lengths that lie, parts that are swapped, doubled or left out."""
    whole = SEEDS[name]
    rng = np.random.default_rng([seed, crc32(name.encode())])
    for kind in rng.integers(0, 6, count):
        data = bytearray(whole)
        size = len(data)
        match kind:
            case 0:
                for place in rng.integers(0, size, rng.integers(1, 5)):
                    data[place] ^= 1 << int(rng.integers(0, 8))
            case 1:
                del data[int(rng.integers(1, size)) :]
            case 2:
                for place in rng.integers(0, min(size, 200), 6):
                    data[place] = int(rng.integers(0, 256))
            case 3:  # a number of 16 or 32 bits, as lengths, counts and offsets are
                place, code = int(rng.integers(0, min(size, 600) - 4)), str(rng.choice(["<I", ">I", "<H", ">H"]))
                edges = [0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, size, 60_000]
                most = 0xFFFF if code.endswith("H") else 0xFFFFFFFF
                struct.pack_into(code, data, place, min(int(rng.choice(edges)), most))
            case 4:
                a, b, length = (int(v) for v in rng.integers(0, max(size // 2, 1), 3))
                data[a : a + length], data[b : b + length] = data[b : b + length], data[a : a + length]
            case 5:
                start, length = int(rng.integers(0, size)), int(rng.integers(1, 64))
                data[start : start + length] = b"" if rng.integers(0, 2) else data[start : start + length] * 2
        if name.endswith(".png") and rng.integers(0, 2):
            data = _mended(data)
        yield bytes(data)


def _mended(data: bytearray) -> bytearray:
    """The checksums of a PNG made right again, so that the damage gets past them."""
    place = 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        end = place + 8 + length
        if end + 4 > len(data):
            break
        struct.pack_into(">I", data, end, crc32(data[place + 4 : end]))
        place = end + 4
    return data


def outcome(path: Path) -> str:
    """'picture' or 'refused', of both readers; anything else is a fault in words."""
    started = time.monotonic()
    try:
        picture = read_picture(path, max_pixels=4_000_000)
        ending = "picture" if picture.colour.size else "an empty picture"
    except PictureError as error:
        ending = "refused" if str(error).isprintable() and path.name in str(error) and ";" in str(error) else str(error)
    except BaseException as error:
        ending = f"{type(error).__name__}: {error}"
    seconds = time.monotonic() - started
    try:
        with open_strips(path, max_pixels=4_000_000) as strips:
            for _ in strips.read(rows=7):
                pass
    except PictureError:
        pass
    except BaseException as error:
        ending = f"in strips {type(error).__name__}: {error}"
    return ending if seconds < _SLOW else f"{seconds:.1f} seconds"


def attempt(task: tuple[str, int, int, str]) -> tuple[Counter[str], list[str]]:
    """Read `count` mutants of one file -> how many ended how, and the faults."""
    name, count, seed, folder = task
    path = Path(folder, f"{os.getpid()}-{name}")
    endings, faults = Counter[str](), []
    for number, data in enumerate(mutants(name, count, seed)):
        path.write_bytes(data)
        ending = outcome(path)
        endings[ending if ending in ("picture", "refused") else "fault"] += 1
        if ending not in ("picture", "refused"):
            faults.append(f"{name} {seed}/{number}: {ending}")
    return endings, faults


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SEEDS)
def test_a_mutant_is_a_picture_or_a_line_of_ours(tmp_path, name, capfd):
    endings, faults = attempt((name, 25, 7, str(tmp_path)))
    assert not faults and endings["refused"] > 0
    if name not in ("deflate.tif", "C8-two.tif"):  # Pillow's libtiff prints its complaints to stderr, from C
        assert capfd.readouterr() == ("", ""), "decoders must not talk to the user behind our back"


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(5))
def test_13_500_mutants_in_processes_of_their_own(tmp_path, seed, record_property):
    """2,700 a seed. A reader that crashed would break the pool, one that hung would be seen by its seconds."""
    names = list(SEEDS)
    counts = [2_700 // len(names) + (i < 2_700 % len(names)) for i in range(len(names))]
    tasks = [(name, count, 100 + seed, str(tmp_path)) for name, count in zip(names, counts, strict=True)]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(attempt, tasks, timeout=170))
    endings = sum((ended for ended, _ in results), Counter[str]())
    record_property("endings", dict(endings))
    assert endings.total() == 2_700
    assert not [fault for _, faults in results for fault in faults]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", [case for case in kept() if case.name.endswith(".png")], ids=str)
def test_no_damage_of_a_png_goes_unseen(tmp_path, case: Case):
    rng = np.random.default_rng(3)
    path = tmp_path / "a.png"
    for place in rng.integers(0, len(case.data), 6):
        data = bytearray(case.data)
        data[place] ^= 1 << int(rng.integers(0, 8))
        path.write_bytes(data)
        with pytest.raises(PictureError):
            read_picture(path)
