"""From folders to the stream of samples and the cases of validation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harmonic.errors import UsageError
from harmonic.ops.eight_bit import to_float
from harmonic.train.batches import thumbnails_of
from harmonic.train.data import read_training, read_validation
from harmonic.train.pairs import read_pairs
from harmonic.train.pictures import training_files, validation_crops
from harmonic.train.recipe import Recipe
from harmonic.train.samples import Stream
from harmonic.train.validate import Case, cases

MOST_HELD_OUT = 8
"""Pairs, the last ones by name, that are validated on instead of trained on; a tenth of all if that is less."""


@dataclass(frozen=True)
class Source:
    """Where the pictures of a run are.

    data: folders, lists or packed files, at least one. inputs: the folder of the pictures' degraded partners, for data
    in pairs; then there is one data folder. pairs: a list of them, if names do not tell. strict: refuse
    to start when a picture cannot be used.
    """

    data: Sequence[Path]
    inputs: Path | None = None
    pairs: Path | None = None
    strict: bool = False


def read_source(source: Source, recipe: Recipe, say: Callable[[str], None]) -> tuple[Stream, dict[str, Case]]:
    """The stream of samples and the cases to validate on; what is left out is said.

    Raises UsageError for unusable data.
    """
    smallest = recipe.model.scale * max(phase.crop for phase in recipe.schedule.phases)
    inputs: list[np.ndarray] | None = None
    if source.pairs is not None and source.inputs is None:
        raise UsageError("--pairs: says which inputs belong to the pictures; name their folder with --inputs")
    if source.inputs is None:
        pictures, left_out = read_training(source.data, smallest, strict=source.strict, say=say)
        if leaks := _validated_and_trained_on(source.data):
            say(f"{leaks} pictures of val.txt are trained on too, which flatters; list the others in train.txt")
        crops = read_validation(source.data)
        validation = cases(crops, recipe.model.scale, recipe.mixture.real > 0) if crops else {}
    else:
        if len(source.data) > 1:
            raise UsageError("--inputs: goes with one --data folder, the one of the targets")
        found = read_pairs(source.inputs, source.data[0], recipe.model.scale, source.pairs, smallest=smallest,
                           strict=source.strict)  # fmt: skip
        held = min(MOST_HELD_OUT, len(found.pairs) // 10)
        taken = found.pairs[: len(found.pairs) - held]
        pictures, inputs = [pair.gt for pair in taken], [pair.lq for pair in taken]
        left_out = [*found.bad, *found.shifted]
        validation = {"pairs": [(to_float(pair.lq), pair.gt) for pair in found.pairs[len(taken) :]]} if held else {}
        say(f"{len(taken)} pairs to train on, {held} to validate on")
    for line in left_out:
        say(line)
    looks = recipe.model.config().context is not None
    seen = thumbnails_of(inputs or pictures) if looks else None  # as when restoring, where there are inputs alone
    stream = Stream(pictures, recipe.mixture, recipe.seed, recipe.model.scale, seen, inputs,
                    synthetic=recipe.data.synthetic, detailed=recipe.data.detailed)  # fmt: skip
    return stream, validation


def _validated_and_trained_on(data: Sequence[Path]) -> int:
    """Pictures of folders that are on both sides; packed files do not tell."""
    folders = [path for path in data if path.is_dir()]
    held_out = {crop.path.resolve() for folder in folders for crop in validation_crops(folder)}
    return len(held_out & {path.resolve() for folder in folders for path in training_files(folder)})
