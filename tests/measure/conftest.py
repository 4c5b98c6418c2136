import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harmonic.measure.sets import find_set, read_clean


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with the shared pictures, `test/` in it."""
    if "HARMONIC_DATA" not in os.environ:
        pytest.skip("HARMONIC_DATA does not name the folder with the test pictures")
    return Path(os.environ["HARMONIC_DATA"])


@pytest.fixture(scope="session")
def cbsd68(data) -> dict[str, np.ndarray]:
    """The clean pictures of CBSD68 by name, read once."""
    return {file.stem.lower(): read_clean(file) for file in find_set(data, "CBSD68").files}


@pytest.fixture(scope="session")
def live1(data) -> dict[str, np.ndarray]:
    """The clean pictures of LIVE1 by name, read once."""
    return {file.stem.lower(): read_clean(file) for file in find_set(data, "LIVE1").files}


@pytest.fixture(scope="session")
def classic5(data) -> dict[str, np.ndarray]:
    """The clean pictures of Classic5 by name, read once; grey."""
    return {file.stem.lower(): read_clean(file)[..., 0] for file in find_set(data, "Classic5").files}


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Three small generated pictures, one of them grey; smooth shapes and texture, the same on every machine."""
    path = tmp_path_factory.mktemp("pictures")
    y, x = np.mgrid[:48, :56]
    for i, name in enumerate(("Arcs", "bars", "dots")):
        waves = [np.sin((i + 1) * x / (5 + c) + y * y / (90 + 20 * c)) for c in range(3)]
        picture = np.stack([(120 + 100 * wave).astype(np.uint8) for wave in waves], axis=2)
        Image.fromarray(picture[..., 0] if name == "dots" else picture).save(path / f"{name}.png")
    return path
