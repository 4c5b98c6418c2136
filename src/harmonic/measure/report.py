"""What a run of the suites found: figures of pictures, of settings, of all. Printed and written by `table.py`."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harmonic.measure.suites import Suite


@dataclass(frozen=True)
class Quality:
    """Closeness of one picture to the clean one: PSNR in dB (inf if equal), SSIM; not-a-number without a clean one.

    high: PSNR of the detail that a quarter-size picture cannot hold. low: PSNR of the quarter-size pictures.
    more: by name, what `measures.py` has.
    """

    psnr: float = math.nan
    ssim: float = math.nan
    high: float = math.nan
    low: float = math.nan
    more: Mapping[str, float] = field(default_factory=dict)

    def figures(self) -> dict[str, float]:
        """All by name, without those that there are not."""
        fixed = {"psnr": self.psnr, "ssim": self.ssim, "high": self.high, "low": self.low}
        return {name: value for name, value in {**fixed, **self.more}.items() if not math.isnan(value)}


@dataclass(frozen=True)
class PictureScore:
    """One picture before and after. seconds: the restorer's own time, without reading, damage or scoring.

    digest: SHA-256 of the degraded samples in C order, as they were given to the restorer.
    """

    picture: str
    before: Quality
    after: Quality
    seconds: float
    digest: str


@dataclass(frozen=True)
class SettingScore:
    """One setting of one suite on one set of pictures, with what a reader needs to repeat it (protocol C8).

    sets: by measure of whole sets, its figures before and after. published: the setting's name in tables of others.
    """

    suite: Suite
    setting: str
    published: str
    shave: int
    data: str
    pictures: tuple[PictureScore, ...]
    sets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def before(self) -> Quality:
        return self._mean([score.before for score in self.pictures])

    @property
    def after(self) -> Quality:
        return self._mean([score.after for score in self.pictures])

    @property
    def equal_pictures(self) -> int:
        """Outputs equal to the clean picture: counted as `identical` dB, or left out of the means of PSNR."""
        return sum(math.isinf(score.after.psnr) for score in self.pictures)

    @property
    def seconds(self) -> float:
        return sum(score.seconds for score in self.pictures)

    def _mean(self, qualities: Sequence[Quality]) -> Quality:
        """Mean over pictures, never the PSNR of the mean error (C2)."""
        names = dict.fromkeys(name for q in qualities for name in q.more)
        return Quality(
            psnr=mean_decibel((q.psnr for q in qualities), self.suite.identical),
            ssim=sum(q.ssim for q in qualities) / len(qualities),
            high=mean_decibel((q.high for q in qualities), self.suite.identical),
            low=mean_decibel((q.low for q in qualities), self.suite.identical),
            more={name: _mean_of_known(q.more.get(name, math.nan) for q in qualities) for name in names},
        )


@dataclass(frozen=True)
class Report:
    """All figures of one run.

    machine: processor, torch, threads; bf16 figures move in the third decimal with it. trained_on: the data of the
    model's card. sha256: of the weights file, where there is one. protocols: of the measures, by name.
    """

    model: str
    code: str
    encoder: str
    machine: str
    scores: tuple[SettingScore, ...]
    trained_on: str = ""
    command: str = ""
    date: str = ""
    sha256: str = ""
    protocols: Mapping[str, str] = field(default_factory=dict)


def mean_decibel(values: Iterable[float], identical: float | None) -> float:
    """Mean of dB figures, infinite ones counted as `identical` or left out; inf if nothing else is there."""
    counted = [identical if math.isinf(v) and identical is not None else v for v in values]
    finite = [v for v in counted if not math.isinf(v)]
    return sum(finite) / len(finite) if finite else math.inf


def _mean_of_known(values: Iterable[float]) -> float:
    """Mean of those pictures that have the figure, infinite ones left out; not-a-number if none has it."""
    known = [value for value in values if not math.isnan(value)]
    return mean_decibel(known, None) if known else math.nan
