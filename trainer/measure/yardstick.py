"""Real clips as a yardstick: how far sounds are from them, and how far held-out real ones are from the rest."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from trainer import near_duplicates
from trainer.checkup import fingerprint
from trainer.dataset import forget
from trainer.measure.artefacts import strongest
from trainer.measure.comparison import Comparison
from trainer.measure.copies import CANDIDATES, COPY, correlations
from trainer.measure.features import Reals, Space
from trainer.measure.hearing import Heard, hear, join
from trainer.measure.metrics import percentiles
from trainer.measure.peakiness import PERCENTILES
from trainer.measure.split import split
from trainer.measure.two_samples import Indices, squared_distances

Floats = NDArray[np.float32]
Generate = Callable[[int, int], Floats]
"""Of the first seed and a number of sounds: audio [number, channels, frames]."""

SOUNDS = 500  # that are judged unless said
FEWEST_CLIPS = 4
MOST_CLIPS = 2000  # real ones that are compared with; more tell hardly more
BASIS = 256  # components in which nearly all of the features lies; the spaces of the splits are fitted there
DIMENSIONS = 64
CLIPS_A_DIMENSION = 4  # at least: with as many dimensions as clips, all would lie equally far apart
SPLITS = 20  # of real clips into held-out ones and the rest
SAME = 0.01  # deviations in each dimension, closer than which two sounds are the same
PIECE = 48  # sounds in memory at a time; whole batches of a generator


class Yardstick:
    """Measures sounds by real clips [n, channels, frames], which may be memory-mapped and of any number above 3.

    At most 2,000 of them are used, chosen by the seed. `sources` are the paths that the clips came from. The same
    arguments give the same figures. With `descriptors` these are measured as well.
    """

    def __init__(
        self, clips: Floats, sample_rate: int, sources: Sequence[str], seed: int = 0, descriptors: bool = False
    ) -> None:
        if len(clips) < FEWEST_CLIPS:
            raise ValueError(f"{len(clips)} clips are too few to measure by")
        self.sample_rate = sample_rate
        self.seed = seed
        self._count = SOUNDS  # of those measured last
        self._floors: dict[int, dict[str, list[float]]] = {}
        self._clips = clips
        self._descriptors = descriptors
        self._chosen = np.sort(np.random.default_rng((seed, 0)).permutation(len(clips))[:MOST_CLIPS])
        pieces = np.array_split(self._chosen, -(-len(self._chosen) // PIECE))
        heard, prints = [], []
        for piece in pieces:
            audio = clips[piece]
            heard.append(self._hear(audio))
            prints += [np.frombuffer(fingerprint(clip.T, sample_rate), np.uint8) for clip in audio]
        self.real = join(heard)
        alike = near_duplicates.groups(np.stack(prints))
        chosen = [sources[index] for index in self._chosen]
        self.splits = [split(chosen, (seed, 1, number), alike) for number in range(SPLITS)]
        self._basis = Space.fit(self.real.features, BASIS, scaled=False)
        self._real_basis = self._basis.place(self.real.features)
        fewest = min(int((~one.held).sum()) for one in self.splits)
        self.dimensions = max(1, min(DIMENSIONS, fewest // CLIPS_A_DIMENSION))
        self._space = Space.fit(self._real_basis, self.dimensions)
        self._points = self._space.place(self._real_basis)

    def measure(self, generate: Generate, count: int = SOUNDS) -> dict[str, float]:
        """The figures of `count` sounds, two or more; those of the real clips end in `_real`.

        `mmd`, `density`, `coverage`, `recall`, `peakiness_50`, `_75` and `_90` (dB), `artefacts` (dB), `copies` (the
        share of sounds that are a clip again) and `nearness` (how far the sounds lie from the clips next to them,
        beside how far held-out real ones do: 1 is alike, less is nearer).
        """
        heard, copied = self.listen(generate, count)
        self._count = count
        return self.figures(self.compare(heard), copied)

    def listen(self, generate: Generate, count: int) -> tuple[Heard, Reals]:
        """What was heard in `count` sounds, and how each correlates with the clips most like it: [count]."""
        parts, copied = [], []
        for first in range(0, count, PIECE):
            audio = generate(first, min(PIECE, count - first))
            parts.append(self._hear(audio))
            points = self._space.place(self._basis.place(parts[-1].features))
            copied.append(self._correlations(audio, points, self._points, np.arange(len(self._points))))
        return join(parts), np.concatenate(copied)

    def compare(self, heard: Heard) -> Comparison:
        """Sounds beside all the real clips."""
        basis = self._basis.place(heard.features)
        return Comparison.of(self.real, self._real_basis, heard, basis, self.dimensions)

    def figures(self, comparison: Comparison, copied: Reals) -> dict[str, float]:
        """See `measure`."""
        figures = comparison.figures(self.sample_rate)
        figures["nearness"] = figures.pop("nearest") / self._held_out_nearest
        figures["copies"] = float((copied > COPY).mean())
        return figures | {f"{key}_real": value for key, value in self.real_figures.items()}

    @functools.cached_property
    def real_figures(self) -> dict[str, float]:
        """Of the clips alone: their peakiness and artefacts."""
        return {
            **{f"peakiness_{p}": float(np.percentile(self.real.peakiness, p)) for p in PERCENTILES},
            "artefacts": strongest(self.real.lines, self.sample_rate)[0],
        }

    @property
    def floor(self) -> dict[str, float]:
        """The mean figures of held-out real clips, comparable with those measured last; see `floors`.

        `mmd_low` and `mmd_high` are the ends of what the splits give.
        """
        floors = self.floors(self._count)
        low, high = percentiles(floors["mmd"])
        return {key: float(np.mean(values)) for key, values in floors.items()} | {"mmd_low": low, "mmd_high": high}

    def floors(self, count: int = SOUNDS) -> dict[str, list[float]]:
        """The figures of held-out real clips, for each of the splits; comparable with those of `count` sounds."""
        if count not in self._floors:
            rows = [self._floor(number, count) for number in range(SPLITS)]
            self._floors[count] = {key: [row[key] for row in rows] for key in rows[0]}
        return dict(self._floors[count])

    def held_out(self, number: int) -> Comparison:
        """The clips that a split holds out beside the rest."""
        return self.beside_rest(number, self.real.part(self.splits[number].held))

    def beside_rest(self, number: int, heard: Heard) -> Comparison:
        """Sounds beside the clips that a split leaves."""
        rest = ~self.splits[number].held
        return Comparison.of(
            self.real.part(rest), self._real_basis[rest], heard, self._basis.place(heard.features), self.dimensions
        )

    def held_out_copies(self, number: int) -> float:
        """The share of a split's held-out clips that are copies of others: of layers, or of files kept twice."""
        held, points = self.splits[number].held, self._points
        rest, ours = np.flatnonzero(~held), np.flatnonzero(held)
        copied = [
            self._correlations(self._clips[self._chosen[piece]], points[piece], points[rest], rest) > COPY
            for piece in np.array_split(ours, -(-len(ours) // PIECE))
        ]
        return float(np.concatenate(copied).mean())

    def _floor(self, number: int, count: int) -> dict[str, float]:
        comparison = self.held_out(number)
        rest, held = comparison.pair.across.shape
        # Coverage and recall depend on the proportion of sounds to clips: as it is for `count` sounds.
        proportion = min(1.0, count / len(self._points))
        random = np.random.default_rng((self.seed, 2, number))
        crowd = np.sort(random.permutation(rest)[: max(2, round(held / proportion))])
        figures = comparison.figures(self.sample_rate, crowd)
        figures["nearness"] = figures.pop("nearest") / self._held_out_nearest
        return figures

    @functools.cached_property
    def _held_out_nearest(self) -> float:
        mean = float(np.mean([self.held_out(number).pair.nearest() for number in range(SPLITS)]))
        return max(mean, SAME * float(np.sqrt(self.dimensions)))

    def _hear(self, audio: Floats) -> Heard:
        heard = hear(np.asarray(audio), self.sample_rate, self._descriptors)
        forget(self._clips)
        return heard

    def _correlations(self, audio: Floats, points: Reals, clips: Reals, indices: Indices) -> Reals:
        """Of sounds at `points` with those of the clips at `clips`, numbered by `indices`, that are next to them."""
        order = np.argsort(squared_distances(points, clips), axis=1)[:, :CANDIDATES]
        correlated = correlations(audio, indices[order], lambda index: self._clips[self._chosen[index]])
        forget(self._clips)
        return correlated
