"""What the commands say: results on stdout, messages for people on stderr, and examples under `--help`.

Written to the streams of the moment, not through typer, which looks past the ones that a progress bar puts in place.
"""

import sys


def tell(result: object) -> None:
    """One result on stdout."""
    sys.stdout.write(f"{result}\n")
    sys.stdout.flush()  # a reader behind a pipe sees it when it is there


def say(message: str) -> None:
    """One line on stderr, whatever the message holds."""
    sys.stderr.write(f"{' '.join(message.split())}\n")


def examples(*lines: str) -> str:
    """An epilog of --help; the mark keeps click from joining its lines."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
