"""A tile that fails is done again by something safer, and nothing that failed reaches a picture."""

from collections.abc import Callable

import pytest
import torch

from harmonic.errors import PictureError
from harmonic.nn.parts import Parts
from harmonic.restore.runtimes.guard import Attempt, fault, run_guarded

CELL = 4


def parts(spoil: Callable[[torch.Tensor], torch.Tensor] = lambda hf: hf, texture: torch.Tensor | None = None) -> Parts:
    """Sound parts of a picture of 9 x 11 pixels, but for what is done to HF."""
    generator = torch.Generator().manual_seed(0)
    x, hf = torch.rand(1, 3, 12, 12, generator=generator), torch.rand(1, 3, 12, 12, generator=generator)
    cells = torch.nn.functional.avg_pool2d(hf, CELL).repeat_interleave(CELL, 2).repeat_interleave(CELL, 3)
    cut = (..., slice(9), slice(11))
    return Parts(x[cut], x[cut] / 9, spoil(hf - cells)[cut], texture)


def attempt(result: Parts, note: str = "") -> Attempt:
    return Attempt(lambda: lambda x, context, noise: result, note)


def run(*attempts: Attempt) -> tuple[Parts, list[str]]:
    told: list[str] = []
    return run_guarded(attempts, CELL, torch.rand(1, 3, 9, 11), None, None, told.append), told


def test_sound_parts_have_no_fault():
    assert fault(parts(), CELL) is None


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_one_value_that_is_not_finite_is_a_fault(bad):
    def spoil(hf):
        hf[0, 1, 5, 6] = bad
        return hf

    assert fault(parts(spoil), CELL) == "not finite"


def test_texture_that_moves_a_cell_mean_is_a_fault():
    def spoil(hf):
        hf[0, 2, 4, 4] += 0.01
        return hf

    assert "moves cell means" in (fault(parts(spoil), CELL) or "")
    assert "moves cell means" in (fault(parts(texture=torch.full((1, 3, 9, 11), 1e-3)), CELL) or "")


def test_cells_that_the_border_cuts_are_not_judged():
    def spoil(hf):
        hf[..., 8:, :] += 0.5
        return hf

    assert fault(parts(spoil), CELL) is None


def test_the_first_sound_attempt_counts_and_says_so():
    bad, good = parts(lambda hf: hf + 1), parts()
    assert run(attempt(good), attempt(bad, "never")) == (good, [])
    assert run(attempt(bad), attempt(bad, "first"), attempt(good, "second"), attempt(good, "third")) == (
        good,
        ["second"],
    )


def test_a_tile_that_nothing_can_do_costs_the_picture():
    bad = parts(lambda hf: hf + 1)
    with pytest.raises(PictureError, match=r"moves cell means .* because of the weights"):
        run(attempt(bad), attempt(bad, "tried"))


def test_a_picture_that_is_not_finite_is_refused_before_any_attempt():
    with pytest.raises(PictureError, match="because of the picture itself"):
        run_guarded([], CELL, torch.full((1, 3, 2, 2), float("nan")), None, None, print)
