"""What the service says instead of a result: a status, a code for programs, and one line for people."""

import errno
import re

from harmonic.errors import HarmonicError, PictureError, ResourceError, UsageError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)  # on the disk, or for this user


class Refusal(Exception):
    """status: of HTTP. code: stays the same in all versions. retry_after: seconds after which a new try makes sense."""

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None):
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after


def too_late(seconds: float) -> Refusal:
    return Refusal(504, "deadline", f"not done within {seconds:g} s; use a smaller picture, or a job")


def draining() -> Refusal:
    return Refusal(503, "draining", "the service is shutting down; try again soon", 5)


def cancelled() -> Refusal:
    return Refusal(409, "cancelled", "this job was cancelled; start it again if it is wanted")


def too_large(max_bytes: int) -> Refusal:
    return Refusal(413, "too_large", f"the upload is over the limit of {max_bytes:,} bytes; send a smaller file")


def slow_upload() -> Refusal:
    return Refusal(408, "too_slow", "the request came too slowly; send it again over a better line")


def out_of_resources() -> Refusal:
    return Refusal(503, "out_of_resources", "not enough memory or disk for this now; try again soon", 30)


def refusal_of(error: BaseException | None) -> Refusal | None:
    """What stands for an error of the package; None for one that nobody expected, or for none."""
    match error:
        case Refusal():
            return error
        case UsageError():
            return Refusal(400, "bad_parameter", _without_dashes(error))
        case PictureError():
            return Refusal(422, "picture_refused", _without_dashes(error))
        case ResourceError() | MemoryError():
            return out_of_resources()
        case OSError() if error.errno in _NO_ROOM:
            return out_of_resources()
        case HarmonicError():
            return Refusal(500, "internal", "the service is not set up rightly; tell its operator")
        case _:
            return None


def _without_dashes(error: Exception) -> str:
    """The package speaks of options of the command line; here they are fields: `--quality` -> `quality`."""
    return re.sub(r"(?<!\S)--(?=[a-z])", "", str(error))
