"""A step that went wrong, kept whole, and played again to find what broke."""

from pathlib import Path

import torch
from safetensors.torch import load as load_bytes
from safetensors.torch import save as save_bytes
from torch import Tensor

from harmonic.errors import UsageError
from harmonic.images.atomic import atomic_write
from harmonic.losses.feature_file import load_features
from harmonic.network.checkpoint import pack_metadata, read_metadata
from harmonic.network.harmonic import Harmonic
from harmonic.train.batches import Batch
from harmonic.train.learner import Learner
from harmonic.train.objective import losses, predict, routing_losses
from harmonic.train.recipe import Recipe
from harmonic.train.state import Progress

KEPT = 3
"""Bad steps of a run that are kept."""


def keep_for_replay(out: Path, learner: Learner, batches: list[Batch], recipe: Recipe, progress: Progress,
                    rank: int = 0) -> str:  # fmt: skip
    """Write a process's samples and weights of a step -> the file's name; a remark when there are enough already."""
    name = f"bad-{progress.step:08d}-{progress.turn}"
    path = out / (f"{name}-{rank}.safetensors" if rank else f"{name}.safetensors")
    kept = {file.name[: len(name)] for file in out.glob("bad-*.safetensors")}
    if name not in kept and len(kept) >= KEPT:
        return "nothing, there are enough of them"
    tensors = {f"model/{name}": value for name, value in learner.model.state_dict().items()}
    for part, batch in enumerate(batches):
        tensors |= {f"{part}/{name}": value for name, value in vars(batch).items() if value is not None}
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    about = {"recipe": recipe.model_dump(mode="json"), "step": progress.step, "parts": len(batches)}
    atomic_write(path, save_bytes(tensors, pack_metadata(about)))
    return path.name


def replay(path: Path) -> list[str]:
    """Play a kept step again, in both precisions -> what was found, a line each: losses, and where it broke first.

    Raises UsageError for a file that is no kept step.
    """
    try:
        data = path.read_bytes()
        about, tensors = read_metadata(data), load_bytes(data)
        recipe, parts = Recipe.model_validate(about["recipe"]), int(about["parts"])
    except Exception as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{path}: is no kept step ({reason}); give a bad-….safetensors of a run's folder") from None
    model = Harmonic(recipe.model.config()).train()
    model.load_state_dict({n.removeprefix("model/"): t for n, t in tensors.items() if n.startswith("model/")})
    lines = [f"step {about['step']} of {recipe.name}, {parts} part(s)"]
    for part in range(parts):
        names = ("lq", "gt", "labels", "thumbnails", "present", "keys")
        batch = Batch(**{name: tensors.get(f"{part}/{name}") for name in names})  # type: ignore[arg-type]
        for precision in ("fp32", "bf16"):
            lines.append(f"part {part}, {precision}: {_played(model, batch, recipe, precision)}")
    if recipe.texture is not None:
        lines.append("the terms of the generative stage are not played again: the discriminator is not in the file")
    return lines


def _played(model: Harmonic, batch: Batch, recipe: Recipe, precision: str) -> str:
    """Losses, then the first tensor that is not finite: an input, a module's output, a loss or a gradient."""
    for name, value in vars(batch).items():
        if value is not None and value.is_floating_point() and not value.isfinite().all():
            return f"not finite: {name} of the samples"
    broken: list[str] = []
    hooks = [
        module.register_forward_hook(lambda _m, _i, output, name=name: broken.append(name) if _broken(output) else None)
        for name, module in model.named_modules()
        if name and not list(module.children())
    ]
    model.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        restored, parts = predict(model, batch, recipe.texture is not None)
    for hook in hooks:
        hook.remove()
    features = load_features(recipe.losses.features_file) if recipe.losses.features_file else None
    terms = losses(restored, batch.gt, recipe.losses, features)
    terms |= routing_losses(parts.routing if parts else (), batch.labels, recipe.losses)
    torch.stack(list(terms.values())).sum().backward()
    told = ", ".join(f"{name} {float(value.detach()):g}" for name, value in terms.items())
    gradients = [n for n, p in model.named_parameters() if p.grad is not None and not p.grad.isfinite().all()]
    if broken:
        return f"{told}; not finite: output of {broken[0]}"
    return f"{told}; " + (f"not finite: gradient of {gradients[-1]}" if gradients else "all finite")


def _broken(output: object) -> bool:
    return isinstance(output, Tensor) and output.is_floating_point() and not bool(output.isfinite().all())
