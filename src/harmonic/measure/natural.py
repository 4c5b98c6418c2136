"""No-reference and set measures on natural-scene statistics: NIQE-free and FD-NSS.

NIQE's own model of pristine pictures is data of its authors without a free licence, so ours is fitted to free
pictures, by NIQE's rules. The figures are therefore not NIQE's and must not be printed in one column with it. As
NIQE does, it rewards over-sharpening (protocol P-RW-2): never judge by it alone.
Source of the formulas: Mittal, Soundararajan and Bovik, IEEE SPL 2013.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from harmonic.ops.frechet import frechet_distance
from harmonic.ops.quality import luma
from harmonic.ops.scene_statistics import FEATURES, scene_features

SHARP = 0.75
"""Share of the sharpest patch of a picture from which on a patch describes pristine pictures (the paper's value)."""

ASSET = "niqe-free.json"


@dataclass(frozen=True, eq=False)
class SceneModel:
    """Patches of pristine pictures as a Gaussian. mean (36,), covariance (36, 36); pictures: how many were fitted."""

    mean: np.ndarray
    covariance: np.ndarray
    pictures: int


def fit_scenes(pictures: Iterable[np.ndarray]) -> SceneModel:
    """The model of the sharp patches of clean pictures. (H, W, 3) uint8 each, sides of at least 96 pixels."""
    kept = []
    for picture in pictures:
        features, sharpness = scene_features(luma(picture))
        if len(features):
            kept.append(features[sharpness > SHARP * sharpness.max()])
    patches = np.concatenate(kept)
    return SceneModel(patches.mean(0), np.cov(patches, rowvar=False), len(kept))


def niqe_free(picture: np.ndarray, model: SceneModel | None = None) -> float:
    """How far the statistics of a picture's patches lie from those of pristine ones; lower is better, about 3 is clean.

    (H, W, 3) uint8, sides of at least 96 pixels (ValueError), luma of protocol C4 unrounded, no border cropped;
    not-a-number when no patch or only one has any contrast. model: None = the bundled one.
    """
    model = model or bundled_scenes()
    features, _ = scene_features(luma(picture))
    if len(features) < 2:
        return float("nan")
    gap = features.mean(0) - model.mean
    pooled = (np.cov(features, rowvar=False) + model.covariance) / 2
    return float(np.sqrt(gap @ np.linalg.pinv(pooled) @ gap))


def fd_nss(outputs: np.ndarray, targets: np.ndarray, model: SceneModel | None = None) -> float:
    """Fréchet distance between patches of restored and of clean pictures; 0 is best. Not FID: nothing is learnt.

    outputs, targets (N, 36) and (M, 36): `scene_features` of all patches of each set; each feature counts in units of
    its deviation over pristine patches. Below some 500 patches the figure is mostly their number: state it.
    """
    deviation = np.sqrt(np.diag((model or bundled_scenes()).covariance))
    return frechet_distance(outputs / deviation, targets / deviation)


@cache
def bundled_scenes() -> SceneModel:
    """The model that comes with the package, made by `benchmarks/fit_scenes.py`."""
    return scenes_from_json(files("harmonic.assets").joinpath(ASSET).read_text(encoding="utf-8"))


def scenes_to_json(model: SceneModel, note: str) -> str:
    """Seven digits of mean and of the upper triangle of the covariance, with a line on where they are from."""
    upper = model.covariance[np.triu_indices(FEATURES)]
    content = {"note": note, "pictures": model.pictures, "mean": _rounded(model.mean), "covariance": _rounded(upper)}
    return json.dumps(content, indent=1) + "\n"


def scenes_from_json(text: str) -> SceneModel:
    content: dict[str, Any] = json.loads(text)
    upper = np.zeros((FEATURES, FEATURES))
    upper[np.triu_indices(FEATURES)] = content["covariance"]
    covariance = upper + upper.T - np.diag(np.diag(upper))
    return SceneModel(np.array(content["mean"]), covariance, content["pictures"])


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.7g}") for value in values]
