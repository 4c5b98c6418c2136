"""A picture's way through the service, on the compute thread: decoded, restored, encoded; or its parts."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harmonic.images.disclosure import disclosed
from harmonic.images.formats import FORMATS, Format, by_name, writable_like
from harmonic.images.picture import Outline
from harmonic.images.transparency import visible_colours
from harmonic.images.write import encode, refuse
from harmonic.restore.dials import Dials
from harmonic.restore.file import mark_of_making
from harmonic.restore.inspect import diagnosis
from harmonic.restore.restorer import Restorer
from harmonic.serve.compute import Progress
from harmonic.serve.decoder import Decoder, Look
from harmonic.serve.forms import PartsForm, RestoreForm
from harmonic.serve.metrics import Metrics
from harmonic.serve.parts import checked_region, encode_parts, shrinkage, shrunk


@dataclass(frozen=True)
class Admitted:
    """An upload that has its place in the queue. path: its file in the spool. look: what its header told."""

    path: Path
    look: Look
    restorer: Restorer


@dataclass(frozen=True)
class Result:
    """A picture file. notes: what the user should hear, one phrase each."""

    data: bytes
    form: Format
    notes: tuple[str, ...]


Task = Callable[[Progress], Any]


def restoring(picture: Admitted, wish: RestoreForm, decoder: Decoder, metrics: Metrics) -> Task:
    """-> a function of a progress that gives a `Result`."""

    def run(progress: Progress) -> Result:
        with metrics.stage("decode"):
            source = decoder.decode(picture.path)
        own = next(form for form in FORMATS if form.name == source.format)
        form = writable_like(own) if wish.format == "auto" else by_name(wish.format)
        height, width = (picture.restorer.scale * side for side in source.colour.shape[:2])
        channels, dtype = source.colour.shape[2], source.colour.dtype.type
        refuse(form, Outline(height, width, channels, source.alpha is not None, dtype), "picture")
        with metrics.stage("restore"):
            dials = {"strength": wish.strength, "detail": wish.detail, "texture": wish.texture, "seed": wish.seed}
            restored = picture.restorer.restore_picture(source, progress=progress, **dials)
        with metrics.stage("encode"):
            mark = mark_of_making(picture.restorer, Dials(**dials), form)
            metadata = disclosed(restored.metadata, wish.metadata, mark)
            data = encode(replace(restored, metadata=metadata), form.name, wish.quality)
        metrics.add("harmonic_pixels_total", picture.look.pixels)
        return Result(data, form, restored.notes)

    return run


def decomposing(picture: Admitted, wish: PartsForm, decoder: Decoder, metrics: Metrics) -> Task:
    """-> a function that gives the body of `/v1/parts`."""

    def run(progress: Progress) -> bytes:
        restorer, network = picture.restorer, picture.restorer.network
        with metrics.stage("decode"):
            source = decoder.decode(picture.path)
        height, width = source.colour.shape[:2]
        region = checked_region((wish.x, wish.y, wish.width, wish.height), width, height)
        factor = shrinkage(region, restorer.scale, wish.preview, wish.shrink)
        place = region
        if factor < 1:
            x, y, across, down = region
            seen = source.colour if source.alpha is None else visible_colours(source.colour, source.alpha)
            source = replace(source, colour=shrunk(seen[y : y + down, x : x + across], factor), alpha=None)
            place = 0, 0, source.colour.shape[1], source.colour.shape[0]
        with metrics.stage("restore"):
            parts = restorer.decompose(source, region=place, seed=wish.seed, progress=progress)
        about = {"scale": restorer.scale, "region": region, "input": [width, height], "shrunk": factor}
        with metrics.stage("encode"):
            return encode_parts(parts, {**about, "cell": network.config.cell, "seed": wish.seed})

    return run


def inspecting(picture: Admitted, models: Sequence[str], decoder: Decoder, metrics: Metrics) -> Task:
    """-> a function that gives what `/v1/inspect` tells. models: those that are served."""

    def run(progress: Progress) -> dict[str, object]:
        with metrics.stage("decode"):
            source = decoder.decode(picture.path)
        found = diagnosis(source, Path("picture"), picture.look.table, models)
        channels = source.colour.shape[2]
        progress(1, 1)
        reason = ", ".join(found.findings) or "nothing stands out"
        return {
            "width": found.size[0],
            "height": found.size[1],
            "mode": ("L" if channels == 1 else "RGB") + ("A" if source.alpha is not None else ""),
            "depth": found.depth,
            **asdict(found.signs),
            "jpeg_quality": found.jpeg_quality,
            "enlarged": found.enlarged,
            "suggestion": {"model": found.model, "reason": reason, "command": found.command},
        }

    return run
