"""A degradation code for every cell: learned vectors, blended as its features ask (seed §4, §12).

Sources: PromptIR (Potlapalli et al., NeurIPS 2023), AirNet (Li et al., CVPR 2022). Unlike there, prompts are vectors
instead of maps, so nothing depends on the place, and are chosen cell by cell instead of once per picture.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harmonic.nn.cells import Cells
from harmonic.nn.mixer import ProjectedMixer
from harmonic.nn.projection import Projection
from harmonic.ops.blend import blend_cells


class Prompt(ProjectedMixer):
    """Scale and shift of all channels, from `vectors` learned codes in proportions that each cell chooses; then 1x1.

    (B, C, H, W), H and W multiples of `side` -> same shape. Cells of side x side positions stand at absolute places;
    their means and mean squares decide, by a softmax in fp32. Proportions are blended linearly between cell centres.
    reach = 1.5·side - 1, to the far side of the second-nearest cell; grid = side.
    """

    def __init__(self, channels: int, side: int = 8, vectors: int = 8):
        super().__init__()
        self.side = self.grid = side
        self.reach = 3 * side // 2 - 1
        self.score = nn.Conv2d(2 * channels, vectors, 1)
        self.scale, self.shift = (nn.Conv2d(vectors, channels, 1, bias=False) for _ in range(2))  # a code per column
        self.project = Projection(channels, channels)

    def inner(self, x: Tensor, cells: Cells | None) -> Tensor:
        evidence = torch.cat([F.avg_pool2d(x, self.side), F.avg_pool2d(x.square(), self.side)], 1)
        # Channels last, as the map is; a softmax over dimension 1 would turn its strides.
        scores = self.score(evidence).permute(0, 2, 3, 1)
        proportions = scores.softmax(-1, dtype=torch.promote_types(x.dtype, torch.float32)).permute(0, 3, 1, 2)
        proportions = blend_cells(proportions, x.shape[-2:]).to(x.dtype)
        return torch.addcmul(self.shift(proportions), x, self.scale(proportions))
