"""Every bound that trained weights are judged by, each with where it comes from. All stand here and nowhere else.

A bound is written down before the training that it judges; a report that is red changes the weights, not this table.
Values in pictures are in units of the picture, [0, 1], or in grey levels of 255 where the unit says so.
"""

from harmonic.measure.verify.check import Bound

LAWS = "Invariants of the trained weights"
CLEAN = "Identity on clean pictures"
STRESS = "Stress: blur, noise and compression"
LF = "LF integrity"
HF = "HF realism"
EXPERTS = "Balance of experts"
ABLATIONS = "Ablations"
FAILURES = "Failure hypotheses"
TEXTURE = "Generated texture"
COST = "Cost"
AGREEMENT = "Precision and runtimes"
GROUPS = (LAWS, CLEAN, STRESS, LF, HF, EXPERTS, ABLATIONS, FAILURES, TEXTURE, COST, AGREEMENT)

# Laws of the design (L1 to L8), with the tolerances that the tests of untrained networks have.
# fmt: off
STRENGTH_ZERO = Bound(LAWS, "Strength 0 is the input", "§1", "", "A user who turns everything down gets the picture "
    "back, bit for bit.", least=0, most=0)  # by bypass, so exactly
HF_CELL_MEANS = Bound(LAWS, "HF has no cell means", "§1", "", "Whatever the texture branch does, it cannot move "
    "structure: its mean over every cell is zero.", most=1e-6)  # of the largest correction; rounding of fp32
LF_PROJECTION = Bound(LAWS, "LF is its own low band", "§1", "", "The structure branch holds nothing but cell means, "
    "smoothly enlarged.", most=2e-6)  # of the largest correction; two projections, twice the rounding
TILES = Bound(LAWS, "Tiles equal the whole", "§1", "", "Large pictures, restored in tiles, have no seams and no "
    "other numbers than in one pass.", most=1e-5)  # L4; 1/400 of a grey level
REACH = Bound(LAWS, "Reach is bounded", "§11", "of the stated reach", "An output pixel sees no farther than the "
    "network says, so no statistic of the whole picture leaks in.", most=1)  # L3
BATCH = Bound(LAWS, "A batch is its pictures", "§1", "", "A picture's result does not depend on its neighbours in a "
    "batch.", most=1e-5)  # L6
SIZES = Bound(LAWS, "Any size", "§1", "sizes", "Pictures of 1x1 pixels and more, of any aspect, give finite values of "
    "the right shape.", least=0, most=0)  # L7; counts failures
REPEATS = Bound(LAWS, "The same again", "§1", "", "The same call gives the same bits.", least=0, most=0)  # R5.6
THREADS = Bound(LAWS, "Any number of threads", "§1", "", "The result does not depend on how many processors the "
    "machine has.", most=1e-5)  # L6
FUSE = Bound(LAWS, "Fusion changes nothing", "§6", "", "The fast deployed form is the network that was trained.",
    most=1e-5)  # L5
EXTREME_FINITE = Bound(LAWS, "Extreme pictures are finite", "§1", "pictures", "Black, white, saturated, checkered and "
    "noisy pictures give finite values.", least=0, most=0)  # R5.11
EXTREME_RANGE = Bound(LAWS, "Extreme pictures stay in range", "§1", "", "A flat area, also of a saturated colour, is "
    "not pushed beyond the range of the picture.", most=0.02)  # R5.11: 2 % in flat areas
EXTREME_MEAN = Bound(LAWS, "Extreme pictures keep their mean", "§1", "of 255", "No picture becomes brighter or darker "
    "as a whole.", most=0.5)  # R5.11: half a grey level

CLEAN_MEAN = Bound(CLEAN, "Clean pictures stay, mean", "§15", "dB", "An undamaged picture comes back as it was; 50 dB "
    "is an error of less than one grey level.", least=50)  # R5.10; equal pictures count 100 dB as in P-CL-1
CLEAN_WORST = Bound(CLEAN, "Clean pictures stay, worst", "§15", "dB", "No undamaged picture is harmed visibly.",
    least=40)  # about 2.5 grey levels, the least that is seen side by side

# 1 dB is a fifth less error, the least that is worth the time of a pass.
GAIN_MILD = Bound(STRESS, "Gain on mild damage", "§15", "dB", "Blur, noise and JPEG together, at the mild levels of "
    "HMIX, are reduced.", least=1)
GAIN_MODERATE = Bound(STRESS, "Gain on moderate damage", "§15", "dB", "The same at the moderate levels.", least=1)
GAIN_SEVERE = Bound(STRESS, "Gain on severe damage", "§15", "dB", "The same at the severe levels.", least=1)
GAIN_ENLARGED = Bound(STRESS, "Gain over bicubic enlargement", "§15", "dB", "The enlargement is closer to the truth "
    "than the fixed one it starts from.", least=1)
GAIN_WORST = Bound(STRESS, "Worst gain of a damaged picture", "§15", "dB", "No damaged picture is made worse.", least=0)

LF_GAIN = Bound(LF, "Structure after restoring", "§14", "dB", "Shrunk to a quarter, the output is closer to the clean "
    "picture than the input is.", least=0)
LF_CLEAN = Bound(LF, "Structure of clean pictures", "§14", "dB", "Shrunk to a quarter, every undamaged picture is "
    "what it was.", least=50)  # as R5.10
LF_SHARE = Bound(LF, "Share of LF in the low band", "§14", "", "The structure branch dominates structure: more than "
    "half of what changes in a picture of a pixel per band cell is its.", least=0.5)  # the seed's word, 'dominates'
LF_REMIX = Bound(LF, "Structure without HF", "§14", "", "Turning detail down leaves every cell mean where it was.",
    most=1e-5)  # L2 in units of the picture: sums of three terms in fp32

HF_ENERGY = Bound(HF, "Energy of texture after mild damage", "§14", "of the clean picture's", "Texture is neither "
    "wiped out nor invented.", least=1 / 3, most=1.1)  # an estimate loses what it cannot know, and never has more
HF_EXCESS = Bound(HF, "Largest excess of a frequency band", "§14", "of the clean picture's", "No band of frequencies "
    "is stronger than in the clean picture, as left noise, ringing or grids would be.", most=1.25)  # 1 dB
HF_GAIN = Bound(HF, "Texture after restoring", "§14", "dB", "The high band of the output is closer to the clean one "
    "than that of the input.", least=0)

HF_NATURAL = Bound(HF, "FD-NSS after restoring", "§14", "of the input's", "Restored pictures are closer to the "
    "statistics of the clean ones than damaged pictures are.", most=1)
HF_PERCEIVED = Bound(HF, "LPIPS after restoring", "§14", "of the input's", "The same for features of a network that "
    "agrees with people.", most=1)

USED = Bound(EXPERTS, "Use of the least used expert", "§14", "of the cells", "No expert is dead: each has a gate open "
    "in some places of some pictures.", least=0.05)  # a tenth of an even share, two of four
LARGEST = Bound(EXPERTS, "Share of the strongest expert", "§14", "of the gates", "No expert does all the work: the "
    "router has not collapsed.", most=0.8)  # even: 0.25
ENTROPY = Bound(EXPERTS, "Entropy of the experts' shares", "§14", "of log 4", "Over all damages the experts count "
    "alike, more or less.", least=0.5)  # two experts alone have 0.5
SPECIALISED = Bound(EXPERTS, "What an expert tells about the damage", "§4", "bits", "Experts specialise: which one "
    "works depends on what is wrong with the picture.", least=0.1)  # of 2, a choice: clearly more than nothing
TURNED = Bound(EXPERTS, "Loss when experts are exchanged", "§4", "dB", "Every decision to the next expert: if that "
    "costs nothing, they all do the same.", least=0.1)  # more than twice the noise between seeds

# 0.1 dB is above the noise between two trainings, 0.04 to 0.07 dB.
WITHOUT_HF = Bound(ABLATIONS, "Loss without HF", "§14", "dB", "The texture branch earns its place.", least=0.1)
WITHOUT_LF = Bound(ABLATIONS, "Loss without LF", "§14", "dB", "The structure branch earns its place.", least=0.1)
WITHOUT_LF_ENLARGED = Bound(ABLATIONS, "Structure lost without LF", "§14", "dB", "The structure branch earns its "
    "place, at a quarter of the size: a fixed enlargement is nearly right there already.", least=0.1)
WITHOUT_EXPERTS = Bound(ABLATIONS, "Loss without experts", "§14", "dB", "Budget 0 leaves the deterministic expert "
    "alone; the others earn their place.", least=0.1)
WITHOUT_NOISE = Bound(ABLATIONS, "Texture that the noise adds", "§14", "of the clean picture's", "Noise injection "
    "adds energy to the high band, where the same head with its noise at 0 has too little.", least=1e-3)

FACTOR = Bound(FAILURES, "Best factor for texture", "§1", "", "What the texture of the output must be multiplied by "
    "to come closest to the clean one: above 1 it is too smooth, below 1 too sharp.", least=0.9,
    most=1.1)  # the least squared error has 1; a tenth off costs a hundredth of the energy
SMOOTHING = Bound(FAILURES, "Over-smoothing", "§1", "of the clean picture's", "After damage that is hardly visible, "
    "texture is still there.", least=0.85)  # such damage hides about a tenth
RINGING_CLEAN = Bound(FAILURES, "Ringing at clean edges", "§1", "of the step", "A sharp edge has no halo.",
    most=0.02)  # R5.11
RINGING_BLUR = Bound(FAILURES, "Ringing at restored edges", "§1", "of the step", "An edge that was blurred becomes "
    "sharp without a halo.", most=0.09)  # the Gibbs overshoot of a cut spectrum
DRIFT_CLEAN = Bound(FAILURES, "Colour drift, clean", "§1", "of 255", "Flat colours stay as they are.",
    most=0.5)  # R5.11
DRIFT_NOISE = Bound(FAILURES, "Colour drift, noise", "§1", "of 255", "Flat colours under noise keep their mean.",
    most=1)  # a grey level, below what is seen
DRIFT_PICTURES = Bound(FAILURES, "Colour shift of restored pictures", "§1", "ΔE00", "At a sixteenth of its size, a "
    "picture restored from faint damage has the colours of the clean one.", most=1)  # what people just see
TEXT_CLEAN = Bound(FAILURES, "Clean text stays", "§1", "dB", "No undamaged text is redrawn.", least=40)
TEXT_GAIN = Bound(FAILURES, "Gain on damaged text", "§1", "dB", "Blurred, noisy and compressed text becomes easier to "
    "read, not harder.", least=1)
TEXT_CONTRAST = Bound(FAILURES, "Edge contrast of restored text", "§1", "of the clean text's", "Strokes stand out "
    "from the paper.", least=0.7)  # a choice; no standard is known to us
CHECKERBOARD = Bound(FAILURES, "Checkerboard", "§1", "of 255", "No grid at the network's strides is printed on flat "
    "areas.", most=0.5)  # half a grey level cannot be written

TEXTURE_SEEDS = Bound(TEXTURE, "Two seeds, two textures", "§9", "", "Another seed gives another texture.", least=1e-4)
TEXTURE_STRUCTURE = Bound(TEXTURE, "Two seeds, one structure", "§9", "", "LF and HF do not depend on the seed.",
    least=0, most=0)  # L8
TEXTURE_ZERO = Bound(TEXTURE, "Texture 0 is the plain output", "§9", "", "Without asking, nothing is generated.",
    least=0, most=0)
TEXTURE_MEANS = Bound(TEXTURE, "Texture has no cell means", "§9", "", "Generated texture cannot move structure.",
    most=1e-6)  # L2
TEXTURE_DRIFT = Bound(TEXTURE, "Structure with texture", "§9", "dB", "Shrunk to a quarter, outputs with and without "
    "generated texture are alike.", least=45)  # 1.4 grey levels

PURE_MACS = Bound(COST, "Multiply-adds against the pure-conv path", "§15", "times", "What attention, scans and "
    "experts cost beside their convolutional twins.", most=2)  # design §3: `base` may take twice the time of `fast`
PURE_PARAMETERS = Bound(COST, "Parameters against the pure-conv path", "§15", "times", "The same for the size of the "
    "file.", most=2)  # 12 MiB against 6
NAFNET_MACS = Bound(COST, "Multiply-adds against NAFNet-w32", "§15", "times", "The network is lighter than the "
    "baseline of its kind.", most=1)
NAFNET_MACS_LARGE = Bound(COST, "Multiply-adds against NAFNet-w32", "§15", "times", "The largest preset is at most "
    "three times as heavy as the baseline of its kind.", most=3)  # design §3
NAFNET_PARAMETERS = Bound(COST, "Parameters against NAFNet-w32", "§15", "times", "The same for parameters.", most=1)

BF16_PSNR = Bound(AGREEMENT, "PSNR lost in bf16", "§1", "dB", "Half the bits cost nothing that can be measured.",
    most=0.01)  # R5.2, whether bf16 may be the default
BF16_LARGEST = Bound(AGREEMENT, "Largest difference in bf16", "§1", "of 255", "No pixel is visibly different in bf16.",
    most=2)  # R5.2
DEPLOYED_LARGEST = Bound(AGREEMENT, "Largest difference when deployed", "§6", "of 255", "Training and deployed form "
    "agree on photographs.", most=255e-5)  # R5.8
ONNX_LARGEST = Bound(AGREEMENT, "Largest difference in ONNX Runtime", "§6", "of 255", "The exported network is the "
    "network.", most=255e-4)  # the bound of `harmonic export`
ONNX_PSNR = Bound(AGREEMENT, "PSNR lost in ONNX Runtime", "§6", "dB", "The same in PSNR.", most=0.001)
OPENVINO_LARGEST = Bound(AGREEMENT, "Largest difference in OpenVINO", "§6", "of 255", "The exported network is the "
    "network.", most=255e-4)
OPENVINO_PSNR = Bound(AGREEMENT, "PSNR lost in OpenVINO", "§6", "dB", "The same in PSNR.", most=0.001)
DEPLOYED_PSNR = Bound(AGREEMENT, "PSNR lost when deployed", "§6", "dB", "The same in PSNR.", most=0.001)  # R5.8
# fmt: on
