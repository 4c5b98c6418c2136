"""The one door to libvips (extra `images`): only loaders named here, strict, and nothing kept between files."""

import logging
from functools import cache
from types import ModuleType
from typing import IO, Any

import numpy as np

from harmonic.errors import PictureError
from harmonic.images.picture import Metadata

_LOADERS = {"PNG": "pngload_source", "JPEG": "jpegload_source", "TIFF": "tiffload_source", "AVIF": "heifload_source"}
INSTALL = "pip install 'harmonic-ir[images]'"


def vips_or_refuse(name: str, what: str) -> ModuleType:
    """pyvips, or PictureError: `what` about the file `name` needs the extra."""
    try:
        return _set_up()
    except (ImportError, OSError):  # OSError: pyvips without libvips
        raise PictureError(f"{name}: {what} need the extra `images`; run {INSTALL}") from None


def is_installed() -> bool:
    """Whether the extra is there."""
    try:
        _set_up()
    except (ImportError, OSError):
        return False
    return True


@cache
def _set_up() -> ModuleType:
    # A program that logs nothing would print libvips' warnings to stderr; they are in the error text already.
    logging.getLogger("pyvips").addHandler(logging.NullHandler())
    import pyvips

    pyvips.block_untrusted_set(True)  # a second lock: the loaders below are called by name, libvips never guesses
    pyvips.cache_set_max(0)  # operations on a file that changed meanwhile must not answer from memory
    return pyvips


def load(pyvips: ModuleType, file: IO[bytes], form: str, page: int = 0) -> Any:
    """An opened file -> pyvips.Image that decodes on demand, once, from top to bottom.

    fail_on=error: by default libvips takes cut files and wrong checksums for whole and fills up with black.
    """
    source = pyvips.Source.new_from_descriptor(file.fileno())
    options = {"page": page} if form in ("TIFF", "AVIF") else {}
    file.seek(0)
    return getattr(pyvips.Image, _LOADERS[form])(source, access="sequential", fail_on="error", **options)


def encode_avif(samples: np.ndarray, metadata: Metadata, quality: int, name: str) -> bytes:
    """(H, W, 1 to 4) uint16 -> an AVIF of 12 bit and full colour resolution, with profile, EXIF and XMP."""
    pyvips = vips_or_refuse(name, "AVIF files of 12 bit")
    height, width, bands = samples.shape
    twelve = (samples.astype(np.uint32) * 4095 + 32_767) // 65_535 << 4  # libvips takes the top bits
    image = pyvips.Image.new_from_memory(twelve.astype(np.uint16).tobytes(), width, height, bands, "ushort")
    image = image.copy(interpretation="grey16" if bands < 3 else "rgb16")
    # libvips states a resolution in EXIF data whether there is one or not; 72 is what EXIF 2.32 says for "unknown".
    across, down = metadata.dpi or (72, 72)
    image = image.copy(xres=across / 25.4, yres=down / 25.4)
    keep = 0
    for flag, field, data in (
        (pyvips.enums.ForeignKeep.ICC, "icc-profile-data", metadata.icc),
        (pyvips.enums.ForeignKeep.EXIF, "exif-data", metadata.exif),
        (pyvips.enums.ForeignKeep.XMP, "xmp-data", metadata.xmp),
    ):
        if data:
            image.set_type(pyvips.GValue.blob_type, field, data)
            keep |= flag
    options = {"Q": quality, "bitdepth": 12, "compression": "av1", "subsample_mode": "off", "effort": 4}
    return image.heifsave_buffer(keep=keep, **options)
