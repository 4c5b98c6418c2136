"""What a network says about a picture, part by part (design §2)."""

from dataclasses import dataclass

from torch import Tensor

from harmonic.nn.routing import Routing


@dataclass(frozen=True)
class Parts:
    """The terms of `y = base + LF + HF + T`, gated and projected, fp32, each (B, 3, sH, sW) in units of the picture.

    base: the input itself, or its fixed bicubic enlargement.
    lf: structure; all change of cell means is here.
    hf: texture; its mean over every whole cell is zero.
    texture: optional generative detail with zero cell means, or None.
    routing: what the router of each `MoETextureBlock` decided.
    """

    base: Tensor
    lf: Tensor
    hf: Tensor
    texture: Tensor | None = None
    routing: tuple[Routing, ...] = ()

    def mix(self, structure: float = 1.0, detail: float = 1.0, texture: float = 0.0) -> Tensor:
        """Add the parts up, without another pass of the network; not clamped. Parts with weight 0 are left out.

        With all weights 0 the result is `base`, bit for bit, whatever the weights of the network.
        """
        result = self.base
        for weight, part in ((structure, self.lf), (detail, self.hf), (texture, self.texture)):
            if weight and part is not None:
                result = result + (part if weight == 1 else weight * part)
        return result
