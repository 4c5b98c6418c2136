"""Every module of `base` left out in turn, the whole-network forms of seed §0.5, and every other choice tried once.

    python benchmarks/ablation.py --data DIR [--seeds 1] [--only NAME ...] [--speed | --table]

A narrow `base`, two crops of 128² a step so that windows, scans and large kernels have something to see. Three seeds of
`reference` give the noise floor: a smaller difference counts as none.
"""

import sys
from pathlib import Path

from comparison import form, main

from harmonic.network.config import (
    AttentionFusionSpec,
    ConvFusionSpec,
    LFSpec,
    NetworkConfig,
    StateSpaceFusionSpec,
    variant,
)
from harmonic.network.presets import base
from harmonic.network.specs import (
    BlockSpec,
    BudgetedWindowSpec,
    ChannelWindowSpec,
    ConvSpec,
    DeformableSpec,
    DenseGroupSpec,
    ExcursionSpec,
    ExpertsSpec,
    LargeKernelSpec,
    OverlapSpec,
    PartialKernelSpec,
    PooledAttentionSpec,
    PromptSpec,
    RectangleSpec,
    RepConvSpec,
    StateSpaceSpec,
    TextureBlockSpec,
    WindowSpec,
    conv,
    hybrid,
    large_kernels,
)

_LF = LFSpec(channels=16, blocks=(*large_kernels(1, 11), *large_kernels(1, 9)))
_HF = base().hf
assert _HF is not None
_HF = _HF.model_copy(update={"texture": None, "tail": 8, "beyond": "zeros"})  # as the runs in results/ have it
SCAN = StateSpaceSpec(strip=8)
GATED, ATTENTIVE = (ConvFusionSpec(), ConvFusionSpec()), (ConvFusionSpec(), AttentionFusionSpec())
# What `base` was when the runs began: docs/decisions/0005 says what came of them.
REFERENCE: NetworkConfig = variant(
    base(), channels=(16, 32, 48), context=16, lf=_LF, hf=_HF, bottleneck=(*hybrid(2), SCAN, *conv(1)), fusion=ATTENTIVE
)
WINDOWS = (WindowSpec(), WindowSpec(shifted=True))


def texture(*blocks: TextureBlockSpec) -> NetworkConfig:
    """The reference with other blocks in its HF branch."""
    return variant(REFERENCE, hf=_HF.model_copy(update={"blocks": blocks}))


def structure(*blocks: BlockSpec) -> NetworkConfig:
    """The reference with other blocks in its LF branch."""
    return variant(REFERENCE, lf=_LF.model_copy(update={"blocks": blocks}))


FORMS = {
    "reference": form(REFERENCE),
    "no-hf": form(variant(REFERENCE, hf=None)),
    "no-lf": form(variant(REFERENCE, lf=None, fusion=None)),
    # the deterministic block, and two more of them for the compute of the experts
    "no-experts": form(texture(*(ConvSpec(),) * 4)),
    "no-fusion-attention": form(variant(REFERENCE, fusion=GATED)),
    "no-hybrid-attention": form(variant(REFERENCE, bottleneck=(*conv(2), SCAN, *conv(1)), context=None)),
    "no-context": form(variant(REFERENCE, context=None)),
    "no-state-space": form(variant(REFERENCE, bottleneck=(*hybrid(2), *conv(2)))),
    "deformable": form(variant(REFERENCE, bottleneck=(*hybrid(2), DeformableSpec(), *conv(1)))),
    "no-channel-attention": form(variant(REFERENCE, channel_attention=False)),
    "no-large-kernels": form(structure(*conv(2))),
    "no-supervision": form(REFERENCE, supervision=0.0),
    "lf-safe": form(REFERENCE, low=1.0),
    "hf-aggressive": form(REFERENCE, high=1.0),
    "conv-heavy": form(
        variant(
            REFERENCE, context=None, fusion=GATED,
            encoder=(conv(1), conv(3)), bottleneck=conv(6), decoder=(conv(2), conv(4)),
            hf=_HF.model_copy(update={"blocks": (ConvSpec(),) * 4}),
        )
    ),
    "attention-heavy": form(
        variant(
            REFERENCE, encoder=(conv(1), WINDOWS), bottleneck=hybrid(6), decoder=(conv(1), WINDOWS),
            hf=_HF.model_copy(update={"blocks": (ConvSpec(),)}),
        )
    ),
    # Choices that no preset has, in the place of the state space, or where their kind belongs.
    **{
        f"try-{spec.kind}": form(variant(REFERENCE, bottleneck=(*hybrid(2), spec, *conv(1))))
        for spec in (
            WindowSpec(shifted=True), OverlapSpec(), RectangleSpec(), PooledAttentionSpec(), ChannelWindowSpec(),
            BudgetedWindowSpec(), DenseGroupSpec(), ExcursionSpec(), PromptSpec(side=4),
        )
    },
    "try-rep-conv": form(texture(RepConvSpec(), ExpertsSpec())),
    "try-partial-kernel": form(structure(*(PartialKernelSpec(channels=8),) * 2)),
    "try-dilated": form(structure(*(LargeKernelSpec(dilations=(2, 3)),) * 2)),
    "try-scan-fusion": form(variant(REFERENCE, fusion=(ConvFusionSpec(), StateSpaceFusionSpec()))),
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main(__doc__, FORMS, "reference", Path("results/ablation"), crop=128, batch=2, seeds=1))
