"""A command as others may repeat it, and files that are checked before the work whose outcome they are to hold."""

import os
import shlex
from collections.abc import Collection
from pathlib import Path

import typer

from harmonic.errors import PictureError, reason


def repeatable(context: typer.Context, words: str, without: Collection[str] = ()) -> str:
    """`words` and the options that were given; folders and files by name, not by their place. without: parameters."""
    found = words.split()
    for parameter in context.command.params:
        name, value = parameter.name or "", context.params.get(parameter.name or "")
        if name in without or value in (None, [], parameter.default):
            continue
        if value is False:
            found += parameter.secondary_opts[-1:]
            continue
        flag = parameter.opts[-1]
        values = value if isinstance(value, list | tuple) else [value]
        found += [flag] if value is True else [word for v in values for word in (flag, short(v))]
    return shlex.join(found)


def short(value: object) -> str:
    """Absolute paths by their name."""
    path = Path(str(value))
    return path.name if path.is_absolute() else str(value)


def check_target(file: Path | None) -> None:
    """Raises PictureError for what cannot be a new file, or be replaced by one: told now, not after all the work."""
    if file is None:
        return
    try:
        if file.is_dir():
            raise PictureError(f"{file}: is a folder; name a file")
        if file.exists() and not file.is_file():
            raise PictureError(f"{file}: is no regular file; choose another name")
        existing = next(parent for parent in file.absolute().parents if parent.exists())
        if not existing.is_dir():
            raise PictureError(f"{file}: {existing} is no folder; choose another place")
        if not os.access(existing, os.W_OK):
            raise PictureError(f"{file}: {existing} may not be written to; choose another place")
    except OSError as error:
        raise PictureError(f"{file}: cannot be written ({reason(error)}); choose another place") from error
