"""Finds the latent whose sound is most like a recording: `trainer find` without its command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError
from engine.files import check_folder_of
from engine.latent import PRIORS, from_seeds
from engine.sound_string import SoundString
from trainer.measure.features import LEVELS, log_mel
from trainer.sampling import write_wav
from trainer.source import Source

Floats = NDArray[np.float32]

SEEDS = 512  # sounds among which the search begins; random pairs of them tell what a distance is worth
BEGINNINGS = 4  # the best of them, from which the search goes on
ROUNDS = 40
BROOD = 24  # tries a round around each beginning
FIRST_STEP, SHRINK = 0.5, 0.9  # of the normal domain: how far tries go at first, and what is left of it each round
FARTHEST = 1.3  # times the prior's usual distance from its middle
AT_ONCE = 48
HEARD = 60.0  # dB under the recording's loudest level: what is quieter than that does not tell sounds apart


@dataclass(frozen=True)
class Found:
    """The nearest sound.

    `distance` is the RMS difference in dB of the log-mel pictures, as far as they can be heard; `percentile` says how
    many of a hundred random pairs of the instrument's sounds are nearer to each other by the same measure.
    """

    sound: str
    z: list[float]
    distance: float
    percentile: float
    wav: str


def find(
    sound: Path, source_path: Path, output: Path | None = None, checkpoint: str | None = None, seed: int = 0
) -> Found:
    """Searches a run or an instrument for the sound of a file, and writes what was found, to compare.

    From the encoder's answer where there is one, and the best of some seeds; then by evolution, which needs nothing
    but the generator. Raises UserError if there is no sound in the file, or nothing to search.
    """
    # Not beside the recording, which may lie in a folder to train on.
    output = output or Path(f"{sound.stem}.found.wav")
    check_folder_of(output)
    source = Source.open(source_path, checkpoint)
    target = read(sound, source)
    wanted = log_mel(target, source.sample_rate)
    floor = wanted[:, :LEVELS].max() - HEARD
    wanted = _heard(wanted, floor)
    row = PRIORS[source.prior]
    random = np.random.default_rng(seed)

    def listen(points: NDArray[np.float64]) -> Floats:
        z = np.clip(row.from_normal(points), row.low, row.high).astype(np.float32)
        pieces = [log_mel(source.render(z[i : i + AT_ONCE]), source.sample_rate) for i in range(0, len(z), AT_ONCE)]
        return _heard(np.concatenate(pieces), floor)

    seeds = from_seeds(range(SEEDS), source.latent_dim, source.prior)
    starts = np.asarray(row.to_normal(seeds.astype(np.float64)), np.float64)
    pictures = listen(starts)
    pairs = _apart(pictures[: SEEDS // 2], pictures[SEEDS // 2 :])
    guess = source.encode(target)
    if guess is not None:
        points = np.concatenate([row.to_normal(guess.astype(np.float64)), starts])
        pictures = np.concatenate([listen(points[:1]), pictures])
    else:
        points = starts
    best, distance = _evolve(points, _apart(pictures, wanted), lambda p: _apart(listen(p), wanted), random)
    z = np.clip(row.from_normal(best), row.low, row.high).astype(np.float32)
    write_wav(output, source.render(z[None])[0], source.sample_rate)
    return Found(
        str(SoundString.of_latent(source.digest, z)),
        z.tolist(),
        distance,
        float(100 * (pairs < distance).mean()),
        str(output),
    )


def read(path: Path, source: Source) -> Floats:
    """A file as `prepare` makes a one-shot of it, in the source's form: [1, channels, frames]."""
    from trainer.audio_files import decode
    from trainer.converting import convert
    from trainer.cutting import one_shot
    from trainer.unused import Unusable

    if not path.is_file():
        raise UserError(f"There is no file {path}; name the sound to look for.")
    try:
        blocks = convert(decode(str(path)), source.sample_rate, source.channels)
        clips = list(one_shot(blocks, source.sample_rate, source.clip_frames))
    except Unusable as error:
        raise UserError(f"{path} cannot be used ({error}); name another sound.") from error
    if not clips:
        raise UserError(f"{path} is silent; name another sound.")
    return np.ascontiguousarray(clips[0].samples.T)[None]


def _evolve(
    points: NDArray[np.float64],
    distances: NDArray[np.float64],
    judge: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    random: np.random.Generator,
) -> tuple[NDArray[np.float64], float]:
    """The best point that is reached from the best of those given, by ever smaller steps that are kept if they help."""
    order = np.argsort(distances, kind="stable")[:BEGINNINGS]
    parents, costs = points[order], distances[order]
    limit = FARTHEST * np.sqrt(points.shape[1])
    step = FIRST_STEP
    for _ in range(ROUNDS):
        tries = np.repeat(parents, BROOD // len(parents), axis=0)
        # Some numbers only: in many dimensions a step in all of them rarely helps.
        moved = random.random(tries.shape) < 0.5
        tries = tries + step * moved * random.standard_normal(tries.shape)
        length = np.linalg.norm(tries, axis=1, keepdims=True)
        tries *= np.minimum(1, limit / np.maximum(length, 1e-9))
        everyone = np.concatenate([parents, tries])
        scores = np.concatenate([costs, judge(tries)])
        order = np.argsort(scores, kind="stable")[: len(parents)]
        parents, costs = everyone[order], scores[order]
        step *= SHRINK
    return parents[0], float(costs[0])


def _heard(pictures: Floats, floor: float) -> Floats:
    """Pictures whose levels lie at `floor` at the least: without it a clean kick's nearest is what has as few highs."""
    levels, width = np.split(pictures, [LEVELS], axis=1)
    return np.concatenate([np.maximum(levels, np.float32(floor)), width], axis=1)


def _apart(a: Floats, b: Floats) -> NDArray[np.float64]:
    """RMS differences in dB of pictures [n, features] and as many, or one."""
    apart: NDArray[np.float64] = np.sqrt(np.square(a.astype(np.float64) - b).mean(axis=1))
    return apart
