"""The models that are served: all loaded at the start, so that a bad file is told to the operator and to no client."""

from pathlib import Path

from harmonic.errors import UsageError
from harmonic.restore.restorer import Restorer
from harmonic.serve.parts import PREVIEW
from harmonic.serve.settings import Settings


class Models:
    """names: as clients say them, the default first. Raises WeightsError, and UsageError for two of one name."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._sources = {model.removesuffix(".safetensors").rpartition("/")[2]: model for model in settings.models}
        if len(self._sources) < len(settings.models):
            raise UsageError("--model: two models have one name; rename a weights file")
        self._loaded = {
            name: Restorer(source, device=settings.device, precision=settings.precision, tile=settings.tile)
            for name, source in self._sources.items()
        }

    @property
    def names(self) -> list[str]:
        return list(self._sources)

    @property
    def default(self) -> str:
        return self.names[0]

    def get(self, name: str | None) -> Restorer:
        """None: the default. Raises UsageError for a name that is not served."""
        if restorer := self._loaded.get(name or self.default):
            return restorer
        raise UsageError(f"model: {(name or '')[:60]!r} is not served here; use one of {', '.join(self._sources)}")

    def most_pixels(self, restorer: Restorer) -> int:
        """Input pixels that one picture may have: bounded by what comes in and by what goes out."""
        return min(self._settings.max_pixels, self._settings.result_pixels // restorer.scale**2)

    def listed(self) -> list[dict[str, object]]:
        """What `GET /v1/models` tells."""
        return [self._told(name, restorer) for name, restorer in self._loaded.items()]

    def _told(self, name: str, restorer: Restorer) -> dict[str, object]:
        network = restorer.network
        return {
            "name": name,
            "file": Path(self._sources[name]).name,
            "scale": restorer.scale,
            "title": f"{name}: {_purpose(restorer)}",
            "default": name == self.default,
            "texture": restorer.generates,
            "experts": network.routing_cell is not None,
            "limits": {"pixels": self.most_pixels(restorer), "preview": PREVIEW},
        }


def _purpose(restorer: Restorer) -> str:
    """What tells the models of a list apart, in a few words."""
    if restorer.scale == 1:
        return "generates texture" if restorer.generates else "keeps the size"  # few words: the list is narrow
    mends = restorer.card is not None and restorer.card.task == "restore"
    return f"{'mends and enlarges' if mends else 'enlarges'} by {restorer.scale}"
