"""HARMONIC restores degraded photographs: noise, JPEG artefacts, blur.

    from harmonic import Restorer
    Restorer().restore("photo.jpg").save("better.png")

The public names are loaded on first use, so that `import harmonic` costs milliseconds and imports no torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harmonic.network.harmonic import Harmonic
    from harmonic.restore.restorer import Restorer

    __version__: str

__all__ = ["Harmonic", "Restorer", "__version__"]


def __getattr__(name: str) -> Any:
    match name:
        case "Restorer":
            from harmonic.restore.restorer import Restorer

            return Restorer
        case "Harmonic":
            from harmonic.network.harmonic import Harmonic

            return Harmonic
        case "__version__":
            from harmonic.version import package_version

            return package_version()
    raise AttributeError(f"module 'harmonic' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
