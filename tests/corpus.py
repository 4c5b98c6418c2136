"""The fidelity corpus: small picture files of every kind, generated, each with the outcome that is right for it.

C1 to C35 count the kinds: depth, mode, transparency, profile, orientation, metadata, size, damage, foreign formats.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from picture_files import (
    GREY,
    GREY8,
    GREY16,
    IPTC,
    LA,
    LA16,
    REAL,
    RGB,
    RGB16,
    RGBA,
    RGBA16,
    SRGB,
    XMP,
    chunk,
    exif,
    itxt,
    pillow,
    png,
    samples,
    tiff,
    turned,
    vips,
)

LOSSY = 14  # of 255: what JPEG and AVIF of best quality may be off


@dataclass(frozen=True, eq=False)
class Case:
    """pixels: the samples (H, W, C with alpha) that must be read, None = refused. said: a part of the refusal, or of a
    note; "" = nothing may be said. worst: largest error, for formats with loss. metadata: fields of `Metadata`."""

    kind: str
    name: str
    data: bytes
    pixels: np.ndarray | None = None
    alpha: bool = False
    said: str = ""
    worst: float = 0
    metadata: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}"


def kept() -> Iterator[Case]:
    """C1 to C6, C15 to C18, C21, C29, C30: depth, mode, transparency and size."""
    yield Case("C1", "a.png", pillow("PNG", RGB), RGB)
    yield Case("C1", "a.tif", pillow("TIFF", RGB), RGB)
    yield Case("C1", "a.bmp", pillow("BMP", RGB, dpi=(300, 300)), RGB, metadata={"dpi": (300, 300)})
    yield Case("C1", "a.ppm", pillow("PPM", RGB), RGB, said="PNG is used")
    yield Case("C1", "a.webp", pillow("WEBP", RGB, lossless=True), RGB)
    yield Case("C1", "a.jpg", pillow("JPEG", RGB, quality=98, subsampling=0), RGB, worst=LOSSY)
    yield Case("C1", "a.avif", pillow("AVIF", RGB, quality=98, subsampling="4:4:4"), RGB, worst=LOSSY)
    yield Case("C2", "a.png", png(RGB16), RGB16)
    for compression in ("none", "lzw", "deflate"):
        data = vips(RGB16, ".tif", compression=compression, predictor="horizontal")
        yield Case("C2", f"{compression}.tif", data, RGB16, metadata={"dpi": (25.4, 25.4)})  # libvips' own
    yield Case("C2", "big-endian.tif", tiff(RGB16, byteorder=">"), RGB16)
    yield Case("C2", "planes.tif", tiff(RGB16, planarconfig="separate"), RGB16)
    yield Case("C2", "tiles.tif", tiff(RGB16, tile=(16, 16)), RGB16)
    yield Case("C3", "dark.png", png(RGB16 >> 8), RGB16 >> 8)
    yield Case("C3", "dark.tif", tiff(RGB16 >> 8), RGB16 >> 8)
    yield Case("C4", "grey.png", png(GREY8), GREY8)
    yield Case("C4", "grey.tif", tiff(GREY8), GREY8)
    yield Case("C4", "grey.jpg", pillow("JPEG", GREY8, quality=98), GREY8, worst=LOSSY)
    yield Case("C4", "grey16.png", png(GREY16), GREY16)
    yield Case("C4", "grey16.tif", tiff(GREY16), GREY16)
    yield Case("C4", "white-is-0.tif", tiff(GREY16, photometric="miniswhite"), 65535 - GREY16)
    yield Case("C5", "la.png", png(LA), LA, alpha=True)
    yield Case("C5", "la.tif", tiff(LA), LA, alpha=True)
    yield Case("C5", "la16.png", png(LA16), LA16, alpha=True)
    yield Case("C5", "la16.tif", tiff(LA16), LA16, alpha=True)
    yield Case("C6", "rgba.png", png(RGBA), RGBA, alpha=True)
    yield Case("C6", "rgba.webp", pillow("WEBP", RGBA, lossless=True, exact=True), RGBA, alpha=True)
    yield Case("C6", "rgba16.png", png(RGBA16), RGBA16, alpha=True)
    yield Case("C6", "rgba16.tif", tiff(RGBA16), RGBA16, alpha=True)
    yield Case("C6", "rgba-float.tif", tiff(samples(4, np.float32)), samples(4, np.float32), alpha=True)
    opaque = np.dstack([RGB16, np.full((21, 34), 65535, np.uint16)])
    divided = tiff(opaque, extra=["assocalpha"])
    yield Case("C6", "premultiplied.tif", divided, opaque, alpha=True, said="premultiplied transparency")
    for dpi in ((300, 300), (72.009, 150)):
        yield Case("C15", f"{dpi[0]}.png", pillow("PNG", RGB, dpi=dpi), RGB, metadata={"dpi": dpi})
    yield Case(
        "C15",
        "300.jpg",
        pillow("JPEG", RGB, quality=98, subsampling=0, dpi=(300, 300)),
        RGB,
        worst=LOSSY,
        metadata={"dpi": (300, 300)},
    )
    per_cm = tiff(RGB16, resolution=(100, 100), resolutionunit="CENTIMETER")
    yield Case("C15", "per-cm.tif", per_cm, RGB16, metadata={"dpi": (254, 254)})
    for height, width in ((1, 1), (1, 500), (500, 1), (3, 2), (7, 7)):
        pixels = samples(3, np.uint16, height, width)
        yield Case("C16", f"{width}x{height}.png", png(pixels), pixels)
    for height, width in ((1, 65_536), (211, 97)):
        yield Case(
            "C17",
            f"{width}x{height}.png",
            png(samples(1, np.uint8, height, width)),
            samples(1, np.uint8, height, width),
        )
    yield Case("C18", "big.tif", tiff(RGB16, bigtiff=True, tile=(16, 16)), RGB16)
    yield Case("C21", "float.tif", tiff(REAL), REAL)
    yield Case(
        "C21",
        "half.tif",
        tiff(REAL.astype(np.float16)),
        REAL.astype(np.float16).astype(np.float32),
        said="32-bit floats",
    )
    yield Case("C21", "grey-float.tif", tiff(REAL[..., :1]), REAL[..., :1])
    for sub, name in ((0, "444"), (1, "422"), (2, "420"), (4, "411")):
        data = pillow(
            "JPEG", GREY8.repeat(3, 2), quality=98, subsampling=sub if sub != 4 else "4:1:1", progressive=sub == 2
        )
        yield Case("C29", f"{name}.jpg", data, GREY8.repeat(3, 2), worst=LOSSY)
    for bits in (10, 12):
        data = vips(RGBA16, ".avif", compression="av1", bitdepth=bits, lossless=True, keep=0)
        yield Case("C30", f"{bits}-bit.avif", data, RGBA16, alpha=True, worst=65535 / (1 << bits))


def converted() -> Iterator[Case]:
    """C7, C8, C10 to C14, C27, C28, C34: what is expanded, turned, carried, or named oddly."""
    palette = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4) % 3).convert("P")
    palette.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    colours = np.eye(3, dtype=np.uint8)[np.arange(12).reshape(3, 4) % 3] * 255
    for name, transparency, alphas in (
        ("p", None, None),
        ("index", 1, [255, 0, 255]),
        ("list", b"\0\x80\xff", [0, 128, 255]),
    ):
        palette.save(buffer := io.BytesIO(), "PNG", **({} if transparency is None else {"transparency": transparency}))
        clear = None if alphas is None else np.array(alphas, np.uint8)[np.arange(12).reshape(3, 4) % 3]
        pixels = colours if clear is None else np.dstack([colours, clear])
        yield Case("C7", f"{name}.png", buffer.getvalue(), pixels, alpha=clear is not None, said="palette expanded")
    for dtype in (np.uint8, np.uint16):
        pixels = samples(3, dtype)
        key = (b"tRNS", struct.pack(">3H", *pixels[0, 0]))
        clear = np.where((pixels == pixels[0, 0]).all(2), 0, np.iinfo(dtype).max).astype(dtype)
        keyed = Case(
            "C7",
            f"key-{dtype.__name__}.png",
            png(pixels, key),
            np.dstack([pixels, clear]),
            alpha=True,
            said="transparent colour",
        )
        yield keyed
    two = Image.fromarray(GREY8[..., 0]).convert("1")
    for form, name, options in (("PNG", "two.png", {}), ("TIFF", "two.tif", {"compression": "group4"})):
        two.save(buffer := io.BytesIO(), form, **options)
        yield Case("C8", name, buffer.getvalue(), np.asarray(two, np.uint8)[..., None] * 255, said="as grey")
    for orientation in range(2, 9):
        turn = exif(_274=orientation)
        data = png(turned(RGB16, orientation), (b"eXIf", turn[6:]))
        yield Case("C10", f"{orientation}.png", data, RGB16, metadata={"exif": exif(_274=1)})
    for form, name, options in (("TIFF", "8.tif", {}), ("WEBP", "8.webp", {"lossless": True})):
        data = pillow(form, turned(RGB, 8), exif=exif(_274=8), **options)
        yield Case("C10", name, data, RGB, metadata={"exif": exif(_274=1)})
    for form, name in (("JPEG", "6.jpg"), ("AVIF", "6.avif")):
        data = pillow(form, turned(RGB, 6), exif=exif(_274=6), quality=98, subsampling="4:4:4")
        yield Case("C10", name, data, RGB, worst=LOSSY, metadata={"exif": exif(_274=1)})
    deep = tiff(turned(RGB16, 6), extratags=[(274, "H", 1, 6, True), (271, "s", 0, "Maker", True)])
    yield Case("C10", "6-16.tif", deep, RGB16, metadata={"exif": exif(_274=1)})
    xmp = b'<x:xmpmeta tiff:Orientation="6"/>'
    data = pillow("PNG", turned(RGB, 6), pnginfo=itxt(xmp))
    yield Case("C10", "xmp.png", data, RGB, metadata={"xmp": xmp.replace(b"6", b"1")})
    for name, data, pixels, icc in (
        ("srgb.png", pillow("PNG", RGB, icc_profile=SRGB), RGB, SRGB),
        ("srgb16.png", png(RGB16, (b"iCCP", b"x\0\0" + zlib.compress(SRGB))), RGB16, SRGB),
        ("srgb16.tif", tiff(RGB16, iccprofile=SRGB), RGB16, SRGB),
        ("srgb.tif", pillow("TIFF", RGB, icc_profile=SRGB), RGB, SRGB),
        ("srgb.webp", pillow("WEBP", RGB, lossless=True, icc_profile=SRGB), RGB, SRGB),
        ("grey16.tif", tiff(GREY16, iccprofile=GREY), GREY16, GREY),
    ):
        yield Case("C11", name, data, pixels, metadata={"icc": icc})
    yield Case("C12", "garbage.tif", tiff(RGB16, iccprofile=b"garbage" * 9), RGB16, said="damaged ICC")
    yield Case("C12", "grey.png", pillow("PNG", RGB, icc_profile=GREY), RGB, said="it is for GRAY")
    for kind, content in ((b"gAMA", struct.pack(">I", 100_000)), (b"cICP", b"\x09\x10\0\1"), (b"sRGB", b"\0")):
        metadata = {"png_colour": ((kind.decode(), content),)}
        yield Case("C13", f"{kind.decode()}.png", png(RGB16, (kind, content)), RGB16, metadata=metadata)
    block = b"Photoshop 3.0\08BIM\4\4\0\0" + struct.pack(">I", len(IPTC)) + IPTC
    rich = {"exif": exif(), "xmp": XMP, "comment": "Grüße".encode(), "dpi": (300, 300), "icc_profile": SRGB}
    data = pillow(
        "JPEG", RGB, quality=98, subsampling=0, extra=b"\xff\xed" + struct.pack(">H", len(block) + 2) + block, **rich
    )
    stated = {
        "exif": exif(),
        "xmp": XMP,
        "iptc": IPTC,
        "texts": (("Comment", "Grüße"),),
        "icc": SRGB,
        "dpi": (300, 300),
    }
    yield Case("C14", "rich.jpg", data, RGB, worst=LOSSY, metadata=stated)
    tags = [(700, "B", len(XMP), XMP, True), (33723, "B", len(IPTC), IPTC, True), (271, "s", 0, "Maker", True)]
    yield Case(
        "C14", "rich.tif", tiff(RGB16, extratags=tags), RGB16, metadata={"exif": exif(), "xmp": XMP, "iptc": IPTC}
    )
    texts = png(RGB16, (b"tEXt", b"Title\0caf\xe9"), (b"eXIf", exif()[6:]))
    yield Case("C14", "texts.png", texts, RGB16, metadata={"texts": (("Title", "café"),), "exif": exif()})
    yield Case(
        "C27", "jpeg.png", pillow("JPEG", RGB, quality=98, subsampling=0), RGB, said="the content is JPEG", worst=LOSSY
    )
    yield Case("C27", "no-ending", png(RGB16), RGB16, said="the content is PNG")
    yield Case("C28", "more.png", png(RGB16) + b"more", RGB16)
    yield Case("C28", "more.jpg", pillow("JPEG", RGB, quality=98, subsampling=0) + b"more", RGB, worst=LOSSY)
    for name in ("写真 🌄.png", "-o.png", "a\nb.png", "x" * 240 + ".png"):
        yield Case("C34", name, png(RGB16), RGB16)


def refused() -> Iterator[Case]:
    """C9, C19, C20, C22 to C24, C26, C30 to C32: what cannot be restored faithfully, and how it is called."""
    cmyk = Image.fromarray(RGB).convert("CMYK")
    for form, name in (("JPEG", "cmyk.jpg"), ("TIFF", "cmyk.tif")):
        cmyk.save(buffer := io.BytesIO(), form)
        yield Case("C9", name, buffer.getvalue(), said="CMYK")
    yield Case("C9", "cmyk16.tif", tiff(np.dstack([RGB16, GREY16]), photometric="separated", extra=[]), said="CMYK")
    frames = {"save_all": True, "append_images": [Image.fromarray(RGB[::-1])]}
    for form, name in (("GIF", "a.gif"), ("WEBP", "a.webp"), ("PNG", "a.png")):
        yield Case("C19", name, pillow(form, RGB, **frames), said="animated")
    yield Case("C20", "pages.tif", pillow("TIFF", RGB, **frames), said="several pages")
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as pages:
        pages.write(RGB16, photometric="rgb")
        pages.write(RGB16, photometric="rgb")
    yield Case("C20", "pages16.tif", buffer.getvalue(), said="several pages")
    for value in (np.nan, np.inf):
        spoilt = REAL.copy()
        spoilt[5, 5, 1] = value
        yield Case("C22", f"{value}.tif", tiff(spoilt), said="not finite")
    yield Case("C23", "uint32.tif", tiff(GREY16.astype(np.uint32)), said="32-bit integer")
    yield Case("C23", "int16.tif", tiff(GREY16.astype(np.int16)), said="16-bit signed")
    yield Case("C23", "float64.tif", tiff(REAL.astype(np.float64)), said="64-bit float")
    big = samples(3, np.uint8, 90, 120)
    for name, data in (
        ("a.jpg", pillow("JPEG", big)),
        ("progressive.jpg", pillow("JPEG", big, progressive=True)),
        ("a.png", pillow("PNG", big)),
        ("a.webp", pillow("WEBP", big)),
        ("a.avif", pillow("AVIF", big)),
        ("a.tif", pillow("TIFF", big)),
        ("16.png", png(samples(3, np.uint16, 90, 120))),
        ("16.tif", tiff(samples(3, np.uint16, 90, 120))),
        ("float.tif", tiff(samples(3, np.float32, 90, 120))),
    ):
        yield Case("C24", name, data[: len(data) // 2], said="damaged")
    yield Case("C26", "empty.png", b"", said="empty")
    yield Case("C26", "page.png", b"<!DOCTYPE html><html></html>", said="HTML")
    yield Case("C26", "noise.jpg", np.random.default_rng(0).bytes(4000), said="not a picture")
    yield Case("C30", "a.jp2", pillow("JPEG2000", RGB), said="JPEG 2000")
    yield Case("C30", "a.jxl", b"\0\0\0\x0cJXL \r\n\x87\n", said="JPEG XL")
    yield Case("C30", "a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", said="HEIC")
    bomb = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    liar = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bomb) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    yield Case("C31", "bomb.png", liar, said="over the limit")
    chain = b"".join(struct.pack("<HI", 0, 14 + 6 * number) for number in range(10_000))
    yield Case("C31", "chain.tif", b"II*\0\x08\0\0\0" + chain, said="damaged")
    texts = png(RGB, (b"zTXt", b"bomb\0\0" + zlib.compress(bytes(80_000_000), 1)))
    yield Case("C31", "text.png", texts, said="damaged")
    for name, head, said in (
        ("svg", b"<svg/>", "SVG"),
        ("eps", b"%!PS", "EPS"),
        ("pdf", b"%PDF-1.7", "PDF"),
        ("psd", b"8BPS\0\1", "Photoshop"),
    ):
        yield Case("C32", f"a.{name}", head, said=said)
