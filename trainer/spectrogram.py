"""A picture of sounds: a grid of spectrograms over logarithmic frequency, each below its waveform."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.files import replacing

WINDOW = 1024  # frames
COLUMNS, BINS = 400, 200  # of the picture
LOWEST = 40.0  # Hz
FLOOR = -80.0  # dB below the grid's loudest bin


def spectrogram(clip: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Magnitudes of a mono clip [frames] in dB: [BINS, COLUMNS], from LOWEST to half the sample rate, logarithmic."""
    padded = np.pad(clip.astype(np.float64), WINDOW // 2)
    starts = np.linspace(0, len(clip), COLUMNS, endpoint=False).astype(int)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[starts] * np.hanning(WINDOW)
    magnitudes = np.abs(np.fft.rfft(frames, axis=1)) / (WINDOW / 4)
    wanted = np.geomspace(LOWEST, sample_rate / 2, BINS)
    bins = np.fft.rfftfreq(WINDOW, 1 / sample_rate)
    rows = [np.interp(wanted, bins, column) for column in magnitudes]
    return np.asarray(20 * np.log10(np.maximum(np.stack(rows, axis=1), 1e-9)))


def save_grid(
    path: Path, audio: NDArray[np.float32], sample_rate: int, titles: Sequence[str], heading: str, columns: int = 4
) -> None:
    """Writes a PNG of clips [clips, channels, frames], one cell each, on one scale of loudness."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullLocator

    mono = audio.mean(axis=1)
    pictures = [spectrogram(clip, sample_rate) for clip in mono]
    top = max(float(picture.max()) for picture in pictures)
    seconds = mono.shape[1] / sample_rate
    rows = -(-len(pictures) // columns)
    figure = Figure(figsize=(3.2 * columns, 2.9 * rows + 0.5), layout="constrained", facecolor="#111318")
    FigureCanvasAgg(figure)
    figure.suptitle(heading, color="white")
    grid = figure.add_gridspec(2 * rows, columns, height_ratios=[1, 3] * rows)
    edges = np.geomspace(LOWEST, sample_rate / 2, BINS + 1)
    ticks = [tick for tick in (100, 1000, 10_000) if tick < sample_rate / 2]
    peak = max(float(np.abs(mono).max()), 1e-6)
    for index, (clip, picture, title) in enumerate(zip(mono, pictures, titles, strict=True)):
        row, column = divmod(index, columns)
        wave = figure.add_subplot(grid[2 * row, column], facecolor="#111318")
        blocks = np.array_split(clip, COLUMNS)
        time = np.linspace(0, seconds, COLUMNS)
        wave.fill_between(time, [b.min() for b in blocks], [b.max() for b in blocks], color="#f2a65a", linewidth=0)
        wave.set_xlim(0, seconds)
        wave.set_ylim(-peak, peak)
        wave.set_title(title, color="white", fontsize=9)
        wave.set_axis_off()
        axes = figure.add_subplot(grid[2 * row + 1, column])
        axes.pcolormesh(np.linspace(0, seconds, COLUMNS + 1), edges, picture, cmap="magma", vmin=top + FLOOR, vmax=top)
        axes.set_yscale("log")
        axes.set_yticks(ticks)
        axes.yaxis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value / 1000:g}k" if value >= 1000 else f"{value:g}")
        )
        axes.yaxis.set_minor_locator(NullLocator())
        axes.tick_params(colors="#9aa0aa", labelsize=7)
        axes.label_outer()
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=90)
