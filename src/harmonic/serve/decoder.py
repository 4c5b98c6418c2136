"""The decoding process seen from the service: asked for one file at a time, ended when it takes too long, begun anew.

What it answers is checked before it is believed.
"""

import base64
import json
import math
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harmonic.images.picture import Metadata, Picture
from harmonic.serve.refusal import Refusal

_BYTES_PER_PIXEL = 24  # of address space: the file's pixels up to four times, as libraries and we copy them
_SPARE = 256 << 20  # for threads' stacks, tables of codecs, and the file itself
_DTYPES = ("uint8", "uint16", "float32")
_LONGEST_LINE = 64 << 20  # metadata travel in it


@dataclass(frozen=True)
class Look:
    """What a header tells. table: 64 numbers, the luma quantisation of a JPEG."""

    width: int
    height: int
    mode: str
    table: tuple[int, ...] | None = None

    @property
    def pixels(self) -> int:
        return self.width * self.height


class Decoder:
    """One process, one file at a time; callable from any thread. seconds: for one file, of CPU and on the clock."""

    def __init__(self, max_pixels: int, seconds: float):
        self.max_pixels, self.seconds = max_pixels, seconds
        self.restarts = 0
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Have the process ready before the first picture comes."""
        with self._lock:
            self._running()

    def look(self, path: Path, form: str) -> Look:
        """The size that the header of a file tells; form: Pillow's name of its format. Raises Refusal 422."""
        told, _ = self._ask({"task": "look", "path": str(path), "format": form, "max_pixels": self.max_pixels})
        table = told.get("table")
        look = Look(
            int(told["width"]), int(told["height"]), str(told["mode"]), tuple(map(int, table)) if table else None
        )
        if look.pixels > self.max_pixels:
            size = f"{look.width}x{look.height} = {look.pixels / 1e6:,.1f} megapixels"
            text = f"picture: {size}, over the limit of {self.max_pixels / 1e6:,.1f}; shrink it first"
            raise Refusal(422, "image_too_large", text)
        return look

    def decode(self, path: Path) -> Picture:
        """Raises Refusal 422."""
        told, arrays = self._ask({"task": "decode", "path": str(path), "max_pixels": self.max_pixels})
        metadata = Metadata(**{name: _rich(value) for name, value in told["metadata"].items()})
        alpha = arrays[1] if len(arrays) > 1 else None
        return Picture(arrays[0], alpha, told["format"], metadata, tuple(told["notes"]))

    def close(self) -> None:
        with self._lock:
            self._end()

    def _ask(self, asked: dict[str, Any]) -> tuple[dict[str, Any], list[np.ndarray]]:
        with self._lock:
            process = self._running()
            clock = threading.Timer(self.seconds, process.kill)
            clock.start()
            try:
                told, arrays = _exchange(process, asked)
            except (OSError, ValueError, EOFError) as error:
                self.restarts += 1
                self._end()
                text = "picture: could not be decoded within the limits of memory and time; save it anew, or shrink it"
                raise Refusal(422, "decode_failed", text) from error
            finally:
                clock.cancel()
        if "refused" in told:
            code = "image_too_large" if told.get("code") == "image_too_large" else "decode_failed"
            raise Refusal(422, code, str(told["refused"]))
        return told, arrays

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = self._begin()
        return self._process

    def _begin(self) -> subprocess.Popen[bytes]:
        most_bytes = _SPARE + _BYTES_PER_PIXEL * self.max_pixels
        command = [sys.executable, "-m", "harmonic.serve.worker", str(most_bytes), str(math.ceil(self.seconds))]
        # One thread each and no token: a decoder needs neither, and stacks of threads count as memory.
        quiet = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "VIPS_CONCURRENCY": "1", "MALLOC_ARENA_MAX": "2"}
        environment = {k: v for k, v in os.environ.items() if k != "HARMONIC_TOKEN"} | quiet
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=null, env=environment)

    def _end(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with suppress(BrokenPipeError):  # a question that it did not live to read
                    pipe.close()


def _exchange(process: subprocess.Popen[bytes], asked: dict[str, Any]) -> tuple[dict[str, Any], list[np.ndarray]]:
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps(asked).encode() + b"\n")
    process.stdin.flush()
    line = process.stdout.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise EOFError("the decoder has ended")
    told = json.loads(line)
    arrays = []
    for name, shape in told.get("arrays", ()):
        if name not in _DTYPES or not all(isinstance(side, int) and side > 0 for side in shape):
            raise ValueError("no picture")
        if math.prod(shape[:2]) > asked["max_pixels"] or len(shape) not in (2, 3) or shape[2:] not in ([], [1], [3]):
            raise ValueError("no picture of this size")
        array = np.empty(shape, name)
        if process.stdout.readinto(memoryview(array).cast("B")) != array.nbytes:  # type: ignore[attr-defined]
            raise EOFError("the decoder has ended")
        arrays.append(array)
    return told, arrays


def _rich(value: Any) -> Any:
    """Undoes `worker._plain`."""
    if isinstance(value, dict):
        return base64.b64decode(value["base64"])
    return tuple(_rich(item) for item in value) if isinstance(value, list) else value
