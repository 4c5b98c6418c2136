"""The picture formats of this package: names, endings, first bytes, limits, and what each can hold. No Pillow here."""

import re
from dataclasses import dataclass
from pathlib import Path

from harmonic.errors import UsageError


@dataclass(frozen=True)
class Format:
    """name: Pillow's name. option: its name after --format, None when it is only read.
    suffixes: endings, the usual one first. holds: what a file of it keeps beside grey or RGB pixels of 8 bit, fields
    of `Metadata` among it; `uint16`, `float32`: samples of that type. longest: pixels a side that its encoder accepts.
    """

    name: str
    option: str | None
    suffixes: tuple[str, ...]
    holds: frozenset[str]
    longest: int


_ALL = frozenset({"alpha", "icc", "exif", "xmp"})

FORMATS = (
    Format("PNG", "png", (".png",), _ALL | {"dpi", "texts", "png_colour", "uint16"}, 2**31 - 1),
    Format("JPEG", "jpg", (".jpg", ".jpeg", ".jpe", ".jfif"), _ALL - {"alpha"} | {"dpi", "iptc", "texts"}, 65_500),
    Format("WEBP", "webp", (".webp",), _ALL, 16_383),
    Format("TIFF", "tiff", (".tif", ".tiff"), _ALL | {"dpi", "iptc", "uint16", "float32"}, 2**31 - 1),
    Format("AVIF", "avif", (".avif",), _ALL | {"uint16"}, 65_535),
    Format("BMP", "bmp", (".bmp", ".dib"), frozenset({"dpi"}), 2**31 - 1),
    Format("GIF", None, (".gif",), frozenset(), 65_535),
    Format("PPM", None, (".ppm", ".pgm", ".pbm", ".pnm"), frozenset(), 2**31 - 1),
)
PNG = FORMATS[0]
READABLE = "PNG, JPEG, WebP, TIFF, AVIF, BMP, GIF or PPM"
WRITABLE = ", ".join(form.option for form in FORMATS if form.option)

_SIGNATURES = {
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "WEBP": rb"RIFF....WEBP",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "AVIF": rb"....ftyp(avif|avis|(mif1|msf1).{4,48}?avif)",
    "BMP": rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0",  # "BM" alone also begins many a text
    "GIF": rb"GIF8[79]a",
    "PPM": rb"P[1-6][\s#]",
}
# Not read, but known by name: the message can then say more than "not a picture".
_FOREIGN = {
    "a float PFM picture": rb"P[fF]\s",
    "a HEIC picture": rb"....ftyp(hei|hev|mif1|msf1)",
    "a JPEG 2000 picture": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "a JPEG XL picture": rb"\0\0\0\x0cJXL |\xff\x0a",
    "a Photoshop document": rb"8BPS",
    "a PDF document": rb"%PDF",
    "an EPS drawing": rb"%!PS|\xc5\xd0\xd3\xc6",
    "an icon": rb"\0\0\x01\0",
    "an SVG or XML text": rb"\s*<(\?xml|svg|!--)",
    "an HTML text": rb"(?i)\s*<(!doctype )?html",
}
SNIFFED_BYTES = 64


def sniff(head: bytes) -> Format | None:
    """The format that the first SNIFFED_BYTES bytes of a file announce; None when it is none of ours."""
    for form in FORMATS:
        if re.match(_SIGNATURES[form.name], head, re.DOTALL):
            return form
    return None


def foreign_kind(head: bytes) -> str | None:
    """What a file that is none of our formats seems to be: 'a PDF document', 'a text', ...; None when unknown."""
    for kind, signature in _FOREIGN.items():
        if re.match(signature, head, re.DOTALL):
            return kind
    return "a text" if head and all(byte in b"\t\n\r\f" or 32 <= byte < 127 for byte in head) else None


def by_suffix(path: Path) -> Format | None:
    """The format that a file name claims by its ending, in any case."""
    suffix = path.suffix.lower()
    return next((form for form in FORMATS if suffix in form.suffixes), None)


def by_name(name: str) -> Format:
    """The format that is written for a name: an option (`jpg`), Pillow's name (`JPEG`) or an ending (`.jpeg`).

    Raises UsageError for anything else, and for formats that are only read.
    """
    wanted = name.lower()
    for form in FORMATS:
        if form.option and wanted in (form.option, form.name.lower(), *form.suffixes):
            return form
    raise UsageError(f"format {name!r}: cannot be written; use one of {WRITABLE}")


def writable_like(form: Format) -> Format:
    """`--format auto`: the input's own format where it can hold a restored picture, else PNG.
    GIF holds 256 colours only; PPM neither profile nor transparency.
    """
    return form if form.option else PNG
