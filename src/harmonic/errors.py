"""The errors that users see: one line that says what is wrong, where, and what to do next.

Names of files and texts of decoders are data that anybody may have written: `shown` and `reason` make them safe.

HarmonicError                      exit code of the command line
├── PictureError   1               a picture that cannot be read, restored or written
├── UsageError     2               a wrong option, recipe or configuration
├── WeightsError   3               weights that are missing, damaged or of the wrong kind
├── ResourceError  4               not enough memory, disk or permission for the whole run
└── TrainingError  5               a training that goes wrong and cannot go on

Mistakes of a programmer (a tensor of the wrong shape) stay `ValueError` and `TypeError`.
"""

from pathlib import Path


class HarmonicError(Exception):
    """Base of all errors meant for users. `str(error)` is one line."""

    exit_code = 1


class PictureError(HarmonicError):
    """A picture that cannot be read, restored or written. The others of a batch go on."""

    exit_code = 1


class UsageError(HarmonicError):
    """A wrong option, recipe or configuration."""

    exit_code = 2


class WeightsError(HarmonicError):
    """Weights that are missing, damaged or of the wrong kind."""

    exit_code = 3


class ResourceError(HarmonicError):
    """Not enough memory, disk or permission for the whole run."""

    exit_code = 4


class TrainingError(HarmonicError):
    """A training that goes wrong and cannot go on: losses that are not finite, or results worse than the start's."""

    exit_code = 5


def shown(path: str | Path) -> str:
    """A file name for a message: as it is when printable, else escaped (newlines, control and undecodable bytes)."""
    name = str(path)
    return name if name.isprintable() else repr(name)


def reason(error: BaseException) -> str:
    """What a foreign error says, as at most 160 printable characters on one line; its class name if it is silent."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    text = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return text[:160] or type(error).__name__
