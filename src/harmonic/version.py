"""The version of the installed package; its one source is `pyproject.toml`."""

from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "harmonic-ir"


def package_version() -> str:
    """'0.1.0', or 'unknown' for a source tree that is not installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
