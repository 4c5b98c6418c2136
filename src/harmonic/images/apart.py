"""Pictures read in a process of its own: a decoder that crashes or hangs costs one file, and not the run.

The process is asked for one file at a time, ended when it takes too long, and begun anew. What it answers is checked
before it is believed.
"""

import base64
import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from harmonic.errors import PictureError, shown
from harmonic.images.picture import Metadata, Picture
from harmonic.images.read import MOST_PIXELS

_PROGRAM = ("-m", "harmonic.images.worker")
_DTYPES = ("uint8", "uint16", "float32")
_LONGEST_LINE = 64 << 20  # metadata travel in it

Answer = TypeVar("Answer")


class Apart:
    """One process, one file at a time; callable from any thread. The process begins with the first file.

    seconds: for one file, on the clock. most_bytes: of address space that a file may take, and `seconds` of CPU then
    too; None: as much as there is.
    """

    def __init__(self, seconds: float, most_bytes: int | None = None):
        self.seconds, self._most_bytes = seconds, most_bytes
        self.restarts = 0
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def start(self) -> None:
        """Have the process ready before the first picture comes."""
        with self._lock:
            self._running()

    def read(self, path: Path, *, max_pixels: int = MOST_PIXELS, page: int | None = None) -> Picture:
        """As `read_picture`. Raises PictureError, also where the process broke off or took too long."""
        return self.ask({"task": "read", "path": str(path), "max_pixels": max_pixels, "page": page}, _picture)

    def ask(self, asked: dict[str, Any], understood: Callable[[dict[str, Any], list[np.ndarray]], Answer]) -> Answer:
        """A question as `worker.py` knows it -> what `understood` makes of its answer and arrays.

        understood: raises LookupError, TypeError or ValueError for an answer to another question.
        Raises PictureError where there is no answer, or a refusal.
        """
        with self._lock:
            if self._closed:  # a thread that reads ahead may come late
                raise PictureError(f"{shown(asked['path'])}: was not read, since the run has ended; start it again")
            process = self._running()
            clock = threading.Timer(self.seconds, process.kill)
            clock.start()
            try:
                told, arrays = _exchange(process, asked)
                if "refused" not in told:
                    return understood(told, arrays)
            except (OSError, EOFError, LookupError, TypeError, ValueError) as error:
                self.restarts += 1
                self._end()
                text = "could not be decoded within the limits of memory and time, or its decoder crashed"
                raise PictureError(f"{shown(asked['path'])}: {text}; save it anew, or shrink it") from error
            finally:
                clock.cancel()
        raise PictureError(str(told["refused"]))

    def close(self) -> None:
        """Also while a file is read, which fails then, as do those that are asked for afterwards."""
        self._closed = True
        if process := self._process:
            process.kill()
        with self._lock:
            self._end()

    def __enter__(self) -> "Apart":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = self._begin()
        return self._process

    def _begin(self) -> subprocess.Popen[bytes]:
        bounds = (self._most_bytes, math.ceil(self.seconds)) if self._most_bytes else (0, 0)
        # -P: the current folder, where the user's files lie, is no place to import from.
        command = [sys.executable, "-P", *_PROGRAM, *map(str, bounds)]
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
    if not isinstance(told, dict):
        raise ValueError("no answer")
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


def _picture(told: dict[str, Any], arrays: list[np.ndarray]) -> Picture:
    metadata = Metadata(**{name: _rich(value) for name, value in dict(told["metadata"]).items()})
    alpha = arrays[1] if len(arrays) > 1 else None
    return Picture(arrays[0], alpha, str(told["format"]), metadata, tuple(map(str, told["notes"])))


def _rich(value: Any) -> Any:
    """Undoes `worker._plain`."""
    if isinstance(value, dict):
        return base64.b64decode(value["base64"])
    return tuple(_rich(item) for item in value) if isinstance(value, list) else value
