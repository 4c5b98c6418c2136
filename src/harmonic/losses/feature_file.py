"""The weights of a `FeatureExtractor` from a file. The only file of this room that reads one.

To make it, once, where torchvision is installed (it fetches the published weights, 575 MB, of which 80 MB are kept):

    from safetensors.torch import save_file
    from torchvision.models import vgg19

    save_file(vgg19(weights="IMAGENET1K_V1").features.state_dict(), "vgg19.safetensors")
"""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_bytes

from harmonic.errors import WeightsError
from harmonic.losses.features import FeatureExtractor
from harmonic.ops.tensors import fault as fault_of

RECIPE = (
    'make it where torchvision is installed: python -c "from safetensors.torch import save_file; '
    "from torchvision.models import vgg19; "
    "save_file(vgg19(weights='IMAGENET1K_V1').features.state_dict(), 'vgg19.safetensors')\""
)


def load_features(path: Path) -> FeatureExtractor:
    """Read a `.safetensors` with torchvision's names -> the extractor, fp32, frozen, in eval mode.

    The width is that of the file, all else must fit VGG-19 tensor by tensor. Raises `WeightsError`, with the line that
    makes the file, when it is missing, damaged, or has tensors that are unknown, missing, misshapen or not finite.
    """
    try:
        tensors = load_bytes(path.read_bytes())
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror}); {RECIPE}") from None
    except SafetensorError as error:
        raise WeightsError(f"{path}: not a complete safetensors file ({error}); {RECIPE}") from None
    first = tensors.get("0.weight")
    with torch.device("meta"):  # takes no memory: all values come from the file
        extractor = FeatureExtractor(64 if first is None or first.ndim != 4 else max(first.shape[0], 1))
    fault = fault_of(tensors, extractor.layers.state_dict())
    if fault:
        raise WeightsError(f"{path}: not the features of VGG-19: {fault}; {RECIPE}")
    extractor = FeatureExtractor(tensors["0.weight"].shape[0])
    extractor.layers.load_state_dict({name: value.float() for name, value in tensors.items()})
    return extractor.requires_grad_(False).eval()
