"""The generative texture head (seed §9): many textures, one structure."""

import copy
from collections.abc import Iterator

import numpy as np

from harmonic.measure.verify import bounds
from harmonic.measure.verify.check import Check, Picture, judge, not_applicable
from harmonic.measure.verify.drawing import sheet
from harmonic.measure.verify.laws import largest, worst
from harmonic.measure.verify.passes import damages, decibel
from harmonic.measure.verify.subject import Subject, parts_of, to_array
from harmonic.network.harmonic import Harmonic
from harmonic.nn.modulated import ModulatedConv
from harmonic.ops.band import cell_mean
from harmonic.ops.eight_bit import to_uint8
from harmonic.ops.quality import high_band_energy, low_band_psnr

COUNT = 4  # crops

_BOUNDS = (
    bounds.TEXTURE_SEEDS,
    bounds.TEXTURE_STRUCTURE,
    bounds.TEXTURE_ZERO,
    bounds.TEXTURE_MEANS,
    bounds.TEXTURE_DRIFT,
    bounds.WITHOUT_NOISE,
)


def check_texture(subject: Subject) -> Iterator[Check]:
    """On crops with the first kind of damage that leaves texture to be made."""
    network = subject.deployed
    if not network.config.generates:
        for bound in _BOUNDS:
            yield not_applicable(bound, "this network generates no texture")
        return
    case = "moderate" if subject.scale == 1 else "bicubic"
    cell, still = network.config.cell, without_noise(network)
    differences, structure, zero, means, drift, added = [], [], [], [], [], []
    panes: dict[str, np.ndarray] = {}
    for number, clean in enumerate(subject.crops[:COUNT]):
        damaged = damages(subject.scale, subject.blind)[case](clean, number)
        plain = parts_of(network, damaged)
        first, second = (parts_of(network, damaged, seed) for seed in (1, 2))
        assert first.texture is not None and second.texture is not None
        differences.append(float((first.texture - second.texture).abs().mean()))
        structure += [largest(a - b) for a, b in ((first.lf, second.lf), (first.hf, second.hf))]
        zero.append(largest(first.mix() - plain.mix()))
        height, width = (side - side % cell for side in first.texture.shape[-2:])
        whole = cell_mean(first.texture[..., :height, :width], cell)
        means.append(largest(whole) / max(largest(first.texture), 1e-6))
        without, along = (to_uint8(to_array(first.mix(texture=t))) for t in (0, 1))
        calm = to_uint8(to_array(parts_of(still, damaged, 1).mix(texture=1)))
        drift.append(decibel(low_band_psnr(along, without)))
        added.append((high_band_energy(along) - high_band_energy(calm)) / high_band_energy(clean))
        if not panes:
            other = to_uint8(to_array(second.mix(texture=1)))
            panes = {"input": to_uint8(to_array(plain.base)), "plain": without, "seed 1": along, "seed 2": other}
    pictures = [Picture("Generated texture, two of many.", sheet([panes]))]
    yield judge(bounds.TEXTURE_SEEDS, float(np.mean(differences)), "mean absolute difference", pictures)
    yield judge(bounds.TEXTURE_STRUCTURE, worst(structure))
    yield judge(bounds.TEXTURE_ZERO, worst(zero))
    yield judge(bounds.TEXTURE_MEANS, worst(means), "of the largest value of the texture")
    yield judge(bounds.TEXTURE_DRIFT, float(np.mean(drift)))
    yield judge(bounds.WITHOUT_NOISE, float(np.mean(added)), "with the head's noise, less without it")


def without_noise(network: Harmonic) -> Harmonic:
    """The same with all strengths of noise at 0: its texture comes from features alone."""
    still = copy.deepcopy(network)
    for module in still.modules():
        if isinstance(module, ModulatedConv):
            module.strength.data.zero_()
    return still
