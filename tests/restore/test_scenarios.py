"""What users would check on one picture: depth and data of a scan, edges of a cut-out, the same result every time."""

import io
import struct
from fractions import Fraction

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image, ImageCms

from harmonic.images.picture import Picture
from harmonic.images.read import read_picture
from harmonic.network.harmonic import Harmonic
from harmonic.network.presets import tiny
from harmonic.ops.colour_difference import delta_e_2000, lab
from harmonic.ops.resize import imresize
from harmonic.restore.batch import Done, restore_files
from harmonic.restore.file import Settings
from harmonic.restore.restorer import Restorer
from picture_files import XMP


@pytest.fixture(scope="module")
def enlarging():
    """By 2, with a base that is bicubic, and parts that say nothing yet."""
    return Restorer(Harmonic(tiny(2)), device="cpu", precision="fp32")


def scene(height: int, width: int, seed: int = 0) -> np.ndarray:
    """(H, W, 3) float64 in [0, 1]: coloured slopes, a texture, and an edge."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    slopes = np.stack([x, y, 1 - x * y], -1)
    texture = 0.02 * np.random.default_rng(seed).standard_normal((height, width, 1))
    return np.clip(0.15 + 0.6 * slopes + texture + 0.15 * (x + y > 0.8)[..., None], 0, 1)


def adobe_rgb() -> bytes:
    """A profile with Adobe RGB's primaries (D50) and its gamma of 563/256, ICC.1:2001."""

    def numbers(kind: bytes, *values: float) -> bytes:
        return kind + bytes(4) + struct.pack(f">{len(values)}i", *(round(65536 * value) for value in values))

    gamma = b"curv" + bytes(4) + struct.pack(">IHxx", 1, 563)
    text = b"desc" + bytes(4) + struct.pack(">I", 16) + b"Adobe RGB (1998)"[:15] + b"\0" + bytes(79)
    tags = {
        b"desc": text,
        b"cprt": b"text" + bytes(4) + b"none\0\0\0\0",
        b"wtpt": numbers(b"XYZ ", 0.9642, 1.0, 0.8249),
        b"rXYZ": numbers(b"XYZ ", 0.6097, 0.3111, 0.0195),
        b"gXYZ": numbers(b"XYZ ", 0.2053, 0.6257, 0.0609),
        b"bXYZ": numbers(b"XYZ ", 0.1492, 0.0632, 0.7446),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma),
    }
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += struct.pack(">4sII", name, 128 + 4 + 12 * len(tags) + len(body), len(data))
        body += data
    head = struct.pack(">I4s4s4s4s4s12s4s4s4s", 128 + len(table) + len(body), b"none", b"\2\x20\0\0", b"mntr", b"RGB ",
                       b"XYZ ", bytes(12), b"acsp", b"none", bytes(4))  # fmt: skip
    head += bytes(20) + struct.pack(">3i", *(round(65536 * value) for value in (0.9642, 1.0, 0.8249)))
    return head + bytes(128 - len(head)) + table + body


def test_s3_a_scan_of_16_bit_with_profile_xmp_and_dpi_is_enlarged_with_all_of_them(enlarging, tmp_path):
    profile = adobe_rgb()
    ImageCms.ImageCmsProfile(io.BytesIO(profile))  # it is one
    pixels = np.rint(65535 * scene(120, 160)).astype(np.uint16)
    extra = [(700, 1, len(XMP), XMP, True)]
    tifffile.imwrite(tmp_path / "scan.tif", pixels, photometric="rgb", iccprofile=profile, resolution=(300, 300),
                     resolutionunit="INCH", extratags=extra)  # fmt: skip
    enlarging.restore_file(tmp_path / "scan.tif", tmp_path / "out.tif")
    with tifffile.TiffFile(tmp_path / "out.tif") as file:  # read by others than us
        page = file.pages[0]
        result = page.asarray()
        assert (result.shape, result.dtype) == ((240, 320, 3), np.uint16)
        assert page.tags[34675].value == profile
        assert page.tags[282].value == page.tags[283].value == (300, 1) and page.tags[296].value == 2
        assert b"<x:xmpmeta" in bytes(page.tags[700].value)
    assert read_picture(tmp_path / "out.tif").metadata.xmp == read_picture(tmp_path / "scan.tif").metadata.xmp
    low = [imresize(samples / 257.0, Fraction(1, shrink)) for samples, shrink in ((pixels, 4), (result, 8))]
    difference = delta_e_2000(lab(low[0]), lab(low[1]))
    assert difference.mean() <= 0.5 and difference[2:-2, 2:-2].max() <= 0.5
    assert len(np.unique(result % 257)) == 257  # no 8-bit stage on the way


@pytest.mark.parametrize("hidden", [(0, 0, 0), (255, 255, 255), (255, 0, 255)], ids=str)
def test_s4_a_cut_out_has_no_fringe_whatever_colour_is_hidden_around_it(enlarging, hidden):
    """Against the whole picture, enlarged and then cut."""
    for strength in (0, 1):
        assert fringe(enlarging, hidden, strength).max() <= 3


not_yet = pytest.mark.xfail(strict=True, reason="the weights of 2026-11-27 reach 3.95, and 3.57 for 99 % (docs/log.md)")


@pytest.mark.parametrize(
    "model, strength, most",
    [pytest.param("restore-fast", 1, 3, marks=not_yet), ("sr2-fast", 0, 3), ("sr2-fast", 1, 6)],
)
def test_s4_with_trained_weights(model, strength, most):
    """What lay beyond the cut is not known, and a trained network looks there: single pixels of x2 differ by more."""
    found = fringe(Restorer(model, device="cpu", precision="fp32"), (0, 0, 0), strength)
    assert np.percentile(found, 99) <= 3 and found.max() <= most


def fringe(restorer: Restorer, hidden: tuple[int, int, int], strength: float) -> np.ndarray:
    """ΔE00 along the edge of a cut-out over four backgrounds, to the whole picture restored and then cut."""
    whole = np.rint(255 * scene(96, 128)).astype(np.uint8)
    y, x = np.mgrid[:96, :128]
    alpha = np.rint(255 * np.clip(36 - np.hypot(y - 48, x - 64), 0, 1)).astype(np.uint8)
    cut = restorer.restore_picture(
        Picture(np.where(alpha[..., None] > 0, whole, np.uint8(hidden)), alpha), strength=strength
    )
    expected = restorer.restore(whole, strength=strength)
    share = cut.alpha[..., None] / 255
    edge = (cut.alpha > 0) & (cut.alpha < 255)
    assert edge.sum() > 100
    found = []
    for background in ((0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 128, 0)):
        seen, wanted = (share * c + (1 - share) * np.float64(background) for c in (cut.colour, expected))
        found.append(delta_e_2000(lab(seen), lab(wanted))[edge])
    return np.concatenate(found)


def differences(result: np.ndarray, other: np.ndarray) -> tuple[int, float]:
    """Largest one in levels, and the share of samples that differ."""
    off = np.abs(result.astype(int) - other)
    return int(off.max()), float((off > 0).mean())


@pytest.mark.long
@pytest.mark.parametrize("precision", ["fp32", "auto"])
def test_s6_a_picture_is_restored_alike_alone_in_a_folder_in_tiles_and_with_any_threads(tmp_path, precision):
    """At most one level on at most one sample of 10,000."""
    for index in range(8):
        pixels = scene(560, 540, index) if index == 5 else scene(64, 96, index)
        Image.fromarray(np.rint(255 * pixels).astype(np.uint8)).save(tmp_path / f"{index}.png")

    def restored(tile="off"):
        return np.asarray(Restorer(device="cpu", precision=precision, tile=tile).restore(tmp_path / "5.png"))

    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone, ways = restored(), {tile: restored(tile) for tile in (128, 256, 512)}
        pairs = [(tmp_path / f"{index}.png", tmp_path / "out" / f"{index}.png") for index in range(8)]
        outcomes = list(restore_files(Restorer(device="cpu", precision=precision), pairs, Settings()))
        assert all(isinstance(outcome, Done) for outcome in outcomes)
        ways["folder"] = np.asarray(Image.open(tmp_path / "out" / "5.png"))
        torch.set_num_threads(2)
        ways["threads"] = restored()
    finally:
        torch.set_num_threads(threads)
    off = {way: differences(result, alone) for way, result in ways.items()}
    assert all(most <= 1 and share <= 1e-4 for most, share in off.values()), off
