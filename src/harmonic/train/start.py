"""How a run begins: from nothing, from other weights, or where it stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from harmonic.assets import find_weights
from harmonic.errors import UsageError
from harmonic.network.checkpoint import load_network
from harmonic.network.config import NetworkConfig
from harmonic.train.learner import Learner
from harmonic.train.ranks import Ranks
from harmonic.train.recipe import Recipe
from harmonic.train.state import Progress, latest_state


def begin(
    learner: Learner,
    recipe: Recipe,
    out: Path,
    ranks: Ranks,
    *,
    resume: bool,
    init: Path | None,
    circumstances: dict[str, Any],
    say: Callable[[str], None],
) -> Progress:
    """Bring the learner to where its run stands -> the progress. Files are read by the first process alone.

    init: a bundled name or a weights file. circumstances: those of now.
    Raises UsageError when `out` holds a run of another recipe, or `init` the weights of another network.
    """
    found = ranks.from_first(lambda: latest_state(out, recipe, say)) if resume else None
    if found is not None:
        tensors, progress, before = found
        learner.restore(tensors)
        for name in sorted(circumstances.keys() & before.keys()):
            if before[name] != circumstances[name]:
                change = f"{name} was {before[name]} and is {circumstances[name]} now"
                say(f"{out}: {change}; bits may differ from an unbroken run's")
        return progress
    if init is not None:
        given, theirs = ranks.from_first(lambda: _weights_of(init))
        ours = recipe.model.config()
        if theirs.floor != ours.floor:
            raise UsageError(f"{init}: its gates go down to {theirs.floor:g}, the recipe's to {ours.floor:g}; "
                             f"add model.changes.floor={theirs.floor:g}")  # fmt: skip
        if theirs.hf and ours.hf and theirs.hf.beyond != ours.hf.beyond:
            say(f"{init}: its high-pass filters see {theirs.hf.beyond} around pictures, the recipe's {ours.hf.beyond}; "
                f"the border is learnt anew, but for model.changes.hf.beyond={theirs.hf.beyond}")  # fmt: skip
        if theirs.mirror != ours.mirror:
            say(f"{init}: it puts {theirs.mirror} mirrored pixels around pictures, the recipe's network {ours.mirror}; "
                f"the border is learnt anew, but for model.changes.mirror={theirs.mirror}")  # fmt: skip
        fresh, share = starting_from(learner.model, given)
        if share < 0.1:
            raise UsageError(f"{init}: only {share:.0%} of the numbers of the recipe's network are there; "
                             "set model in the recipe to match, or train without --init")  # fmt: skip
        learner.restart_ema()
        if fresh:
            say(f"{init}: {len(fresh)} of {len(learner.ema)} tensors do not fit and start anew: {', '.join(fresh[:5])}"
                + (" …" if len(fresh) > 5 else ""))  # fmt: skip
    if ranks.first and not resume:  # not before it is known that there is a new run to take its place
        for old in (path for kind in ("state", "bad") for path in out.glob(f"{kind}-*.safetensors")):
            old.unlink()
    return Progress()


def _weights_of(init: Path) -> tuple[dict, NetworkConfig]:
    """Tensors of a bundled name or a file, and the configuration, of which no tensor shows everything."""
    network, card = load_network(find_weights(str(init)))
    return network.state_dict(), card.config


def starting_from(model: nn.Module, given: dict) -> tuple[list[str], float]:
    """Load every tensor that has the name and shape of one of the model's -> names of the rest, share of all numbers
    that were found. So a network starts from one of another scale, tail or depth."""
    own = model.state_dict()
    fitting = {name: t for name, t in given.items() if name in own and own[name].shape == t.shape}
    model.load_state_dict(fitting, strict=False)
    share = sum(t.numel() for t in fitting.values()) / sum(t.numel() for t in own.values())
    return sorted(own.keys() - fitting.keys()), share
