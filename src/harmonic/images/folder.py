"""Which pictures a path stands for, and where each result goes. Names only: no picture is decoded here."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from harmonic.errors import PictureError, UsageError, reason, shown
from harmonic.images.formats import FORMATS, SNIFFED_BYTES, WRITABLE, Format, by_name, by_suffix, sniff, writable_like

RESTORED = "-restored"


class NoPictures(PictureError):
    """A folder without any."""


def list_pictures(path: Path) -> list[Path]:
    """A file stands for itself, whatever its name; a folder for all files below it with an ending of a picture, sorted.

    Left out: hidden files and folders, and our own results of an earlier run (`photo-restored.jpg` beside `photo.*`).
    Raises PictureError when there is no such path, `NoPictures` when there is none in the folder.
    """
    path = Path(path)
    if not path.is_dir():
        if not path.exists():
            raise PictureError(f"{shown(path)}: there is no such file or folder; check the name")
        return [path]

    def unreadable(error: OSError) -> None:
        raise PictureError(f"{shown(error.filename)}: cannot be listed ({reason(error)}); check its permissions")

    found: list[Path] = []
    for folder, folders, files in os.walk(path, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        pictures = [Path(folder, name) for name in files if not name.startswith(".") and by_suffix(Path(name))]
        found += without_results(pictures)
    if not found:
        raise NoPictures(f"{shown(path)}: no pictures in this folder; their names end in {_suffix_list()}")
    return sorted(found)


def without_results(pictures: Iterable[Path]) -> list[Path]:
    """All but our own results of an earlier run: `photo-restored.jpg` where `photo.*` of that folder is among them."""
    pictures = list(pictures)
    sources = {(p.parent, stem) for p in pictures for stem in (p.stem, _with_ending(p))}
    made = [p.stem.endswith(RESTORED) and (p.parent, p.stem.removesuffix(RESTORED)) in sources for p in pictures]
    return [picture for picture, result in zip(pictures, made, strict=True) if not result]


def output_path(source: Path, root: Path | None, output: Path | None, format: str) -> Path:
    """Where the result of `source` goes.

    root: the folder that `source` was found in, None for a file named by itself. output: what -o says; None = beside
    the source, as photo-restored.jpg. A folder as output keeps sub-folders and names; `out.png` is that file for a
    single picture. format: `auto` = the source's own by its content, PNG where that cannot hold the result.
    A name that gets another ending keeps its old one in the stem (a-gif.png) when another picture in its folder has
    the same stem, so that both results exist.
    Raises UsageError when `output` names a format that cannot be written, or another one than `format`.
    """
    form = writable_like(_format_of(source)) if format == "auto" else by_name(format)
    if output is None:
        return source.with_name(f"{_stem(source, form)}{RESTORED}{_suffix(source, form)}")
    if root is None and _is_file_name(output):
        claimed = by_suffix(output)
        if claimed is None or claimed.option is None:
            raise UsageError(f"{shown(output)}: this format cannot be written; use one of {WRITABLE}")
        if format != "auto" and claimed is not form:
            raise UsageError(f"{shown(output)}: the name says {claimed.option}, --format says {form.option}; drop one")
        return output
    below = source.relative_to(root).parent if root is not None else Path()
    return output / below / f"{_stem(source, form)}{_suffix(source, form)}"


def pair_outputs(
    inputs: Mapping[Path, Path | None], output: Path | None, format: str = "auto"
) -> list[tuple[Path, Path]]:
    """All (source, target) pairs of a command line: files and folders in, `list_pictures` and `output_path` applied.

    inputs: each with the folder below which its result keeps its place, None = its own name is enough; a folder always
    keeps its tree. Raises UsageError when two sources would be written to one target, PictureError as `list_pictures`.
    """
    sources: dict[Path, Path | None] = {}
    single = output is not None and _is_file_name(output)
    for given, below in inputs.items():
        for source in list_pictures(given):
            sources.setdefault(source, given if given.is_dir() else None if single else below)
    taken: dict[Path, Path] = {}
    for source, root in sources.items():
        target = output_path(source, root, output, format)
        if other := taken.get(target):
            both = f"{shown(other)} and {shown(source)}"
            raise UsageError(f"{both}: both would become {shown(target)}; name a folder as -o, or run them apart")
        taken[target] = source
    return [(source, target) for target, source in taken.items()]


def _is_file_name(output: Path) -> bool:
    """`-o out.png` is a file and `-o out` a folder, unless the disk says otherwise."""
    return not output.is_dir() and by_suffix(output) is not None


def _format_of(source: Path) -> Format:
    """By content, as the reader does; by name for what cannot be opened or is no picture (its reading will say so)."""
    form = None
    with suppress(OSError):
        if source.is_file():  # opening a pipe would wait for ever
            with source.open("rb") as file:
                form = sniff(file.read(SNIFFED_BYTES))
    return form or by_suffix(source) or FORMATS[0]


def _suffix(source: Path, form: Format) -> str:
    return source.suffix if by_suffix(source) is form else form.suffixes[0]


def _stem(source: Path, form: Format) -> str:
    if by_suffix(source) is form:
        return source.stem
    endings = {case for ending in _endings() for case in (ending, ending.upper())} - {source.suffix}
    shared = any(source.with_suffix(ending).exists() for ending in endings)
    return _with_ending(source) if shared and source.suffix else source.stem


def _with_ending(source: Path) -> str:
    return f"{source.stem}-{source.suffix.lstrip('.').lower()}"


def _endings() -> list[str]:
    return [ending for form in FORMATS for ending in form.suffixes]


def _suffix_list() -> str:
    return ", ".join(form.suffixes[0] for form in FORMATS)
