"""Published networks for enlargement, from spandrel's classes, in sizes that are given to them.

spandrel (chaiNNer-org) is imported on use; `make peers` makes an environment that has it. Sources: SPAN (Wan et al.,
CVPRW 2024), PLKSR (Lee et al., 2024), SwinIR (Liang et al., ICCVW 2021), SeemoRe (Zamfir et al., ICML 2024), HAT (Chen
et al., CVPR 2023), DAT (Chen et al., ICCV 2023).
"""

import copy
from collections.abc import Callable
from importlib import import_module
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.errors import UsageError
from harmonic.ops.enlarge import enlarge_bicubic

SCALE = 4
"""Factor of all networks here."""


class Enlarging(nn.Module):
    """A network of others for any size. x (B, 3, H, W) -> (B, 3, 4H, 4W), fp32.

    multiple: of which it wants the sides. What it finds is added to the bicubic enlargement, which is a kindness: a
    short training is too little to learn that from nothing.
    """

    def __init__(self, network: nn.Module, multiple: int = 1):
        super().__init__()
        self.network, self.multiple = network, multiple
        if isinstance(mean := getattr(network, "mean", None), Tensor):
            network.mean = torch.zeros_like(mean)  # DIV2K's, which the base holds already
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.num_batches_tracked = torch.zeros(())  # no integer, so that weights can be averaged
                continue
            for name, buffer in list(module.named_buffers(recurse=False)):  # what the sizes decide is no weight
                module.register_buffer(name, buffer, persistent=False)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        padded = F.pad(x, (0, -width % self.multiple, 0, -height % self.multiple), mode="replicate")
        y = self.network(padded.contiguous(memory_format=torch.channels_last)).float()
        y = y[..., : SCALE * height, : SCALE * width]
        return y + enlarge_bicubic(x, SCALE)


def span(channels: int) -> Enlarging:
    """Without the fixed shift and the factor of 255 of its input, which its published code offers too."""
    network = _published("SPAN")(num_in_ch=3, num_out_ch=3, feature_channels=channels, upscale=SCALE, norm=False)
    return Enlarging(network)


def published_span() -> nn.Module:
    """SPAN of 48 channels as its authors have it, with its own enlargement."""
    return _published("SPAN")(num_in_ch=3, num_out_ch=3, feature_channels=48, upscale=SCALE)


def plksr(channels: int, blocks: int) -> Enlarging:
    """The form of PLKSR-tiny: dense pairs for channels, no attention by elements; without its own enlargement, which
    repeats pixels."""
    network = _published("PLKSR")(
        dim=channels, n_blocks=blocks, upscaling_factor=SCALE, ccm_type="DCCM", kernel_size=13, use_ea=False
    )
    network.repeat_op = _nothing
    return Enlarging(network)


def swinir(channels: int, depths: tuple[int, ...], heads: int) -> Enlarging:
    """The form of SwinIR-light: windows of 8, one step of enlargement; no dropped paths, which short trainings lack."""
    network = _published("SwinIR")(
        embed_dim=channels, depths=list(depths), num_heads=[heads] * len(depths), window_size=8, mlp_ratio=2,
        upscale=SCALE, upsampler="pixelshuffledirect", drop_path_rate=0.0,
    )  # fmt: skip
    return Enlarging(network, multiple=8)


def hat(channels: int, depths: tuple[int, ...], heads: int) -> Enlarging:
    """The form of HAT, with windows of 8, and channels compressed no further than they are few; no dropped paths."""
    network = _published("HAT")(
        embed_dim=channels, depths=list(depths), num_heads=[heads] * len(depths), window_size=8, compress_ratio=4,
        squeeze_factor=4, conv_scale=0.01, overlap_ratio=0.5, mlp_ratio=2, upscale=SCALE, upsampler="pixelshuffle",
        num_feat=channels, drop_path_rate=0.0,
    )  # fmt: skip
    return Enlarging(network, multiple=8)


def dat(channels: int, depths: tuple[int, ...], heads: int) -> Enlarging:
    """The form of DAT-light with the windows of DAT-S, 8 x 16; one step of enlargement; no dropped paths."""
    network = _published("DAT")(
        embed_dim=channels, depth=list(depths), num_heads=[heads] * len(depths), split_size=[8, 16], expansion_factor=2,
        upscale=SCALE, upsampler="pixelshuffledirect", drop_path_rate=0.0,
    )  # fmt: skip
    return Enlarging(network, multiple=16)


def seemore(channels: int, layers: int) -> Enlarging:
    """The form of SeemoRe-T: three experts of ranks 2, 4 and 8, kernels of 11. It wants multiples of 16."""
    network = _published("SeemoRe")(
        scale=SCALE, num_experts=3, num_layers=layers, embedding_dim=channels, global_kernel_size=11, lr_space="exp"
    )
    return Enlarging(network, multiple=16)


def _nothing(_: Tensor) -> float:
    return 0.0


def _published(name: str) -> Any:
    """The class of that name; by name, so that types are checked without spandrel."""
    return getattr(import_module(f"spandrel.architectures.{name}"), name)


def deployed(network: nn.Module) -> nn.Module:
    """A copy in the form that is timed and used: SPAN's parallel kernels are one, and nothing else changes."""
    ready = copy.deepcopy(network).eval()
    for parent in list(ready.modules()):
        for name, child in list(parent.named_children()):
            if hasattr(child, "update_params") and hasattr(child, "eval_conv"):
                folded: Any = child
                folded.update_params()
                setattr(parent, name, folded.eval_conv)
    return ready.requires_grad_(False)


def needs_spandrel(make: Callable[[], nn.Module]) -> nn.Module:
    """What `make` makes. Raises UsageError with the remedy where spandrel is missing."""
    try:
        return make()
    except ImportError as error:
        raise UsageError(f"spandrel: cannot be imported ({error}); `make peers` makes an environment with it") from None
