"""Weights files: one `.safetensors` that explains itself (law L9). No code, no pickle.

The metadata hold the configuration, the form, what the weights were made from and a digest of every tensor, because
neither safetensors nor torch notices a flipped bit.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_bytes
from safetensors.torch import save as save_bytes
from torch import Tensor

from harmonic.errors import WeightsError, reason, shown
from harmonic.network.config import NetworkConfig
from harmonic.network.harmonic import Harmonic
from harmonic.ops.tensors import fault

FORMAT = "harmonic-1"

MODEL_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""Names of files are made of it, so it holds no separator and begins with a letter or digit."""

ModelName = Annotated[str, Field(pattern=f"^{MODEL_NAME}$")]
Printable = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]*$")]
"""One line without control characters: a terminal will show it, and anybody may have written the file."""


class Card(BaseModel):
    """What a weights file says about itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ModelName
    task: Printable
    config: NetworkConfig
    form: Literal["train", "deploy"] = "train"
    licence: Printable = "Apache-2.0"
    data: Printable = ""
    recipe: Printable = ""
    """Hash of the recipe that trained these weights."""
    step: int = 0

    @property
    def scale(self) -> int:
        return self.config.scale


def dump_network(model: Harmonic, card: Card, dtype: torch.dtype = torch.float32) -> bytes:
    """The bytes of a weights file. dtype: how matrices are stored; vectors stay fp32."""
    if card.config != model.config or card.form != model.form:
        raise ValueError("the card describes another network")
    tensors = {
        name: value.detach().to("cpu", dtype if value.ndim > 1 else torch.float32).contiguous()
        for name, value in model.state_dict().items()
    }
    digests = {name: digest(value) for name, value in tensors.items()}
    return save_bytes(tensors, pack_metadata({"format": FORMAT, "card": card.model_dump(), "digests": digests}))


def load_network(path: Path) -> tuple[Harmonic, Card]:
    """Read a weights file -> the network (fp32, eval mode) and its card.

    Raises `WeightsError`, naming file and tensor, for a file that is missing, damaged, of another format or form, or
    whose tensors are unknown, missing, misshapen or not finite.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror}); give the path of a weights file") from None
    try:
        tensors, metadata = load_bytes(data), read_metadata(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(f"{path}: not a complete safetensors file ({reason(error)}); get it again") from None
    found = metadata.get("format", "none")
    if found != FORMAT:
        told = shown(str(found))[:60]
        raise WeightsError(f"{path}: format is {told}, expected {FORMAT}; it was not written by this package")
    try:
        card = Card.model_validate(metadata["card"])
        digests = dict(metadata["digests"])
        model = Harmonic(card.config)
    except (ValidationError, KeyError, ValueError, TypeError) as error:
        told = reason(error)
        raise WeightsError(f"{path}: the description inside the file is damaged ({told}); get it again") from None
    if card.form != "train":
        raise WeightsError(f"{path}: holds the {card.form} form; give the training form, it is fused when loaded")
    _check(path, tensors, digests, model.state_dict())
    model.load_state_dict({name: value.float() for name, value in tensors.items()})
    return model.eval(), card


def pack_metadata(values: dict[str, Any]) -> dict[str, str]:
    """Values as the metadata of a safetensors file.

    One key, because safetensors writes several in an order that changes from run to run, and equal weights should
    give equal files.
    """
    return {"harmonic": json.dumps(values)}


def read_metadata(data: bytes) -> dict[str, Any]:
    """What `pack_metadata` put into the bytes of a file; empty for a file of others. ValueError when damaged."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    values = json.loads(header.get("__metadata__", {}).get("harmonic", "{}"))
    if not isinstance(values, dict):
        raise ValueError("its metadata are no table")
    return values


def digest(tensor: Tensor) -> str:
    """SHA-256 over the bytes of one tensor, 16 hex digits."""
    raw = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return hashlib.sha256(raw).hexdigest()[:16]


def _check(path: Path, tensors: dict[str, Tensor], digests: dict[str, str], expected: dict[str, Tensor]) -> None:
    if wrong := fault(tensors, expected):
        raise WeightsError(f"{path}: {wrong}; get the file again")
    for name, value in tensors.items():
        if digests.get(name) != digest(value):
            raise WeightsError(f"{path}: tensor {name} differs from its digest; the file is damaged, get it again")
