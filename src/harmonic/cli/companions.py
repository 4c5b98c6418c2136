"""What `harmonic restore` writes and says beside a result: maps, a comparison, a report."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmonic.cli.text import say

if TYPE_CHECKING:
    from harmonic.restore.batch import Settings
    from harmonic.restore.restorer import Restorer


@dataclass(frozen=True)
class Companions:
    """maps, compare: folders, None = not wanted. root: what the names of results are taken relative to."""

    maps: Path | None
    compare: Path | None
    report: bool
    root: Path | None

    def make(
        self, source: Path, target: Path, restorer: "Restorer", settings: "Settings", quiet: bool
    ) -> dict[str, Any]:
        """For one result -> what --json adds. Raises PictureError."""
        if not (self.maps or self.compare or self.report):
            return {}

        from harmonic.images.message import shown
        from harmonic.images.read import read_picture

        made: dict[str, Any] = {}
        if self.report:
            from harmonic.restore.report import change

            found = change(source, target)
            made["change"] = asdict(found)
            if not quiet:
                say(f"{shown(target)}: {found}")
        if self.maps:
            from harmonic.restore.dials import Dials
            from harmonic.restore.maps import write_maps

            dials = Dials(
                strength=settings.strength, detail=settings.detail, texture=settings.texture, seed=settings.seed
            )
            stem = self._stem(self.maps, target)
            made["maps"] = write_maps(restorer, read_picture(source), dials, stem, settings.overwrite)
        if self.compare:
            from harmonic.restore.compare import write_comparison

            pictures = {"before": read_picture(source), "after": read_picture(target)}
            stem = self._stem(self.compare, target)
            made["compare"] = write_comparison(stem, target.name, pictures, settings.overwrite)
        return made

    def _stem(self, folder: Path, target: Path) -> Path:
        inside = self.root is not None and self.root in target.parents
        below = target.parent.relative_to(self.root) if inside and self.root else Path()
        return folder / below / target.name  # with its ending: a.jpg and a.png may lie side by side
