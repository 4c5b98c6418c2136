"""A folder that is watched: new pictures, once they are complete. Polled, which works on every system and share."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from harmonic.images.folder import NoPictures, list_pictures

SECONDS = 1.0
"""Between two looks."""

State = tuple[int, int]
"""Size and time of change."""


def ripe_pictures(
    look: Callable[[], dict[Path, State]], wait: Callable[[], None] = lambda: time.sleep(SECONDS)
) -> Iterator[list[Path]]:
    """Yield, for ever, the pictures that were the same at two looks and were not yielded in this state before."""
    before: dict[Path, State] = {}
    told: dict[Path, State] = {}
    while True:
        now = look()
        ripe = sorted(path for path, state in now.items() if before.get(path) == state != told.get(path))
        if ripe:
            told |= {path: now[path] for path in ripe}
            yield ripe
        before = now
        wait()


def states(folder: Path) -> dict[Path, State]:
    """The pictures in a folder, which may be empty. Raises PictureError when it is gone, or cannot be listed."""
    found: dict[Path, State] = {}
    try:
        pictures = list_pictures(folder)
    except NoPictures:
        return found  # there are none yet
    for path in pictures:
        try:
            status = path.stat()
        except OSError:  # moved away between both looks
            continue
        found[path] = (status.st_size, status.st_mtime_ns)
    return found
