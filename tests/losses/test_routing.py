"""What the losses on routing want, by cases with known answers."""

import torch

from harmonic.losses.routing import balance, entropy, supervision, z_loss
from harmonic.nn.routing import Routing


def routing(scores: list[float], gates: list[float]) -> Routing:
    """The same decision in 2 x 3 cells."""
    both = (torch.tensor(v)[None, :, None, None].expand(1, 4, 2, 3) for v in (scores, gates))
    wanted, given = both
    return Routing(wanted.logit(), given)


def test_balance_is_zero_when_experts_count_alike_and_grows_as_one_takes_over():
    even = balance(routing([0.5] * 4, [0.2] * 4))
    one = balance(routing([0.9, 0.1, 0.1, 0.1], [0.8, 0, 0, 0]))
    assert even == 0 and one > 3


def test_entropy_is_log_k_for_k_equal_gates_and_zero_for_one_or_none():
    for gates, expected in [([0.3, 0.3, 0, 0], 2.0), ([0.7, 0, 0, 0], 1.0), ([0, 0, 0, 0], 1.0)]:
        torch.testing.assert_close(entropy(routing([0.5] * 4, [float(g) for g in gates])).exp(), torch.tensor(expected))


def test_supervision_is_least_when_scores_are_the_labels():
    decided, labels = routing([0.9, 0.1, 0.1, 0.2], [0.7, 0, 0, 0]), torch.tensor([[0.9, 0.1, 0.1, 0.2]])
    assert supervision(decided, labels) < supervision(decided, labels.flip(1))
    assert supervision(decided, labels) == supervision(decided, labels[:, :, None, None].expand(1, 4, 2, 3))


def test_z_loss_is_the_mean_square_of_logits():
    assert z_loss(routing([0.5] * 4, [0.0] * 4)) == 0
