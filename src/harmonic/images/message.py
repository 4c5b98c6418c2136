"""How files and foreign errors appear in our one-line messages. Names and decoder texts are data, not trusted text."""

from pathlib import Path


def shown(path: str | Path) -> str:
    """A file name for a message: as it is when printable, else escaped (newlines, control and undecodable bytes)."""
    name = str(path)
    return name if name.isprintable() else repr(name)


def reason(error: BaseException) -> str:
    """What a foreign error says, as at most 160 printable characters on one line; its class name if it is silent."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    text = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return text[:160] or type(error).__name__
