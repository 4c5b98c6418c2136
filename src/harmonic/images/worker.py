"""The process that decodes: `python -m harmonic.images.worker MEMORY SECONDS`; 0: no bound.

Decoders are where hostile and broken files do harm. So they run here, with a bound on memory and CPU time, and without
torch or a socket. Lines of JSON on stdin ask for one file each; on stdout a line of JSON answers, followed by the
pixels as they lie in memory. No pickle: whoever takes over a decoder can send numbers and texts only.
"""

import base64
import json
import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from harmonic.errors import PictureError, shown
from harmonic.images.glance import luma_table
from harmonic.images.read import read_picture


def main() -> None:
    most_bytes, seconds = int(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end is the end of stdin
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not pass for an answer
    Image.MAX_IMAGE_PIXELS = None  # the limit is the one that is asked for: of `read_picture`, and of who looks
    if most_bytes:
        _limit_memory(most_bytes)
    for line in sys.stdin:
        asked = json.loads(line)
        if seconds:
            _limit_time(seconds)
        try:
            answer, samples = _answer(asked)
        except PictureError as error:
            answer, samples = {"refused": str(error)}, []
        except MemoryError:
            text = f"{shown(asked['path'])}: needs more memory than is allowed; shrink it first"
            answer, samples = {"refused": text}, []
        answers.write(json.dumps(answer).encode() + b"\n")
        for array in samples:
            answers.write(np.ascontiguousarray(array).data.cast("B"))
        answers.flush()
        del answer, samples


def _answer(asked: dict[str, Any]) -> tuple[dict[str, Any], list[np.ndarray]]:
    path, max_pixels = Path(asked["path"]), asked["max_pixels"]
    if asked["task"] == "look":
        return _look(path, asked["format"], max_pixels), []
    picture = read_picture(path, max_pixels=max_pixels, page=asked["page"])
    arrays = [picture.colour] if picture.alpha is None else [picture.colour, picture.alpha]
    told = {
        "arrays": [[array.dtype.name, array.shape] for array in arrays],
        "format": picture.format,
        "notes": picture.notes,
        "metadata": {f.name: _plain(getattr(picture.metadata, f.name)) for f in fields(picture.metadata)},
    }
    return told, arrays


def _look(path: Path, form: str, max_pixels: int) -> dict[str, Any]:
    """Size and JPEG table from the header; no pixel is decoded unless Pillow cannot tell."""
    try:
        with path.open("rb") as file, Image.open(file, formats=[form]) as image:
            return {"width": image.width, "height": image.height, "table": luma_table(image)}
    except Exception:  # a depth that Pillow does not know, or damage: the reader says which
        colour = read_picture(path, max_pixels=max_pixels).colour
        return {"width": colour.shape[1], "height": colour.shape[0]}


def _plain(value: Any) -> Any:
    """Values of metadata as JSON has them; bytes as {"base64": text}."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def _limit_memory(most_bytes: int) -> None:
    """Address space: what the interpreter has taken by now, and `most_bytes`."""
    try:
        import resource

        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):  # no Linux: the deadline of the parent is all there is
        return
    resource.setrlimit(resource.RLIMIT_AS, (taken + most_bytes, taken + most_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: int) -> None:
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
