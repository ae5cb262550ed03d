"""What a sound is like, in numbers that producers have words for: brightness, length, pitch and so on."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[Any]  # float32 or float64

BATCH = 16  # clips analysed together: what they need stays within a processor's cache
SILENCE = 1e-6  # RMS, −120 dB: below it there is nothing to measure
FLOOR = 1e-9  # power under which nothing counts, the clip's mean power being 1
FLOOR_DB = -60.0  # of levels that stand against the whole sound's
QUIETEST = -70.0  # LUFS, where ITU-R BS.1770 stops listening
FRAME_SECONDS = 0.046  # of the short-time spectra
PITCH_SECONDS = 0.09  # of the stretch whose pitch is measured: 3.6 periods of the lowest
PITCHES = 40.0, 2000.0  # Hz
OCTAVE_COST = 0.02  # by how much a pitch an octave lower must fit better (Boersma 1993)
TONAL = 0.6  # tonality from which on a sound has a pitch to speak of
BANDS = 10 ** (np.arange(14, 44) / 10)  # Hz, the centres of third octaves, 25 Hz to 20 kHz
FLATNESS_EDGES = 60.0, 400.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0  # Hz


@dataclass(frozen=True)
class Descriptor:
    """A row of the table: `of` gives the values of an analysed batch, [n], on a scale on which they may be compared.

    That scale is log₂ of the unit where `logarithmic`, the unit itself otherwise. A difference of `audible` on it is
    about what an attentive listener notices. `where` names the descriptor that must reach TONAL for the value to mean
    anything.
    """

    name: str
    unit: str
    meaning: str
    measured: str
    of: Callable[[Analysis], Reals]
    audible: float
    logarithmic: bool = False
    where: str | None = None

    def shown(self, value: float) -> float:
        """A measured value in the descriptor's unit, to three digits."""
        return float(f"{2**value if self.logarithmic else value:.3g}")


def measure(audio: NDArray[np.float32], sample_rate: int) -> dict[str, NDArray[np.float64]]:
    """Every descriptor of clips [n, channels, frames]: name → [n], finite whatever the clips are.

    Hz and seconds come as log₂, so that equal steps are heard as such; `Descriptor.shown` undoes it.
    """
    rows: list[list[Reals]] = []
    for start in range(0, len(audio), BATCH):
        analysis = Analysis(audio[start : start + BATCH], sample_rate)
        rows.append([descriptor.of(analysis) for descriptor in DESCRIPTORS])
    columns = zip(*rows, strict=True) if rows else ([np.zeros(0)] for _ in DESCRIPTORS)
    return {
        descriptor.name: np.concatenate(list(column)).astype(np.float64)
        for descriptor, column in zip(DESCRIPTORS, columns, strict=True)
    }


def applies(name: str, values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
    """For which of the measured sounds a descriptor means anything: a pitch, for one, only where there is a tone."""
    where = next(descriptor.where for descriptor in DESCRIPTORS if descriptor.name == name)
    return np.ones(len(values[name]), bool) if where is None else values[where] >= TONAL


class Analysis:
    """What the descriptors of a batch of clips are read from, each part computed once."""

    def __init__(self, audio: NDArray[np.float32], sample_rate: int) -> None:
        self.rate = sample_rate
        clean = np.nan_to_num(np.asarray(audio, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        self.rms = np.sqrt(np.mean(np.square(clean), axis=(1, 2)))
        # All but the loudness is measured on clips of one level; silence stays silent.
        self.audio = clean / np.where(self.rms > SILENCE, self.rms, np.inf)[:, None, None].astype(np.float32)

    @functools.cached_property
    def spectrum(self) -> NDArray[Any]:
        """Of the whole clip: [n, channels, bins]."""
        return np.fft.rfft(self.audio)

    @functools.cached_property
    def bands(self) -> Reals:
        """The shares of the clip's power in third octaves, of all channels: [n, bands up to half the sample rate]."""
        power = np.square(np.abs(self.spectrum)).sum(axis=1)
        edges = np.append(BANDS, BANDS[-1] * 10**0.1) * 10**-0.05
        edges = edges[edges < self.rate / 2]
        places = np.ceil(edges * self.audio.shape[-1] / self.rate).astype(int)
        sums = np.add.reduceat(np.pad(power, ((0, 0), (0, 1))), np.minimum(places, power.shape[1]), axis=1)
        # reduceat gives a band that holds no bin the next one's first.
        sums *= np.diff(places, append=power.shape[1]) > 0
        shares: Reals = sums[:, : len(BANDS)] / np.maximum(power.sum(axis=1, keepdims=True), FLOOR) + FLOOR
        return shares

    def blocks(self, power: Reals, seconds: float) -> Reals:
        """Means over stretches of a power [n, frames]: [n, blocks]."""
        block = max(1, round(seconds * self.rate))
        whole = power[:, : power.shape[1] // block * block]
        means: Reals = whole.reshape(len(whole), -1, block).mean(axis=2)
        return means + FLOOR

    @functools.cached_property
    def envelope(self) -> Reals:
        """Power by the millisecond, the mean of the channels: [n, milliseconds]."""
        return self.blocks(np.square(self.audio).mean(axis=1), 0.001)

    @functools.cached_property
    def contour(self) -> Reals:
        """The envelope smoothed over 4 ms, in dB: [n, milliseconds]."""
        return 10 * np.log10(_smoothed(self.envelope, 4))

    @functools.cached_property
    def peak(self) -> NDArray[np.intp]:
        """When the sound first comes within 1 dB of its loudest: [n], milliseconds."""
        return np.asarray(np.argmax(self.contour >= self.contour.max(axis=1, keepdims=True) - 1, axis=1))

    @functools.cached_property
    def onset(self) -> Reals:
        """When the sound first comes within 20 dB of its loudest: [n], milliseconds and fractions."""
        return _crossing(self.contour, self.contour.max(axis=1) - 20)

    def stretch(self, start: Reals, seconds: float) -> Reals:
        """The clip from `start` [n] (milliseconds) on, or its last such stretch: [n, channels, a power of two]."""
        frames = self.audio.shape[-1]
        length = min(_power_of_two(seconds * self.rate), frames)
        first = np.clip(start * self.rate / 1000, 0, frames - length).astype(int)
        windows = np.lib.stride_tricks.sliding_window_view(self.audio, length, axis=2)
        picked: Reals = windows[np.arange(len(first)), :, first]
        return picked

    @functools.cached_property
    def frames(self) -> Reals:
        """Short-time power spectra, half overlapping, the mean of the channels: [n, frames, bins]."""
        size = _power_of_two(FRAME_SECONDS * self.rate)
        padded = np.pad(self.audio, ((0, 0), (0, 0), (size // 2, size)))  # a sound that begins at once is heard whole
        windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=2)[:, :, :: size // 2]
        spectra = np.fft.rfft(windows * np.hanning(size).astype(np.float32))
        power: Reals = np.square(np.abs(spectra)).mean(axis=1) / (0.375 * size)
        return power

    @functools.cached_property
    def pitch(self) -> tuple[Reals, Reals]:
        """Pitch in Hz and tonality 0 … 1, both [n], by the windowed autocorrelation (Boersma 1993)."""
        stretch = self.stretch(self.peak + 5.0, PITCH_SECONDS)
        length = stretch.shape[-1]
        window = np.hanning(length).astype(np.float32)
        power = np.square(np.abs(np.fft.rfft(stretch * window, 2 * length))).sum(axis=1)
        lags = np.arange(max(2, int(self.rate / PITCHES[1])), min(int(self.rate / PITCHES[0]), length // 2))
        fade = np.fft.irfft(np.square(np.abs(np.fft.rfft(window, 2 * length))))
        shape = np.fft.irfft(power)[:, : lags[-1] + 2] / (fade[: lags[-1] + 2] / fade[0])
        fit = shape / np.maximum(shape[:, :1], FLOOR * length)
        before, here, after = fit[:, lags - 1], fit[:, lags], fit[:, lags + 1]
        score = here - OCTAVE_COST * np.log2(lags / lags[0])
        score = np.where((here >= before) & (here > after), score, -2.0)
        best = np.argmax(score, axis=1)
        picked = np.arange(len(best)), best
        a, b, c = before[picked], here[picked], after[picked]
        shift = np.where(score[picked] > -2, (a - c) / np.minimum(2 * (a - 2 * b + c), -1e-9), 0.0)
        tonality = np.where(score[picked] > -2, np.clip(b, 0, 1), 0.0)
        return self.rate / (lags[best] + np.clip(shift, -0.5, 0.5)), tonality


def _power_of_two(frames: float) -> int:
    return 1 << round(math.log2(frames))


def _smoothed(values: Reals, width: int) -> Reals:
    """The moving mean over `width` columns, centred; at the ends over those there are."""
    total = np.cumsum(np.pad(values.astype(np.float64), ((0, 0), (1, 0))), axis=1)
    at = np.arange(values.shape[1])
    low, high = np.maximum(at - width // 2, 0), np.minimum(at + (width + 1) // 2, values.shape[1])
    means: Reals = (total[:, high] - total[:, low]) / (high - low)
    return means


def _crossing(rising: Reals, level: Reals) -> Reals:
    """Where each row first reaches its level, between columns: [n]; 0 if it begins there."""
    rows = np.arange(len(rising))
    at = np.argmax(rising >= level[:, None], axis=1)
    low, high = rising[rows, np.maximum(at - 1, 0)], rising[rows, at]
    return np.where(at > 0, at - (high - level) / np.maximum(high - low, 1e-9), 0.0)


def _share(low: float, high: float) -> Callable[[Analysis], Reals]:
    def of(sound: Analysis) -> Reals:
        centres = BANDS[: sound.bands.shape[1]]
        inside = (centres >= low * 0.99) & (centres <= high * 1.01)
        return np.asarray(np.maximum(10 * np.log10(sound.bands[:, inside].sum(axis=1)), FLOOR_DB))

    return of


def _brightness(sound: Analysis) -> Reals:
    # Loudness grows with about the 0.23rd power of intensity: quiet highs count for more than their energy.
    loudness = sound.bands**0.23 - FLOOR**0.23
    centres = np.log2(BANDS[: loudness.shape[1]])
    total = loudness.sum(axis=1)
    return np.asarray(np.where(total > 0.01, loudness @ centres / np.maximum(total, 0.01), centres.mean()))


def _noise(sound: Analysis) -> Reals:
    power = sound.frames + FLOOR
    bins = 2 * (power.shape[2] - 1)
    edges = np.array([edge for edge in FLATNESS_EDGES if edge < sound.rate / 2 * 0.9])
    places = np.append(np.round(edges * bins / sound.rate).astype(int), power.shape[2])
    counts = np.diff(places)
    inside = power[:, :, places[0] :]
    means = np.add.reduceat(inside, places[:-1] - places[0], axis=2) / counts
    logs = np.add.reduceat(np.log(inside), places[:-1] - places[0], axis=2) / counts
    weight = np.sqrt(means * counts)
    flatness = 10 / np.log(10) * (logs - np.log(means))
    return np.asarray((flatness * weight).sum(axis=(1, 2)) / weight.sum(axis=(1, 2)))


def _length(sound: Analysis) -> Reals:
    fallen = 10 * np.log10(_smoothed(sound.envelope, 10))
    end = fallen.shape[1] - _crossing(fallen[:, ::-1], fallen.max(axis=1) - 30)
    return np.log2(np.where(sound.rms > SILENCE, np.maximum(end - sound.onset, 1.0), 1.0) / 1000)


def _attack(sound: Analysis) -> Reals:
    top = _crossing(sound.contour, sound.contour.max(axis=1) - 1)
    return np.asarray(np.log2(np.maximum(top - sound.onset, 0.5) / 1000))


def _loudness(sound: Analysis) -> Reals:
    weighted = sound.frames @ _k_weighting(sound.rate, sound.frames.shape[2]) * 2 * sound.audio.shape[1]
    hop_seconds = (sound.frames.shape[2] - 1) / sound.rate
    width = max(1, round(0.4 / hop_seconds))
    padded = np.pad(weighted, ((0, 0), (0, max(0, width - weighted.shape[1]))))
    total = np.cumsum(np.pad(padded, ((0, 0), (1, 0))), axis=1)
    loudest = (total[:, width:] - total[:, :-width]).max(axis=1) / width
    bins = 2 * (sound.frames.shape[2] - 1)
    return np.asarray(np.maximum(-0.691 + 10 * np.log10(loudest / bins * np.square(sound.rms) + 1e-12), QUIETEST))


@functools.lru_cache(maxsize=8)
def _k_weighting(rate: int, bins: int) -> NDArray[np.float32]:
    """The power response of BS.1770's two filters (its coefficients at 48 kHz) at the bins of a spectrum."""
    z = np.exp(-2j * np.pi * np.minimum(np.linspace(0, rate / 2, bins), 24000) / 48000)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(np.square(np.abs(shelf * high_pass)).astype(np.float32))


def _hardness(sound: Analysis) -> Reals:
    beginning = sound.stretch(sound.onset - 5.0, 0.05)
    power = np.square(np.abs(np.fft.rfft(beginning))).sum(axis=1) * 2 / beginning.shape[-1]
    high = power[:, round(2000 * beginning.shape[-1] / sound.rate) :].sum(axis=1)
    total = np.square(sound.audio).sum(axis=(1, 2))
    return np.asarray(np.maximum(10 * np.log10((high + FLOOR) / np.maximum(total, 1.0)), FLOOR_DB))


def _roughness(sound: Analysis) -> Reals:
    frames = sound.audio.shape[-1]
    analytic = np.zeros((*sound.audio.shape[:2], frames), np.complex64)
    audible = slice(round(200 * frames / sound.rate), frames // 2)
    analytic[..., audible] = 2 * sound.spectrum[..., audible]
    analytic = np.fft.ifft(analytic)
    power = sound.blocks((np.square(analytic.real) + np.square(analytic.imag)).mean(axis=1) / 2, 0.002)
    whole = _smoothed(sound.blocks(np.square(sound.audio).mean(axis=1), 0.002), 25)
    # Just after the onset the envelope is steep, not rough; 40 dB below the loudest nobody hears either.
    heard = np.arange(power.shape[1]) * 2 > sound.onset[:, None] + 30
    weight = np.sqrt(whole) * (heard & (whole > 1e-4 * whole.max(axis=1, keepdims=True)))
    fluctuation = (np.square((power - _smoothed(power, 25)) / whole) * weight).sum(axis=1)
    return np.asarray(20 * np.log10(np.sqrt(fluctuation / np.maximum(weight.sum(axis=1), FLOOR)) + 0.01))


def _width(sound: Analysis) -> Reals:
    if sound.audio.shape[1] == 1:
        return np.full(len(sound.audio), FLOOR_DB)
    left, right = sound.audio[:, 0], sound.audio[:, 1]
    mid, side = (np.square(x).mean(axis=1) + FLOOR for x in (left + right, left - right))
    return np.asarray(np.clip(10 * np.log10(side / mid), FLOOR_DB, -FLOOR_DB))


DESCRIPTORS = (
    Descriptor(
        "brightness",
        "Hz",
        "dark to bright",
        "centroid of the specific loudness over third octaves (after Zwicker & Fastl, Psychoacoustics, 2007, 9.1)",
        _brightness,
        0.1,
        logarithmic=True,
    ),
    Descriptor(
        "noise",
        "dB",
        "clear to noisy",
        "spectral flatness within bands of about an octave, weighted by amplitude (MPEG-7 AudioSpectrumFlatness)",
        _noise,
        1.0,
    ),
    Descriptor(
        "length",
        "s",
        "short to long",
        "from the onset until the last time within 30 dB of the loudest",
        _length,
        0.2,
        logarithmic=True,
    ),
    Descriptor(
        "attack",
        "s",
        "sudden to soft",
        "from 20 dB below the loudest to 1 dB below (log attack time: Peeters, CUIDADO, 2004)",
        _attack,
        0.4,
        logarithmic=True,
    ),
    Descriptor("loudness", "LUFS", "quiet to loud", "of the loudest 400 ms (ITU-R BS.1770-4)", _loudness, 1.0),
    Descriptor(
        "pitch",
        "Hz",
        "low to high",
        "normalised autocorrelation of the 0.09 s after the loudest (Boersma 1993), 40 Hz to 2 kHz",
        lambda sound: np.log2(sound.pitch[0]),
        0.04,
        logarithmic=True,
        where="tonality",
    ),
    Descriptor(
        "tonality",
        "",
        "without a pitch, 0, to one pitch, 1",
        "height of the autocorrelation's peak at the pitch (Boersma 1993)",
        lambda sound: sound.pitch[1],
        0.05,
    ),
    Descriptor(
        "hardness",
        "dB",
        "soft to hard",
        "energy above 2 kHz in the first 50 ms, against the whole sound's (after AudioCommons D5.2, 2017)",
        _hardness,
        1.5,
    ),
    Descriptor(
        "depth",
        "dB",
        "thin to deep",
        "energy up to 112 Hz, against the whole (after AudioCommons D5.2)",
        _share(25, 100),
        1.5,
    ),
    Descriptor(
        "boominess",
        "dB",
        "tight to booming",
        "energy from 112 to 282 Hz, against the whole (after Hatano & Hashimoto 2000)",
        _share(125, 250),
        1.5,
    ),
    Descriptor(
        "warmth",
        "dB",
        "cold to warm",
        "energy from 282 to 891 Hz, against the whole (after AudioCommons D5.2)",
        _share(316, 800),
        1.5,
    ),
    Descriptor(
        "roughness",
        "dB",
        "smooth to rough",
        "fluctuation of the envelope above 200 Hz at about 20 to 250 Hz (after Zwicker & Fastl, 11)",
        _roughness,
        1.5,
    ),
    Descriptor("width", "dB", "narrow to wide", "side against mid; mono is as narrow as can be", _width, 1.5),
)
