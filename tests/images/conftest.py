"""Generated pictures and metadata that the tests of this room share."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms


@pytest.fixture
def make() -> Callable[..., Image.Image]:
    """make(mode="RGB", width=34, height=21) -> a smooth but asymmetric picture: no flip or turn leaves it unchanged."""

    def picture(mode: str = "RGB", width: int = 34, height: int = 21) -> Image.Image:
        y, x = np.mgrid[:height, :width]
        bands = [x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1), (x + 2 * y) * 4 % 256, 255 - x]
        rgba = np.stack(bands, axis=-1).astype(np.uint8)
        if mode in ("RGB", "RGBA", "CMYK"):
            return Image.frombytes(mode, (width, height), rgba[..., : len(mode)].tobytes())
        if mode == "LA":
            return Image.merge("LA", [Image.fromarray(rgba[..., 2]), Image.fromarray(rgba[..., 3])])
        return Image.fromarray(rgba[..., 2] if mode in ("L", "1") else rgba[..., :3]).convert(mode)

    return picture


@pytest.fixture(scope="session")
def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(scope="session")
def as_profile_for(srgb: bytes) -> Callable[[str], bytes]:
    """A profile whose header claims another colour space: `b"GRAY"`, `b"CMYK"`. Enough to test what is kept."""
    return lambda space: srgb[:16] + space.ljust(4).encode() + srgb[20:]
