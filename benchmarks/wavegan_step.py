"""How much faster the recipe `wavegan` trains than its plain form: `python benchmarks/wavegan_step.py [--json]`.

The plain form is the networks layer by layer, in float32, with the gradient penalty by second derivatives. Both forms
start from the same weights and make the same steps of the recipe (five of the critic, one of the generator) on noise,
in turns in one process, so that a busy spell of the machine meets both. The ratio is the median of the pairs'.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import numpy as np
import plain_wavegan
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.clips import Clips
from trainer.plan import Moment
from trainer.recipes import find_recipe
from trainer.run_folder import RunConfig
from trainer.wavegan.learner import WaveganLearner
from trainer.wavegan.losses import gradient_penalty
from trainer.wavegan.networks import SHUFFLED_LAYERS

BAR = 1.3
CLIPS = 64


class PlainLearner(WaveganLearner):
    """The recipe without any of what makes it fast."""

    def _record(self) -> None:
        self._teach_critic, self._teach_generator = self._critic_step, self._generator_step

    def _critic_step(self, real: Tensor, z: Tensor, mix: Tensor, shifts: Tensor) -> None:
        critic = self.discriminator
        with torch.no_grad():
            fake = plain_wavegan.generate(self.raw, z)
        score = plain_wavegan.score
        distance = score(critic, real, shifts[0]).mean() - score(critic, fake, shifts[1]).mean()
        penalty = gradient_penalty(plain_wavegan.slope(critic, real + mix * (fake - real), shifts[2]))
        self.discriminator_adam.zero_grad()
        (self.penalty_weight * penalty - distance).backward()
        self.discriminator_adam.step()

    def _draw_shifts(self, calls: int) -> Tensor:
        # On the CPU, where reading them does not wait for a GPU.
        limit = self.phase_shuffle
        return torch.randint(-limit, limit + 1, (calls, SHUFFLED_LAYERS), generator=self.random)

    def _generator_step(self, z: Tensor, shifts: Tensor) -> None:
        self.discriminator.requires_grad_(False)
        loss = -plain_wavegan.score(self.discriminator, plain_wavegan.generate(self.raw, z), shifts[0]).mean()
        self.generator_adam.zero_grad()
        loss.backward()
        self.generator_adam.step()
        self.discriminator.requires_grad_(True)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="(default: %(default)s)")
    parser.add_argument("--dims", help="d of the networks (default: 16,32; on CUDA 64)")
    parser.add_argument("--batch", type=int, help="clips in a batch (default: 32; on CUDA 64)")
    parser.add_argument("--frames", type=int, default=16384, help="of a clip (default: %(default)s)")
    parser.add_argument("--pairs", type=int, help="of runs (default: 5; on CUDA 9)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="(default: %(default)s)")
    arguments = parser.parse_args()
    cuda = arguments.device == "cuda"
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)
    torch.backends.cudnn.benchmark = True
    batch, pairs = arguments.batch or (64 if cuda else 32), arguments.pairs or (9 if cuda else 5)
    cases = {
        f"d = {dim}": compare(int(dim), batch, arguments.frames, torch.device(arguments.device), pairs)
        for dim in (arguments.dims or ("64" if cuda else "16,32")).split(",")
    }
    result = {
        "measured": f"steps of wavegan beside its plain float32 form, in turns, median of {pairs} pairs",
        "device": torch.cuda.get_device_name() if cuda else "cpu",
        "threads": arguments.threads,
        "batch": batch,
        "clip_frames": arguments.frames,
        "cases": cases,
        "bar": BAR,
        "reached": all(case["ratio"] >= BAR for case in cases.values()),
    }
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{result['device']}, {arguments.threads} threads, {batch} clips of {arguments.frames} frames")
    for name, case in cases.items():
        print(
            f"{name}: {case['plain_s']:.3f} s a step plainly, {case['fast_s']:.3f} s: {case['ratio']:.2f} times as many"
        )
    print(f"bar: {BAR} times; {'reached' if result['reached'] else 'missed'}")


def compare(dim: int, batch: int, frames: int, device: torch.device, pairs: int) -> dict[str, float]:
    """Median seconds of a step in both forms, and the ratio of steps a second: median, least and greatest."""
    config = config_of(dim, batch, frames)
    noise = 0.2 * np.random.default_rng(0).standard_normal((CLIPS, 1, frames)).astype(np.float32)
    learners = [kind(config, Clips(noise, device), device) for kind in (PlainLearner, WaveganLearner)]
    # The first steps choose kernels and, on a GPU, record them.
    steps = 10 if device.type == "cuda" else 1
    for learner in learners:
        seconds(learner, steps)
    times = [[seconds(learner, steps) for learner in learners] for _ in range(pairs)]
    ratios = [plain / fast for plain, fast in times]
    plain, fast = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "plain_s": plain,
        "fast_s": fast,
        "ratio": statistics.median(ratios),
        "least": min(ratios),
        "greatest": max(ratios),
    }


def config_of(dim: int, batch: int, frames: int) -> RunConfig:
    """The recipe as its row says, of that size."""
    settings = find_recipe("wavegan").values([f"dim={dim}", f"batch={batch}"])
    return RunConfig("wavegan", settings, 0, 16_000, 1, frames, "", CLIPS, None)


def seconds(learner: WaveganLearner, steps: int) -> float:
    """How long a step takes."""

    def take(count: int) -> NDArray[np.int64]:
        return np.arange(count) % CLIPS

    if learner.device.type == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    for step in range(steps):
        learner.step(take, Moment(step, "training", step, 0.0))
    learner.weights_finite()  # waits for the device
    return (time.perf_counter() - began) / steps


if __name__ == "__main__":
    main()
