"""Who steps in for whom when a tile fails."""

import copy

import numpy as np
import pytest
import torch

from harmonic.errors import PictureError
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.restore.restorer import Restorer
from harmonic.restore.runtimes.attempts import attempts_of
from harmonic.restore.runtimes.choice import Choice

CPU = torch.device("cpu")


def test_torch_in_fp32_follows_the_chosen_runtime_and_the_fast_weights_follow_others(tiny_network):
    def notes(choice, name):
        return [attempt.note for attempt in attempts_of(fuse(tiny_network), CPU, choice, name)[0]]

    repeated = "torch in bf16 gave values that no picture may have, so parts were repeated in fp32 by torch"
    replaced = "the weights gave values that no picture may have, so parts were restored by restore-fast"
    assert notes(Choice("torch", "bf16"), "mine") == ["", repeated, replaced]
    assert notes(Choice("torch", "fp32"), "mine") == ["", replaced]
    assert notes(Choice("torch", "fp32"), "restore-fast") == [""]


def spoiled(network: Harmonic) -> Harmonic:
    """A copy with weights that are not numbers."""
    network = copy.deepcopy(network)
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    return network


def test_a_picture_that_weights_fail_at_is_restored_by_the_fast_ones(tiny_network):
    source = np.full((40, 50, 3), 0.5, np.float32)
    result = Restorer(spoiled(tiny_network), device="cpu", precision="fp32").restore(source)
    assert np.isfinite(result).all() and np.abs(result - source).max() < 0.05


def test_without_fallback_nobody_steps_in(tiny_network):
    """So that what is compared or timed is what it is called."""
    restorer = Restorer(spoiled(tiny_network), device="cpu", precision="fp32", fallback=False)
    with pytest.raises(PictureError, match="not finite because of the weights"):
        restorer.restore(np.full((40, 50, 3), 0.5, np.float32))
