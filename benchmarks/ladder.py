"""Does each part of the network earn its keep? The ladder of seed §0.5, every rung trained for the same budget.

python benchmarks/ladder.py --data DIR [--steps 8000] [--seeds 2] [--only NAME ...] [--speed | --table]
"""

import sys
from pathlib import Path

from comparison import Form, form, main

from harmonic.measure.peers.nafnet import NAFNet
from harmonic.network.config import HFSpec, LFSpec, NetworkConfig, variant
from harmonic.network.presets import fast
from harmonic.network.specs import ConvSpec, ExpertsSpec, conv

FAST = variant(fast(), hf=HFSpec(beyond="zeros"))  # as the runs in results/ have it
PLAIN: NetworkConfig = variant(FAST, lf=None, hf=None, fusion=None)
BANDS = variant(PLAIN, lf=LFSpec(blocks=()))
TAIL = variant(BANDS, hf=FAST.hf)
KERNELS = variant(TAIL, lf=FAST.lf)
# +hf, with the time of the whole network: what LF kernels and fusion cost, spent on the trunk instead
BROAD = variant(TAIL, encoder=(conv(1), conv(3)), decoder=(conv(1), conv(3)), bottleneck=conv(5))
# plain, with the time of the whole network
WIDE = variant(PLAIN, encoder=(conv(2), conv(3)), decoder=(conv(2), conv(4)), bottleneck=conv(6))

FORMS = {
    "plain": form(PLAIN),
    "plain-wide": form(WIDE),
    "+bands": form(BANDS),
    "+hf": form(TAIL),
    "+hf-wide": form(BROAD),
    "+lf": form(KERNELS),
    "+fusion": form(FAST),
    "experts": form(variant(FAST, hf=HFSpec(blocks=(ConvSpec(), ExpertsSpec())))),
    "sum-tail": form(variant(FAST, hf=HFSpec(tail_form="sum"))),
    "nafnet": Form(lambda: NAFNet(20, (1, 1, 2, 4), 4, (1, 1, 1, 1))),
}

if __name__ == "__main__":
    sys.exit(main(__doc__, FORMS, "+fusion", Path("results/ladder")))
