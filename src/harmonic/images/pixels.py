"""From the many modes of a PIL image to two arrays: colour of 1 or 3 channels, and alpha. Turning and rounding them."""

import io

import numpy as np
from PIL import Image, ImageCms

from harmonic.errors import PictureError

_GREY = {"1", "L", "LA", "La"}
_COLOUR = {"RGB", "RGBA", "RGBa", "RGBX", "P", "PA", "YCbCr"}
_DEEP = {"I;16": np.uint16, "I;16B": np.uint16, "F": np.float32}
_EXPANDED = {"1": "black-and-white picture treated as grey", "P": "palette expanded", "PA": "palette expanded"}


def split(image: Image.Image, name: str) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """A loaded image -> ((H, W, 1 or 3) uint8, alpha (H, W) uint8 or None, notes); deep grey as uint16 or float32.

    Transparent colours (tRNS keys, transparent palette entries) become alpha. Raises PictureError for other modes.
    """
    notes: tuple[str, ...] = ()
    if image.mode in _DEEP:
        samples = np.asarray(image).astype(_DEEP[image.mode])[..., None]
        if not np.isfinite(samples).all():
            raise PictureError(f"{name}: holds values that are not finite; repair them first")
        return samples, None, notes
    if image.mode == "CMYK":
        image, notes = _cmyk_to_rgb(image, name)
    elif image.mode not in _GREY | _COLOUR:
        raise PictureError(f"{name}: colour mode {image.mode} is not supported; convert it to RGB first")
    wanted = ("L" if image.mode in _GREY else "RGB") + ("A" if image.has_transparency_data else "")
    if note := _EXPANDED.get(image.mode):
        notes = (note if image.mode == "1" else f"{note} to {wanted}",)
    elif wanted.endswith("A") and image.mode in ("L", "RGB"):
        notes = ("transparent colour turned into an alpha channel",)
    elif image.mode in ("RGBa", "La"):
        notes = ("premultiplied transparency was divided out",)
    elif image.mode == "RGBX":
        notes = ("a fourth channel of unknown meaning is not kept",)
    samples = np.asarray(image if image.mode == wanted else image.convert(wanted))
    if wanted.endswith("A"):
        return samples[..., :-1].copy(), samples[..., -1].copy(), notes
    return samples.reshape(*samples.shape[:2], -1).copy(), None, notes


def eight_bit(samples: np.ndarray) -> np.ndarray:
    """uint16 -> uint8 on the same scale from black to white, rounded half up."""
    return ((samples.astype(np.uint32) * 255 + 32_767) // 65_535).astype(np.uint8)


def _cmyk_to_rgb(image: Image.Image, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    """Through the picture's own profile to sRGB; without one the colours would be a guess, so it is refused.

    The sRGB profile is not attached: untagged means sRGB, and the profile that lcms makes bears the time of making, so
    that the same input would not give the same file.
    """
    profile = image.info.get("icc_profile")
    if not profile:
        raise PictureError(f"{name}: has CMYK colours without a profile to convert them by; convert it to RGB first")
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, TypeError) as error:
        raise PictureError(f"{name}: its CMYK profile cannot be used; convert the picture to RGB first") from error
    assert converted is not None  # only inPlace=True returns None
    return converted, ("CMYK converted to sRGB through its profile",)


# EXIF orientation -> (swap rows and columns first, step over rows, step over columns)  (EXIF 2.32, tag 274)
_TURNS = {
    1: (False, 1, 1),
    2: (False, 1, -1),
    3: (False, -1, -1),
    4: (False, -1, 1),
    5: (True, 1, 1),
    6: (True, 1, -1),
    7: (True, -1, -1),
    8: (True, -1, 1),
}


def upright(samples: np.ndarray, orientation: int) -> np.ndarray:
    """Stored pixels (H, W, ...) with EXIF orientation 1 to 8 -> the picture as seen; 5 to 8 swap height and width."""
    swap, rows, columns = _TURNS[orientation]
    turned = samples.swapaxes(0, 1) if swap else samples
    return np.ascontiguousarray(turned[::rows, ::columns])
