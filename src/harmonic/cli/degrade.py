"""`harmonic degrade`: damaged copies of good pictures, to train on or to look at."""

import json
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harmonic.cli.chain import parse_chain
from harmonic.cli.options import Format, Quiet
from harmonic.cli.progress import progress_bar
from harmonic.cli.text import examples, say, tell
from harmonic.errors import PictureError, ResourceError, UsageError, reason, shown

if TYPE_CHECKING:
    from harmonic.degrade.kinds import Chain
    from harmonic.degrade.sheet import Pair

RECORDS = "chains.jsonl"
ON_SHEET = 24

EXAMPLES = examples(
    "harmonic degrade photos/ -o damaged/                        # and damaged/chains.jsonl",
    "harmonic degrade photos/ -o small/ --scale 4 --sheet look.png",
    "harmonic degrade photo.png -o out/ --chain '[{kind: blur, sigma: 1.6}, {kind: jpeg, quality: 30}]'",
)


class Preset(StrEnum):
    """Mixtures of damage by name."""

    classic = "classic"
    hmix = "hmix"
    real = "real"


def degrade(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, or folders of pictures.", metavar="INPUT")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the copies.", metavar="DIR")],
    preset: Annotated[
        Preset | None,
        typer.Option(
            help="classic: blur, noise or JPEG; hmix: all three; real: all twice, with resizing. Default: real."
        ),
    ] = None,
    scale: Annotated[
        int, typer.Option("-s", "--scale", min=1, max=4, metavar="N", help="Copies of 1/N of the size.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Other copies; the same again.")] = 0,
    chain: Annotated[
        str | None, typer.Option(metavar="YAML", help="These degradations, in this order, for every picture.")
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=f"A picture to look at: the first {ON_SHEET}, before and after."),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="auto: the format of the input.")] = Format.png,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write degraded copies of pictures, and what was done to each into DIR/chains.jsonl.

    Every preset leaves some pictures clean. A copy depends on the picture, its name below INPUT and the seed, not on
    the other pictures. At scales above 1, sides are cut to multiples of N first. Prints the name of each copy.
    """
    if chain is not None and (preset is not None or scale != 1):
        raise UsageError("--chain: says all by itself; drop --preset and --scale, or write {kind: bicubic, scale: 2}")

    from harmonic.degrade.copies import copy_chain
    from harmonic.degrade.mixtures import PRESETS
    from harmonic.images.folder import pair_outputs

    fixed = None if chain is None else parse_chain(chain)
    mixture = PRESETS[(preset or Preset.real).value]
    _check(inputs, output, sheet, overwrite)
    good, names = _names(inputs, output)
    failures = len(inputs) - len(good)
    targets = [pair for pair in pair_outputs(dict.fromkeys(good), output, format) if pair[0] in names]
    records: dict[str, dict[str, Any]] = {}
    pairs: list[Pair] = []
    try:
        with progress_bar("degrading", quiet) as progress:
            for number, (source, target) in enumerate(targets):
                name = names[source]
                steps = copy_chain(name, seed, mixture, scale) if fixed is None else fixed
                try:
                    shot = _write(source, target, steps, name, seed, scale, overwrite, quiet)
                except PictureError as error:
                    say(f"error: {error}")
                    failures += 1
                else:
                    records[target.relative_to(output).as_posix()] = _record(name, seed, scale, steps)
                    pairs += [shot] if len(pairs) < ON_SHEET else []
                    tell(target)
                if progress:
                    progress(number + 1, len(targets))
    finally:
        _write_records(output / RECORDS, records)
    if sheet and pairs:
        _write_sheet(sheet, pairs, overwrite)
    if not quiet and len(records) + failures > 1:
        say(f"{len(records)} degraded, {failures} failed")
    if failures:
        raise typer.Exit(1)


def _check(inputs: list[Path], output: Path, sheet: Path | None, overwrite: bool) -> None:
    """Refuse what cannot end well, before any picture is read; make the folder."""
    from harmonic.images.formats import WRITABLE, by_suffix
    from harmonic.images.write import refuse_existing

    if by_suffix(output) and not output.is_dir():
        raise UsageError(f"{shown(output)}: copies go into a folder; name one with -o")
    if any(given.is_dir() and given.resolve() == output.resolve() for given in inputs):
        raise UsageError(f"{shown(output)}: holds the pictures themselves; choose another -o")
    if sheet:
        form = by_suffix(sheet)
        if form is None or form.option is None:
            raise UsageError(f"{shown(sheet)}: this format cannot be written; use one of {WRITABLE}")
        refuse_existing(sheet, overwrite)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"{shown(output)}: a file stands in its place; name a folder with -o") from error
    except OSError as error:
        raise ResourceError(f"{shown(output)}: cannot be made ({reason(error)}); choose another -o") from error


def _names(inputs: list[Path], output: Path) -> tuple[list[Path], dict[Path, str]]:
    """The inputs that hold pictures (others are reported), and each picture's name below the input it was found in.

    Copies of an earlier run inside an input folder are no new inputs.
    """
    from harmonic.images.folder import list_pictures

    good: list[Path] = []
    names: dict[Path, str] = {}
    for given in inputs:
        try:
            found = list_pictures(given)
        except PictureError as error:
            say(f"error: {error}")
            continue
        good.append(given)
        for source in found:
            if not (given.is_dir() and output.resolve() in source.resolve().parents):
                names.setdefault(source, source.relative_to(given).as_posix() if given.is_dir() else source.name)
    return good, names


def _write(
    source: Path, target: Path, steps: "Chain", name: str, seed: int, scale: int, overwrite: bool, quiet: bool
) -> "Pair":
    """Make and write one copy. Raises PictureError; what every file would meet stays a ResourceError."""
    from harmonic.degrade.copies import degraded_copy
    from harmonic.degrade.sheet import pair
    from harmonic.images.picture import Picture
    from harmonic.images.read import read_picture
    from harmonic.images.write import refuse_existing, write_picture
    from harmonic.ops.cells import whole_cells

    if target.resolve() == source.resolve():
        raise PictureError(f"{shown(source)}: its copy would take its place; choose another -o")
    refuse_existing(target, overwrite)
    picture = read_picture(source, deep=False)
    clean = whole_cells(picture.colour, scale)
    if not clean.size:
        raise PictureError(f"{shown(source)}: has fewer than {scale} pixels on a side; use a smaller --scale")
    try:
        copy = degraded_copy(clean, steps, name, seed)
    except (OSError, ValueError, MemoryError) as error:  # an encoder's limit of size, most of all
        raise PictureError(f"{shown(source)}: cannot be degraded ({reason(error)}); cut it smaller") from error
    notes = write_picture(target, Picture(copy, metadata=picture.metadata), overwrite=overwrite)
    if not quiet:
        lost = () if picture.alpha is None else ("transparency is left out",)
        for note in (*lost, *notes):
            say(f"{shown(source)}: {note}")
    return pair(clean, copy, name, steps)


def _record(name: str, seed: int, scale: int, steps: "Chain") -> dict[str, Any]:
    """What makes the copy again (`degrade.copies.degraded_copy`), and how strong each damage is."""
    from harmonic.degrade.kinds import CHAIN
    from harmonic.degrade.labels import strengths

    labels = dict(zip(("noise", "blur", "compression"), strengths(steps), strict=True))
    return {
        "source": name,
        "seed": seed,
        "scale": scale,
        "chain": CHAIN.dump_python(steps, mode="json"),
        "strengths": labels,
    }


def _write_records(path: Path, records: dict[str, dict[str, Any]]) -> None:
    """One line per copy, sorted; lines of copies from earlier runs stay."""
    from harmonic.images.atomic import atomic_write

    known: dict[str, dict[str, Any]] = {}
    with suppress(OSError, UnicodeDecodeError):
        for line in path.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, KeyError, TypeError, AttributeError):  # edited by hand
                entry = json.loads(line)
                known[entry.pop("file")] = entry
    lines = [json.dumps({"file": file, **entry}) for file, entry in sorted({**known, **records}.items())]
    if records:
        atomic_write(path, "".join(f"{line}\n" for line in lines).encode())


def _write_sheet(path: Path, pairs: list["Pair"], overwrite: bool) -> None:
    from harmonic.degrade.sheet import contact_sheet
    from harmonic.images.picture import Picture
    from harmonic.images.write import write_picture

    write_picture(path, Picture(contact_sheet(pairs)), overwrite=overwrite)
