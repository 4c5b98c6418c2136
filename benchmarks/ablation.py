"""Every module of `base` left out in turn, and the whole-network forms of seed §0.5, each trained for the same budget.

    python benchmarks/ablation.py --data DIR [--seeds 1] [--only NAME ...] [--speed | --table]

A narrow `base`, crops of 128² so that windows, scans and large kernels have something to see. Three seeds of
`reference` give the noise floor: a smaller difference counts as none.
"""

import sys
from pathlib import Path

from comparison import form, main

from harmonic.network.config import ConvFusionSpec, LFSpec, NetworkConfig, variant
from harmonic.network.presets import base
from harmonic.network.specs import ConvSpec, DeformableSpec, StateSpaceSpec, WindowSpec, conv, hybrid, large_kernels

_LF = LFSpec(channels=16, blocks=(*large_kernels(1, 11), *large_kernels(1, 9)))
_HF = base().hf
assert _HF is not None
_HF = _HF.model_copy(update={"texture": None, "tail": 8})
REFERENCE: NetworkConfig = variant(base(), channels=(16, 32, 48), context=16, lf=_LF, hf=_HF)
SCAN = StateSpaceSpec(strip=8)
GATED = (ConvFusionSpec(), ConvFusionSpec())

FORMS = {
    "reference": form(REFERENCE),
    "no-hf": form(variant(REFERENCE, hf=None)),
    "no-lf": form(variant(REFERENCE, lf=None, fusion=None)),
    # the deterministic block, and two more of them for the compute of the experts
    "no-experts": form(variant(REFERENCE, hf=_HF.model_copy(update={"blocks": (ConvSpec(),) * 4}))),
    "no-fusion-attention": form(variant(REFERENCE, fusion=GATED)),
    "no-hybrid-attention": form(variant(REFERENCE, bottleneck=(*conv(2), SCAN, *conv(1)), context=None)),
    "no-context": form(variant(REFERENCE, context=None)),
    "no-state-space": form(variant(REFERENCE, bottleneck=(*hybrid(2), *conv(2)))),
    "deformable": form(variant(REFERENCE, bottleneck=(*hybrid(2), DeformableSpec(), *conv(1)))),
    "no-channel-attention": form(variant(REFERENCE, channel_attention=False)),
    "no-large-kernels": form(variant(REFERENCE, lf=_LF.model_copy(update={"blocks": conv(2)}))),
    "no-supervision": form(REFERENCE, supervision=0.0),
    "lf-safe": form(REFERENCE, low=1.0),
    "hf-aggressive": form(REFERENCE, high=1.0),
    "conv-heavy": form(
        variant(
            REFERENCE, context=None, fusion=GATED, bottleneck=conv(6), decoder=(conv(2), conv(3)),
            hf=_HF.model_copy(update={"blocks": (ConvSpec(),) * 4}),
        )
    ),
    "attention-heavy": form(
        variant(
            REFERENCE, bottleneck=hybrid(4), hf=_HF.model_copy(update={"blocks": (ConvSpec(),)}),
            encoder=(conv(1), (WindowSpec(),)), decoder=(conv(1), (WindowSpec(), WindowSpec(shifted=True))),
        )
    ),
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main(__doc__, FORMS, Path("results/ablation"), crop=128, batch=4, seeds=1))
