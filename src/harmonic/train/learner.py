"""What training changes: the network, its EMA, the optimizers, and the adversary of a generative stage."""

import copy
from collections.abc import Sequence

from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from harmonic.losses.feature_file import load_features
from harmonic.network.branches import TextureStage
from harmonic.network.harmonic import Harmonic
from harmonic.network.stages import Stage
from harmonic.train.adversary import Adversary
from harmonic.train.optimizers import moments, optimizers_of, set_moments, set_rate
from harmonic.train.recipe import Recipe

SLOW = 0.1
"""Share of the full rate at which a `slow` trunk learns."""

HEAD = "hf.texture."
"""Where the generated texture stands among the parameters of a network."""


class Learner:
    """Everything that a step changes, and a state file holds.

    model: on its device, in training mode. Its EMA starts as a copy. features: of the recipe's file; never trained.
    Raises WeightsError when that file is not there or does not fit.
    """

    def __init__(self, model: nn.Module, recipe: Recipe):
        trunk = recipe.texture.trunk if recipe.texture else "trained"
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(trunk != "frozen" or name.startswith(HEAD))
        self.model, self._recipe = model, recipe
        self._values = list(model.state_dict().values())  # as they are at any time: they share the model's memory
        self.ema = {name: value.detach().clone() for name, value in model.state_dict().items()}
        slow = {"": 1.0} if trunk == "trained" else {HEAD: 1.0, "": SLOW}
        self.optimizers = optimizers_of(model, recipe.optimizer, slow)
        for module in model.modules():
            if isinstance(module, Stage | TextureStage):
                module.checkpointing = recipe.checkpointing
        where, file = next(model.parameters()).device, recipe.losses.features_file
        self.features = load_features(file).to(where) if file else None
        self.adversary = None
        if recipe.texture:
            assert isinstance(model, Harmonic)
            self.adversary = Adversary(recipe.texture, recipe.optimizer, model.config.cell, where,
                                       recipe.precision == "bf16", self.features)  # fmt: skip
        own = [p for p in model.parameters() if p.requires_grad]
        self._trained = [own, list(self.adversary.network.parameters())] if self.adversary is not None else [own]

    def set_rate(self, factor: float) -> None:
        """factor: of the recipe's learning rates."""
        set_rate(self.optimizers, self._recipe.optimizer.learning_rate * factor)
        if self.adversary is not None:
            self.adversary.set_rate(factor)

    def step(self, decay: float) -> None:
        """Take the step that the gradients say. decay: of the EMA."""
        for optimizer in self.optimizers:
            optimizer.step()
        get_ema_multi_avg_fn(decay)(list(self.ema.values()), self._values, 0)
        if self.adversary is not None:
            self.adversary.step()

    def begin(self) -> None:
        """Before each step: gradients are forgotten."""
        self.model.zero_grad(set_to_none=True)
        if self.adversary is not None:
            self.adversary.begin()

    def trained(self) -> list[list[nn.Parameter]]:
        """Parameters with a gradient, by network: each has its own norm."""
        return self._trained

    def averaged(self) -> nn.Module:
        """A network with the EMA weights, for evaluation."""
        other = copy.deepcopy(self.model)
        other.load_state_dict(self.ema)
        return other.eval()

    def restart_ema(self) -> None:
        """Begin the EMA with the weights as they are."""
        for name, value in self.model.state_dict().items():
            self.ema[name].copy_(value)

    def tensors(self) -> dict[str, Tensor]:
        """All tensors of the state, by name."""
        found = {f"model/{name}": value for name, value in self.model.state_dict().items()}
        found |= {f"ema/{name}": value for name, value in self.ema.items()}
        found |= moments("optimizer", self.model, self.optimizers)
        if self.adversary is not None:
            found |= {f"discriminator/{name}": value for name, value in self.adversary.network.state_dict().items()}
            found |= moments("adversary", self.adversary.network, self.adversary.optimizers)
        return found

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take the state of `tensors`. Raises RuntimeError or KeyError when something is missing."""
        groups: dict[str, dict[str, Tensor]] = {"optimizer": {}, "adversary": {}}
        for full, value in tensors.items():
            group, name = full.split("/", 1)
            groups.setdefault(group, {})[name] = value
        self.model.load_state_dict(groups["model"])
        for name, value in self.ema.items():
            value.copy_(groups["ema"][name])
        set_moments(groups["optimizer"], self.model, self.optimizers)
        if self.adversary is not None:
            self.adversary.network.load_state_dict(groups["discriminator"])
            set_moments(groups["adversary"], self.adversary.network, self.adversary.optimizers)


def clipped(parameters: Sequence[nn.Parameter], most: float) -> float:
    """The norm of all gradients; where it is above `most`, they are scaled down to that, and else left untouched."""
    norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    known = float(norm)
    if known + 1e-6 > most:  # the same 1e-6 as in torch, which would multiply by 1 otherwise
        nn.utils.clip_grads_with_norm_(parameters, most, norm)
    return known
