"""The command reference, made from `--help`: `python -m harmonic.cli.reference > docs/commands.md`."""

import sys
from collections.abc import Iterator
from typing import Any

import typer

from harmonic.cli.app import app

WIDTH = 100


def reference() -> str:
    """Markdown: the help of every command, plain, at a fixed width."""
    command = typer.main.get_command(app)
    parts = ["# Commands\n\nMade by `python -m harmonic.cli.reference > docs/commands.md`; a test keeps it current."]
    parts += [f"## {path}\n\n```text\n{help}\n```" for path, help in _helps(command, "harmonic", None)]
    return "\n\n".join(parts) + "\n"


def _helps(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    with command.make_context(name, [], parent, resilient_parsing=True, terminal_width=WIDTH) as context:
        yield context.command_path, command.get_help(context).rstrip()
        for below, sub in getattr(command, "commands", {}).items():
            yield from _helps(sub, below, context)


if __name__ == "__main__":
    sys.stdout.write(reference())
