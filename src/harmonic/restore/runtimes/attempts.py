"""Who runs the tiles, and who steps in when a tile fails: the chosen runtime, torch in fp32, the `-fast` weights."""

from functools import cache

import torch

from harmonic.assets import model_names, weights_path
from harmonic.network.checkpoint import load_network
from harmonic.network.deploy import fuse
from harmonic.network.harmonic import Harmonic
from harmonic.restore.runtimes.choice import Choice
from harmonic.restore.runtimes.exported_cache import cached_model
from harmonic.restore.runtimes.guard import Attempt
from harmonic.restore.runtimes.runtime import Runtime, torch_runtime


def attempts_of(network: Harmonic, device: torch.device, choice: Choice, name: str | None) -> tuple[list[Attempt], str]:
    """In the order of `run_guarded`, and what the user should hear about the first one ("" for nothing).

    network: deployed, on `device`. name: of its weights, which the `-fast` ones replace only if they are others.
    The first one is made at once, so that what it lacks is said before any work. Raises UsageError.
    """
    runtime, note = _chosen(network, device, choice)
    attempts = [Attempt(lambda: runtime)]
    if (choice.runtime, choice.precision) != ("torch", "fp32"):
        told = f"{choice.runtime} in {choice.precision} gave values that no picture may have"
        attempts.append(
            Attempt(lambda: torch_runtime(network, device, "fp32"), f"{told}, so parts were repeated in fp32 by torch")
        )
    fast = "restore-fast" if network.scale == 1 else f"sr{network.scale}-fast"
    if name != fast and fast in model_names():
        told = f"the weights gave values that no picture may have, so parts were restored by {fast}"
        attempts.append(Attempt(cache(lambda: _fast(fast, device)), told))
    return attempts, note


def _chosen(network: Harmonic, device: torch.device, choice: Choice) -> tuple[Runtime, str]:
    threads = torch.get_num_threads()
    match choice.runtime:
        case "openvino":
            from harmonic.restore.runtimes.by_openvino import openvino_runtime

            model, note = cached_model(network)
            scale, cell = network.scale, network.config.cell
            generating = torch_runtime(network, device, choice.precision)
            return openvino_runtime(model, choice.precision, threads, generating, scale=scale, cell=cell), note
        case "onnx":
            from harmonic.restore.runtimes.by_onnx import onnx_runtime

            model, note = cached_model(network)
            return onnx_runtime(model, threads), note
        case _:
            return torch_runtime(network, device, choice.precision), ""


def _fast(name: str, device: torch.device) -> Runtime:
    """Of a context that is not its own it takes no notice, and of texture it makes none."""
    network = fuse(load_network(weights_path(name))[0]).to(device)
    run = torch_runtime(network.eval().requires_grad_(False), device, "fp32")
    return lambda x, context, noise: run(x, None, None)
