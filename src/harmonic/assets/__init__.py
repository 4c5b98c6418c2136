"""The bundled weights, by name. Found as files beside this module; nothing is ever fetched from a network."""

from pathlib import Path

from harmonic.errors import WeightsError

_FOLDER = Path(__file__).parent
_SUFFIX = ".safetensors"


def model_names() -> list[str]:
    """Names of the bundled models, sorted: 'restore-fast', ..."""
    return sorted(path.stem for path in _FOLDER.glob(f"*{_SUFFIX}"))


def weights_path(name: str) -> Path:
    """The weights file of a bundled model. Raises WeightsError that names the known ones."""
    if name not in (known := model_names()):
        listing = ", ".join(known) or "none in this installation"
        raise WeightsError(f"model {name!r}: is not bundled ({listing}); name one of these or a {_SUFFIX} file")
    return _FOLDER / f"{name}{_SUFFIX}"


def find_weights(model: str | Path) -> Path:
    """What exists or looks like a path stands for itself, anything else is a bundled name. Raises WeightsError."""
    path = Path(model)
    if isinstance(model, Path) or path.suffix == _SUFFIX or len(path.parts) > 1 or path.is_file():
        return path
    return weights_path(model)
