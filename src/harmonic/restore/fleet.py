"""Several models for one job: each picture gets the one of the smallest enlargement that reaches the size asked for."""

from collections.abc import Callable, Iterator, Sequence

from harmonic.assets import model_names
from harmonic.errors import PictureError, WeightsError
from harmonic.images.glance import upright_size
from harmonic.restore.batch import Pair
from harmonic.restore.restorer import DEFAULT_MODEL, Restorer
from harmonic.restore.size import Size, plan_size

BY_SCALE = {1: DEFAULT_MODEL, 2: "sr2-fast", 4: "sr4-fast"}
"""The bundled model that is meant for each enlargement when the user names none."""


class Fleet:
    """model: the user's, None = the bundled ones. make: a Restorer of a name, called once for each that is needed."""

    def __init__(self, make: Callable[[str], Restorer], model: str | None):
        self._make, self._model = make, model
        self._made: dict[str, Restorer] = {}

    def groups(
        self, pairs: Sequence[Pair], size: Size | None, page: int | None = None
    ) -> Iterator[tuple[Restorer, list[Pair]]]:
        """The pairs by the restorer that suits them; in their order where one restorer suits all. page: the one that
        is restored.

        A picture that no model reaches goes to the one that enlarges most, which will say so. Raises WeightsError when
        that is so for every picture.
        """
        if size is None:
            yield self._restorer(self._model or DEFAULT_MODEL), list(pairs)
            return
        models = self._scales()
        whose = self._restorer(self._model).name if self._model else "the largest bundled model"
        found: dict[int, list[Pair]] = {}
        refusals: list[WeightsError] = []
        for source, target in pairs:
            scale = min(models)
            if sides := upright_size(source, page):
                try:
                    scale = plan_size(size, *sides, models, whose).scale
                except WeightsError as error:
                    scale = max(models)
                    refusals.append(error)
                except PictureError:  # the restorer says it again, with the name of the file
                    pass
            found.setdefault(scale, []).append((source, target))
        if refusals and len(refusals) == len(pairs):
            raise refusals[0]
        for scale, group in found.items():
            yield self._restorer(models[scale]), group

    def _scales(self) -> dict[int, str]:
        if self._model is not None:
            return {self._restorer(self._model).scale: self._model}
        bundled = set(model_names())
        return {scale: name for scale, name in BY_SCALE.items() if name in bundled} or BY_SCALE

    def _restorer(self, model: str) -> Restorer:
        if model not in self._made:
            self._made[model] = self._make(model)
        return self._made[model]
