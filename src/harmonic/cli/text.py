"""What the commands say to people: messages on stderr, one line each, and examples under `--help`."""

import typer


def say(message: str) -> None:
    """One line on stderr, whatever the message holds."""
    typer.echo(" ".join(message.split()), err=True)


def examples(*lines: str) -> str:
    """An epilog of --help; the mark keeps click from joining its lines."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
