"""Weights by name: bundled ones lie beside this module, pulled ones in the user's data folder. Nothing is fetched here:
`fetch.py` does that, when `harmonic models pull` is given."""

import os
from pathlib import Path

from harmonic.errors import WeightsError

_FOLDER = Path(__file__).parent
SUFFIX = ".safetensors"


def pulled_folder() -> Path:
    """Where pulled models are kept: `harmonic/models` in XDG_DATA_HOME, which is ~/.local/share unless it is set."""
    home = os.environ.get("XDG_DATA_HOME", "")
    # The specification has relative paths ignored.
    return (Path(home) if Path(home).is_absolute() else Path.home() / ".local" / "share") / "harmonic" / "models"


def manifest_path() -> Path:
    """What is written down about the bundled models and those of the release; `manifest.py` reads it."""
    return _FOLDER / "models.json"


def card_path(name: str) -> Path:
    """The model card of a bundled model, Markdown."""
    return _FOLDER / f"{name}.md"


def bundled_names() -> list[str]:
    """Names of the models that came with the package, sorted."""
    return sorted(path.stem for path in _FOLDER.glob(f"*{SUFFIX}"))


def model_names() -> list[str]:
    """Names of all models at hand, bundled and pulled, sorted: 'restore-fast', ..."""
    return sorted({*bundled_names(), *_pulled_names()})


def weights_path(name: str) -> Path:
    """The weights file of a model at hand; a bundled one goes first. Raises WeightsError that names the known ones."""
    if name in bundled_names():
        return _FOLDER / f"{name}{SUFFIX}"
    if name in _pulled_names():
        return pulled_folder() / f"{name}{SUFFIX}"
    listing = ", ".join(model_names()) or "none in this installation"
    raise WeightsError(f"model {name!r}: is not bundled or pulled ({listing}); name one of these or a {SUFFIX} file")


def _pulled_names() -> list[str]:
    """None where there is no such folder, or it cannot be looked into: services often may not read any home."""
    try:
        return [path.stem for path in pulled_folder().iterdir() if path.suffix == SUFFIX]
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return []


def find_weights(model: str | Path) -> Path:
    """What exists or looks like a path stands for itself, anything else is a name. Raises WeightsError."""
    path = Path(model)
    if isinstance(model, Path) or path.suffix == SUFFIX or len(path.parts) > 1 or path.is_file():
        return path
    return weights_path(model)
