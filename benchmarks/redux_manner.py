"""A training loop in the manner of traiNNer-redux, to measure ours against; written anew, nothing is copied.

What it does is read from the-database/traiNNer-redux at commit 6862931 (2026-06). That program refuses to start without
CUDA (`train.py`), so this is its way of working carried to a CPU, with these choices:

- Pairs (`data/paired_image_dataset.py`, `data/transforms.py`, `utils/img_util.py`): PNG sub-images on disk, 480 pixels
  wide, step 240, compression 3 (`scripts/data_preparation/extract_subimages.py`). For each sample both files are opened
  with pyvips (sequential, colours turned to sRGB), flipped and turned lazily; one crop is fetched and becomes a float
  tensor. libvips decodes only the rows that the crop needs.
- Loader (`data/__init__.py`, `data/data_sampler.py`): torch's DataLoader, persistent worker processes, prefetch factor
  2, drop_last, the data repeated to 2000 batches per epoch. Its templates say 8 workers; torch warns at more workers
  than cores, so 2 is the default here. Pinned memory has no meaning without a GPU and is off.
- Step (`models/sr_model.py`, `options/_templates/train/*_fidelity.yml`): forward, losses, backward and optimizer inside
  autocast; a look at the loss for NaN; the norm of all gradients for the log; AdamW with torch's defaults, no weight
  decay, no clipping; EMA of every parameter with warm-up (as `ema_pytorch` does it); MultiStepLR; TensorBoard every 100
  steps. AMP in its templates is fp16 with a scaler, which is for GPUs: bf16 here, as its `amp_bf16` has it, without
  scaler. Network and losses are ours, on both sides.
- On the fly (`data/realesrgan_dataset.py`, `models/realesrgan_model.py`, `*_OTF_fidelity.yml`): workers read clean
  crops with a margin of 32 pixels and draw blur kernels; the training device degrades the batch by the template's
  second-order chain (resize, Poisson noise, JPEG of quality 75 to 95, twice; a final resize and 21 x 21 filter; blur
  never happens there), crops it and mixes it with a pool of 120 earlier samples. Lanczos, one of its four ways to
  resize, and kernels beside the Gaussian are left out, which saves it time.
"""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyvips
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler
from torch.utils.tensorboard import SummaryWriter

from harmonic.train.objective import losses
from harmonic.train.recipe import Losses

MARGIN = 32
KERNEL = 21
POOL = 120
RESIZES = ("bilinear", "bicubic", "nearest-exact")
LUMA = torch.tensor(
    [[16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55], [14, 13, 16, 24, 40, 57, 69, 56],
     [14, 17, 22, 29, 51, 87, 80, 62], [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
     [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99]]).float()  # fmt: skip
CHROMA = torch.full((8, 8), 99.0)
CHROMA[:4, :4] = torch.tensor([[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]).float()
YCC = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def opened(path: Path) -> pyvips.Image:
    return pyvips.Image.new_from_file(str(path), access="sequential", fail=True).icc_transform("srgb", depth=8)


def turned(picture: pyvips.Image, flips: tuple[bool, bool, bool]) -> pyvips.Image:
    across, down, quarter = flips
    picture = picture.fliphor() if across else picture
    picture = picture.flipver() if down else picture
    return picture.rot90() if quarter else picture


def fetched(picture: pyvips.Image, x: int, y: int, side: int) -> Tensor:
    """A crop (3, side, side) in [0, 1]."""
    pixels = np.frombuffer(pyvips.Region.new(picture).fetch(x, y, side, side), np.uint8)
    return torch.from_numpy(pixels.reshape(side, side, picture.bands)[..., :3].transpose(2, 0, 1)).float() / 255


def coins() -> tuple[bool, bool, bool]:
    return random.random() < 0.5, random.random() < 0.5, random.random() < 0.5


class Pairs(Dataset):
    """{"lq", "gt"} (3, side, side) of the files of one name in folder/lq and folder/gt."""

    def __init__(self, folder: Path, side: int):
        self.gt, self.side = sorted((folder / "gt").iterdir()), side
        self.lq = [folder / "lq" / path.name for path in self.gt]

    def __len__(self) -> int:
        return len(self.gt)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        flips = coins()
        gt, lq = (turned(opened(path), flips) for path in (self.gt[index], self.lq[index]))
        x, y = random.randint(0, gt.width - self.side), random.randint(0, gt.height - self.side)
        return {"lq": fetched(lq, x, y, self.side), "gt": fetched(gt, x, y, self.side)}


class CleanCrops(Dataset):
    """{"gt"} (3, side + 32, side + 32) and three blur kernels (21, 21), the last one a point."""

    def __init__(self, folder: Path, side: int):
        self.gt, self.side = sorted((folder / "gt").iterdir()), side + MARGIN

    def __len__(self) -> int:
        return len(self.gt)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        gt = turned(opened(self.gt[index]), coins())
        x, y = random.randint(0, gt.width - self.side), random.randint(0, gt.height - self.side)
        point = torch.zeros(KERNEL, KERNEL)
        point[KERNEL // 2, KERNEL // 2] = 1
        kernels = {"kernel1": drawn_kernel(2.0), "kernel2": drawn_kernel(1.0), "sinc": point}
        return {"gt": fetched(gt, x, y, self.side), **kernels}


def drawn_kernel(largest: float) -> Tensor:
    """An anisotropic Gaussian of 5 to 17 pixels and sigmas of 0.2 to `largest`, in a frame of 21."""
    size, angle = 2 * random.randint(2, 8) + 1, random.uniform(-np.pi, np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    inverse = turn @ np.diag([random.uniform(0.2, largest) ** -2, random.uniform(0.2, largest) ** -2]) @ turn.T
    grid = np.stack(np.meshgrid(*[np.arange(size) - size // 2] * 2), -1)
    kernel = np.exp(-0.5 * np.einsum("hwi,ij,hwj->hw", grid, inverse, grid))
    return torch.from_numpy(np.pad(kernel / kernel.sum(), (KERNEL - size) // 2)).float()


class Repeated(Sampler[int]):
    """Indices of `count` samples, shuffled, from data that are gone through as often as that needs."""

    def __init__(self, size: int, count: int):
        self.size, self.count = size, count

    def __iter__(self) -> Iterator[int]:
        return iter([i % self.size for i in torch.randperm(self.count).tolist()])

    def __len__(self) -> int:
        return self.count


def loader(data: Pairs | CleanCrops, batch: int, workers: int) -> DataLoader:
    sampler = Repeated(len(data), len(data) * max(2000 * batch // len(data), 1))
    return DataLoader(data, batch, sampler=sampler, num_workers=workers, drop_last=True, persistent_workers=True,
                      prefetch_factor=2, worker_init_fn=random.seed)  # fmt: skip


class Degrade:
    """The second-order chain, on a batch as a whole: {"gt", …} -> lq, gt (B, 3, side, side)."""

    def __init__(self, side: int):
        self.side, self.pool, self.filled = side, (torch.empty(0), torch.empty(0)), 0
        place = torch.arange(8.0)
        cosines = torch.cos((2 * place[:, None] + 1) * place * torch.pi / 16) / 2
        cosines[:, 0] /= 2**0.5
        self.dct = torch.einsum("xu,yv->xyuv", cosines, cosines).reshape(64, 64)

    @torch.no_grad()
    def __call__(self, data: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        gt = data["gt"]
        size = gt.shape[-1]
        x = resized(gt, round(size * drawn_scale((0.2, 0.7, 0.1), 0.4, 1.5)))
        x = self.jpeg(with_poisson_noise(x, 0.0))
        scale = drawn_scale((0.3, 0.4, 0.3), 0.6, 1.2)
        x = with_poisson_noise(resized(x, int(size * scale)) if scale != 1 else x, 0.0)
        if random.random() < 0.5:
            x = self.jpeg(filtered(resized(x, size), data["sinc"]))
        else:
            x = filtered(resized(self.jpeg(x), size), data["sinc"])
        lq = (x * 255).round().clamp(0, 255) / 255
        top, left = random.randint(0, MARGIN), random.randint(0, MARGIN)
        rows, columns = slice(top, top + self.side), slice(left, left + self.side)
        return self.exchanged(lq[..., rows, columns].contiguous(), gt[..., rows, columns].contiguous())

    def exchanged(self, lq: Tensor, gt: Tensor) -> tuple[Tensor, Tensor]:
        """While the pool fills, the batch itself; afterwards a random one of the pool, whose place it takes."""
        if not self.filled:
            self.pool = torch.zeros(POOL, *lq.shape[1:]), torch.zeros(POOL, *gt.shape[1:])
        if self.filled < POOL:
            for pool, new in zip(self.pool, (lq, gt), strict=True):
                pool[self.filled : self.filled + len(new)] = new
            self.filled += len(lq)
            return lq, gt
        order = torch.randperm(POOL)
        self.pool = self.pool[0][order], self.pool[1][order]
        taken = self.pool[0][: len(lq)].clone(), self.pool[1][: len(gt)].clone()
        for pool, new in zip(self.pool, (lq, gt), strict=True):
            pool[: len(new)] = new
        return taken

    def jpeg(self, x: Tensor) -> Tensor:
        """JPEG 4:2:0 of qualities 75 to 95. (B, 3, H, W)"""
        height, width = x.shape[-2:]
        factor = (200 - 2 * torch.empty(len(x), 1, 1).uniform_(75, 95)) / 100
        x = F.pad(x.clamp(0, 1), (0, -width % 16, 0, -height % 16)) * 255
        ycc = torch.einsum("bchw,dc->bdhw", x, YCC)
        luma = self.coded(ycc[:, :1] - 128, LUMA, factor) + 128
        chroma = self.coded(F.avg_pool2d(ycc[:, 1:], 2), CHROMA, factor)
        ycc = torch.cat([luma, chroma.repeat_interleave(2, 2).repeat_interleave(2, 3)], 1)
        return torch.einsum("bchw,dc->bdhw", ycc, torch.linalg.inv(YCC))[..., :height, :width].clamp(0, 255) / 255

    def coded(self, x: Tensor, table: Tensor, factor: Tensor) -> Tensor:
        """Quantised in the cosine domain. (B, C, H, W), multiples of 8"""
        batch, channels, height, width = x.shape
        blocks = x.reshape(batch, channels, height // 8, 8, width // 8, 8).transpose(3, 4)
        steps = table.reshape(64) * factor
        coefficients = blocks.reshape(batch, -1, 64) @ self.dct
        blocks = ((coefficients / steps).round() * steps @ self.dct.T).reshape(blocks.shape)
        return blocks.transpose(3, 4).reshape(x.shape)


def drawn_scale(shares: tuple[float, float, float], smallest: float, largest: float) -> float:
    """Above 1, below 1, or 1."""
    way = random.choices(("up", "down", "keep"), shares)[0]
    return {"up": random.uniform(1, largest), "down": random.uniform(smallest, 1), "keep": 1.0}[way]


def resized(x: Tensor, size: int) -> Tensor:
    if size == x.shape[-1]:
        return x
    mode = random.choice(RESIZES)
    return F.interpolate(x, (size, size), mode=mode, antialias=mode != "nearest-exact").clamp(0, 1)


def with_poisson_noise(x: Tensor, strength: float) -> Tensor:
    """Poisson noise at as many levels as each picture has values, times `strength`: 0 in the template."""
    x8 = (x * 255).round().clamp(0, 255) / 255
    levels = x.new_tensor([2 ** np.ceil(np.log2(len(torch.unique(one)))) for one in x8]).view(-1, 1, 1, 1)
    return (x + (torch.poisson(x8 * levels) / levels - x8) * strength).clamp(0, 1)


def filtered(x: Tensor, kernels: Tensor) -> Tensor:
    """Each picture by its own kernel. x (B, 3, H, W), kernels (B, k, k)"""
    batch, channels, height, width = x.shape
    x = F.pad(x, [KERNEL // 2] * 4, mode="reflect").reshape(1, batch * channels, height + KERNEL - 1, -1)
    weight = kernels[:, None].repeat_interleave(channels, 0)
    return F.conv2d(x, weight, groups=batch * channels).reshape(batch, channels, height, width)


class Ema:
    """The mean of all parameters: decay 1 - (1 + step) ** -0.75, at most `decay`."""

    def __init__(self, model: nn.Module, decay: float):
        self.model, self.decay, self.step = model, decay, torch.tensor(0)
        self.mean = {name: value.detach().clone() for name, value in model.named_parameters()}

    @torch.no_grad()
    def update(self) -> None:
        self.step += 1
        keep = min(1 - (1 + self.step.item()) ** -0.75, self.decay)
        for name, value in self.model.named_parameters():
            self.mean[name].lerp_(value, 1 - keep)


def run(network: nn.Module, weights: Losses, folder: Path, *, fly: bool, bf16: bool, crop: int, batch: int,
        workers: int, block: int) -> Iterator[tuple[float, float, float]]:  # fmt: skip
    """Train -> after each `block` steps: seconds per step, of these waiting for data, and degrading them."""
    data = loader((CleanCrops if fly else Pairs)(folder, crop), batch, workers)
    layout = torch.channels_last if bf16 else torch.preserve_format
    network = network.to(memory_format=layout).train()  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-4, weight_decay=0, betas=(0.9, 0.99))
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [100_000, 200_000], 0.5)
    ema, degrade, board, log = Ema(network, 0.999), Degrade(crop), SummaryWriter(str(folder / "board")), {}
    step, waited, degraded, started = 0, 0.0, 0.0, time.perf_counter()
    while True:
        batches = iter(data)
        for _ in range(len(data)):
            before = time.perf_counter()
            pair = next(batches)
            waited += time.perf_counter() - before
            before = time.perf_counter()
            lq, gt = degrade(pair) if fly else (pair["lq"], pair["gt"])
            degraded += (time.perf_counter() - before) * fly
            lq, gt = lq.to(memory_format=layout), gt.to(memory_format=layout)
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                terms = losses(network(lq), gt, weights)
                terms["total"] = torch.stack(list(terms.values())).sum()
                if not terms["total"].isfinite():
                    raise FloatingPointError("the loss is not finite")
                terms["total"].backward()
                norms = [torch.linalg.vector_norm(p.grad) for p in network.parameters() if p.grad is not None]
                terms["norm"] = torch.linalg.vector_norm(torch.stack(norms)).detach()
                optimizer.step()
                optimizer.zero_grad()
            for name, value in terms.items():
                log[name] = log.get(name, 0) + value.detach().float() * batch
            ema.update()
            scheduler.step()
            step += 1
            if step % 100 == 0:
                for name, value in log.items():
                    board.add_scalar(name, value / (100 * batch), step)
                log = {}
            if step % block == 0:
                now = time.perf_counter()
                yield (now - started) / block, waited / block, degraded / block
                waited, degraded, started = 0.0, 0.0, time.perf_counter()
