"""`harmonic data`: look through pictures before training on them, and pack them so that training starts at once."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from harmonic.cli.options import Quiet
from harmonic.cli.progress import progress_bar
from harmonic.cli.text import examples, say, tell
from harmonic.errors import PictureError, UsageError

app = typer.Typer(help="Check and pack pictures for training.", no_args_is_help=True, rich_markup_mode=None)

Folders = Annotated[list[Path], typer.Argument(help="Folders of pictures, or lists of them (.txt).", metavar="FOLDER")]


@app.command(
    "check",
    epilog=examples(
        "harmonic data check pictures/",
        "harmonic data check pictures/ --smallest 256 --against test/ -o manifest.jsonl",
        "harmonic data check clean/ --inputs small/ --scale 2    # pairs",
    ),
)
def check(
    folders: Folders,
    smallest: Annotated[
        int, typer.Option(min=1, metavar="N", help="Shortest side that will do: the crop of your recipe, enlarged.")
    ] = 1,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Pictures that must not be among them, such as a test set; repeatable.", metavar="FOLDER"),
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option(help="Damaged or small pictures that belong to FOLDER's.", metavar="DIR")
    ] = None,
    scale: Annotated[int, typer.Option("-s", "--scale", min=1, max=8, help="Enlargement from inputs.")] = 1,
    pairs: Annotated[
        Path | None, typer.Option(help="Which belong together: lines `input target`; default: by name.", metavar="FILE")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the manifest there, a JSON line a file.", metavar="FILE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The manifest on stdout instead of the report.")] = False,
    quiet: Quiet = False,
) -> None:
    """Decode every picture and report what would spoil a training.

    Bad (exit code 1): files that cannot be used, blank ones, duplicates, pictures that are also held out (val.txt,
    --against), pairs that do not fit. Hints: what looks alike, more than 8 bit, JPEG blocks, shifted pairs.
    """
    from harmonic.cli.data_report import write_report
    from harmonic.images.atomic import atomic_write
    from harmonic.train.check import check_pairs, check_pictures

    if pairs is not None and inputs is None:
        raise UsageError("--pairs: says which inputs belong to FOLDER's pictures; name their folder with --inputs")
    if inputs is not None and len(folders) > 1:
        raise UsageError("--inputs: goes with one FOLDER; check the others apart")
    files, held_out = _files(folders), _held_out(folders, against or [])
    with progress_bar("checking", quiet) as progress:
        records = check_pictures(files, held_out, smallest, progress)
    if inputs is not None:
        with _wrong_folders_are_wrong_usage(), progress_bar("comparing", quiet) as progress:
            records += check_pairs(inputs, folders[0], scale, pairs, progress)
    lines = [json.dumps(record.as_json()) for record in records]
    if as_json:
        for line in lines:
            tell(line)
    else:
        write_report(records)
    if output is not None:
        atomic_write(output, "".join(f"{line}\n" for line in lines).encode())
    if not quiet:
        _say_passed_over(folders)
    if any(record.bad for record in records):
        raise typer.Exit(1)


@app.command(
    "pack",
    epilog=examples(
        "harmonic data pack pictures/ -o pictures.pack",
        "harmonic train recipes/restore_fast.yaml --data pictures.pack --out runs/mine",
    ),
)
def pack(
    folders: Folders,
    output: Annotated[Path, typer.Option("-o", "--output", help="The packed file.", metavar="FILE")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
    quiet: Quiet = False,
) -> None:
    """Decode pictures once, into a file that training starts from at once.

    Give it to --data in place of the folder; the crops of val.txt are packed along. It is as large as the pixels, 3 MB
    a megapixel. When pictures change, training asks to pack them again.
    """
    from harmonic.train.packed import pack as write_packed

    files = _files(folders)
    with progress_bar("packing", quiet) as progress:
        count, left_out = write_packed(folders, output, overwrite=overwrite, progress=progress)
    for line in left_out:
        say(f"error: {line}")
    if not quiet:
        say(f"{count} of {len(files)} pictures packed, {output.stat().st_size / 1e6:,.0f} MB")
    tell(output)
    if left_out:
        raise typer.Exit(1)


def _files(folders: Sequence[Path]) -> list[Path]:
    """The pictures of all folders, each once. Raises UsageError for one that is missing or empty."""
    from harmonic.train.pictures import training_files

    with _wrong_folders_are_wrong_usage():
        return list(dict.fromkeys(path for folder in folders for path in training_files(folder)))


def _held_out(folders: Sequence[Path], against: Sequence[Path]) -> list[Path]:
    """Pictures of validation, and of the folders to keep apart."""
    from harmonic.images.folder import list_pictures
    from harmonic.train.pictures import training_files, validation_crops

    with _wrong_folders_are_wrong_usage():
        validation = [crop.path for folder in folders for crop in validation_crops(folder)]
        kept = [path for f in against for path in (list_pictures(f) if f.is_dir() else training_files(f))]
        return list(dict.fromkeys([*validation, *kept]))


@contextmanager
def _wrong_folders_are_wrong_usage() -> Iterator[None]:
    """A folder that is missing or empty is a mistake in the command (exit code 2), not one of many pictures."""
    try:
        yield
    except PictureError as error:
        raise UsageError(str(error)) from None


def _say_passed_over(folders: Sequence[Path]) -> None:
    """Files that no list names and whose endings are not of pictures that we read: they may be meant."""
    from harmonic.images.formats import by_suffix

    endings: Counter[str] = Counter()
    for folder in folders:
        if folder.is_dir() and not (folder / "train.txt").is_file():
            found = (p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
            endings.update(p.suffix.lower() or "no ending" for p in found if not by_suffix(p))
    endings.pop(".txt", None)
    if endings:
        kinds = ", ".join(f"{count} {ending}" for ending, count in endings.most_common(5))
        say(f"{endings.total()} files passed over, since their names are not those of pictures: {kinds}")
