"""A progress bar on stderr, with the time left; only where somebody can see it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(label: str, quiet: bool = False) -> Iterator[Callable[[int, int], None] | None]:
    """Give a function to be called with (done, all), or None when stderr is no terminal or quiet is wanted."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    # The estimate looks back over minutes, since a tile may take many seconds. Lines for stdout pass through rich only
    # where stdout is the same terminal; into a file or pipe they go as they are.
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        speed_estimate_period=300,
        redirect_stdout=sys.stdout.isatty(),
    ) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
