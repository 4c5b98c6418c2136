"""Picture files of any depth for tests, written by Pillow, libvips, tifffile and by hand, never by our own code."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pyvips
import tifffile
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo


def samples(channels: int, dtype: type = np.uint8, height: int = 21, width: int = 34) -> np.ndarray:
    """(H, W, C), smooth and asymmetric; the last channel of 2 or 4 is an alpha with 0 and full opacity in it."""
    y, x = np.mgrid[:height, :width]
    bands = [x / max(width - 1, 1), y / max(height - 1, 1), (x + y) / (height + width), np.clip((x - 4) / 20, 0, 1)]
    chosen = {1: [2], 2: [2, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[channels]
    unit = np.stack([bands[i] for i in chosen], -1)
    return unit.astype(np.float32) if dtype == np.float32 else np.rint(unit * np.iinfo(dtype).max).astype(dtype)


def pillow(form: str, pixels: np.ndarray, **options: Any) -> bytes:
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer := io.BytesIO(), form, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    height, width, channels = pixels.shape
    depth = 8 * pixels.dtype.itemsize
    header = struct.pack(">IIBBBBB", width, height, depth, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes() for row in pixels)
    body = b"".join(chunk(*one) for one in chunks) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body


def tiff(pixels: np.ndarray, **options: Any) -> bytes:
    photometric = options.pop("photometric", "rgb" if pixels.shape[2] > 2 else "minisblack")
    extra = {"extrasamples": options.pop("extra", ["unassalpha"])} if pixels.shape[2] % 2 == 0 else {}
    head = {key: options.pop(key) for key in ("byteorder", "bigtiff") if key in options}
    content = pixels if pixels.shape[2] > 1 else pixels[..., 0]
    if options.get("planarconfig") == "separate":
        content = np.moveaxis(pixels, 2, 0)
    tifffile.imwrite(
        buffer := io.BytesIO(),
        content,
        photometric=photometric,
        metadata=None,
        software=False,
        **head,
        **extra,
        **options,
    )
    return buffer.getvalue()


def vips(pixels: np.ndarray, suffix: str, **options: Any) -> bytes:
    height, width, bands = pixels.shape
    form = {np.uint8: "uchar", np.uint16: "ushort", np.float32: "float"}[pixels.dtype.type]
    image = pyvips.Image.new_from_memory(np.ascontiguousarray(pixels).tobytes(), width, height, bands, form)
    meaning = (
        {"uchar": "srgb", "ushort": "rgb16", "float": "scrgb"} if bands > 2 else {"uchar": "b-w", "ushort": "grey16"}
    )
    return image.copy(interpretation=meaning[form]).write_to_buffer(suffix, **options)


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Stored pixels of that EXIF orientation whose picture as seen is `pixels`."""
    seen = {1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 5: lambda a: a.swapaxes(0, 1)}
    more = {6: lambda a: np.rot90(a, 1), 7: lambda a: np.rot90(a, 2).swapaxes(0, 1), 8: lambda a: np.rot90(a, -1)}
    return np.ascontiguousarray((seen | more)[orientation](pixels))


def exif(**tags: Any) -> bytes:
    found = Image.Exif()
    for number, value in {0x010F: "Maker", **{int(key[1:]): value for key, value in tags.items()}}.items():
        found[number] = value
    return found.tobytes()


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY = SRGB[:16] + b"GRAY" + SRGB[20:]
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">Gr\xc3\xbc\xc3\x9fe</x:xmpmeta>'
IPTC = b"\x1c\x02\x78\x00\x07Caption"
RGB, GREY8, LA, RGBA = samples(3), samples(1), samples(2), samples(4)
RGB16, GREY16, LA16, RGBA16 = (samples(channels, np.uint16) for channels in (3, 1, 2, 4))
REAL = samples(3, np.float32) * 2 - np.float32(0.2)


def itxt(xmp: bytes) -> PngInfo:
    """XMP as Pillow's PNG writer takes it."""
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp.decode())
    return info
