"""What `harmonic restore` writes and says beside a result: maps, a comparison, a report."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmonic.cli.text import say
from harmonic.errors import shown

if TYPE_CHECKING:
    from harmonic.images.picture import Picture
    from harmonic.restore.batch import Done, Pair, Settings, Skipped
    from harmonic.restore.restorer import Restorer


@dataclass(frozen=True)
class Companions:
    """maps, compare: folders, None = not wanted. root: a folder above all results; what lies between is kept."""

    maps: Path | None
    compare: Path | None
    report: bool
    root: Path | None

    def make(
        self, outcome: "Done | Skipped", restorer: "Restorer", settings: "Settings", quiet: bool
    ) -> dict[str, Any]:
        """For one result -> what --json adds. Raises PictureError.

        Of a result that was there before, what lies beside it already is left as it is.
        """
        from harmonic.restore.batch import Skipped

        source, target, made = outcome.source, outcome.target, {}
        before = isinstance(outcome, Skipped) and not settings.overwrite
        given, result = cache(lambda: _given(source, settings)), cache(lambda: _result(target))  # each is decoded once
        if self.report:
            from harmonic.restore.report import change

            found = change(given(), result())
            made["change"] = asdict(found)
            if not quiet:
                say(f"{shown(target)}: {found}")
        if self.maps:
            from harmonic.restore.dials import Dials
            from harmonic.restore.maps import LAST_MAP, map_path, write_maps

            dials = Dials(
                strength=settings.strength, detail=settings.detail, texture=settings.texture, seed=settings.seed
            )
            stem = self._stem(self.maps, target)
            if not (before and map_path(stem, LAST_MAP).exists()):
                overwrite = settings.overwrite or before  # a run may have ended between two maps
                made["maps"] = write_maps(restorer, given(), dials, stem, overwrite)
        if self.compare:
            from harmonic.restore.compare import page_path

            stem = self._stem(self.compare, target)
            if not (before and page_path(stem).exists()):
                pictures = {"before": given(), "after": result()}
                made["compare"] = show_comparison(stem, target.name, pictures, settings.overwrite)
        return made

    def _stem(self, folder: Path, target: Path) -> Path:
        inside = self.root is not None and self.root.absolute() in target.absolute().parents
        below = target.absolute().parent.relative_to(self.root.absolute()) if inside and self.root else Path()
        return folder / below / target.name  # with its ending: a.jpg and a.png may lie side by side


def common_folder(pairs: "Sequence[Pair]") -> Path | None:
    """The lowest folder that all results lie below; None where there is none."""
    try:
        return Path(os.path.commonpath([target.absolute().parent for _, target in pairs]))
    except ValueError:  # no pairs, or several drives
        return None


def show_comparison(stem: Path, title: str, pictures: "Mapping[str, Picture]", overwrite: bool) -> list[Path]:
    """As `write_comparison`, and say where there is no picture of all."""
    from harmonic.restore.compare import write_comparison

    paths = write_comparison(stem, title, pictures, overwrite)
    if len(paths) == 1:
        say(f"{shown(paths[0])}: stands alone, since a picture of all side by side would be too large")
    return paths


def _given(source: Path, settings: "Settings") -> "Picture":
    from harmonic.images.read import read_picture

    return read_picture(source, max_pixels=settings.max_pixels, page=settings.page)


def _result(target: Path) -> "Picture":
    """Our own file, which may be larger than what is taken from others."""
    from harmonic.images.read import read_picture

    return read_picture(target, max_pixels=1 << 40)
