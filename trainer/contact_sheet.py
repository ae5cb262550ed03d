"""A contact sheet of a dataset: some of its sounds in one picture, each a waveform above a spectrogram."""

from __future__ import annotations

import io
import os
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.files import replacing
from trainer.doctor import Diagnosis, Examined
from trainer.spectrogram import LOWEST, spectrogram

Item = TypeVar("Item")

CONTACT_SHEET = "contact_sheet.png"
MOST_CLIPS = 48
COLUMNS = 8
WAVE, HEARD, WIDTH = 40, 100, 200  # pixels: heights of the two pictures, and their width
TITLE, GAP, HEADING, MARGIN = 18, 10, 44, 34
TITLE_LETTERS, LABEL_LETTERS = 16, 12
DEPTH = 70.0  # dB below each clip's loudest point
FRAME, WAVE_COLOUR = (28, 31, 39), (242, 166, 90)
FACE, TEXT, FAINT = "#111318", "#e8eaed", "#8b919c"


def save(
    folder: Path, clips: NDArray[np.float32], sample_rate: int, examined: Sequence[Examined], diagnosis: Diagnosis
) -> None:
    """Draws some of the clips, [clips, channels, frames], into CONTACT_SHEET in `folder`."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.image import imsave

    chosen = choose(examined, diagnosis)
    members = Counter(diagnosis.group[diagnosis.group >= 0].tolist())
    columns = min(COLUMNS, len(chosen))
    rows = -(-len(chosen) // columns)
    cell_width, cell_height = WIDTH + GAP, TITLE + WAVE + HEARD + GAP
    width, height = max(MARGIN + columns * cell_width + GAP, 640), HEADING + rows * cell_height + GAP
    # Only the words are drawn by matplotlib: a hundred axes would take many times as long.
    figure = Figure(figsize=((width + 0.5) / 100, (height + 0.5) / 100), dpi=100, facecolor=FACE)
    canvas = FigureCanvasAgg(figure)
    pictures: dict[tuple[int, int], NDArray[np.uint8]] = {}
    """By their top and left pixel."""

    def write(left: float, top: float, text: str, size: float = 7.5, colour: str = TEXT, side: str = "left") -> None:
        figure.text(
            left / width, 1 - top / height, text, size=size, color=colour, ha=side, va="baseline", parse_math=False
        )

    seconds = clips.shape[2] / sample_rate
    least = "at least " if diagnosis.compared < diagnosis.clips else ""
    write(
        MARGIN,
        27,
        f"{len(chosen)} of {len(examined):,} clips  ·  {least}{diagnosis.different_sounds:,} different sounds  ·  "
        f"{seconds:.2f} s, {sample_rate / 1000:g} kHz",
        11,
    )
    colours = matplotlib.colormaps["magma"]
    for place, index in enumerate(chosen):
        row, column = divmod(place, columns)
        left, top = MARGIN + column * cell_width, HEADING + row * cell_height
        about = examined[index]
        times = members[int(diagnosis.group[index])]
        name = _shortened(os.path.splitext(os.path.basename(about.source))[0], TITLE_LETTERS)
        write(left, top + 12, name + (f"  ×{times}" if times > 1 else ""))
        if len(diagnosis.labels) > 1:
            write(left + WIDTH, top + 12, _shortened(about.label, LABEL_LETTERS), 6.5, FAINT, "right")
        mono = np.asarray(clips[index]).mean(axis=0)
        top += TITLE
        pictures[top, left] = _wave(mono)
        top += WAVE
        pictures[top, left] = colours(_heard(mono, sample_rate), bytes=True)[..., :3]
        if column == 0:
            for hertz in (100, 1000, 10_000):
                if hertz < sample_rate / 2:
                    up = np.log(hertz / LOWEST) / np.log(sample_rate / 2 / LOWEST)
                    mark = f"{hertz // 1000}k" if hertz >= 1000 else str(hertz)
                    write(left - 5, top + HEARD * (1 - up) + 3, mark, 6.5, FAINT, "right")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters that the font lacks are shown as boxes
        canvas.draw()  # type: ignore[no-untyped-call]
    sheet = np.array(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]
    for (top, left), pixels in pictures.items():
        sheet[top : top + len(pixels), left : left + WIDTH] = pixels
    # Made in memory first: an image library tells of a full disk without saying that it is full.
    png = io.BytesIO()
    imsave(png, np.ascontiguousarray(sheet), format="png", pil_kwargs={"compress_level": 3})
    with replacing(folder / CONTACT_SHEET) as temporary:
        temporary.write_bytes(png.getvalue())


def choose(examined: Sequence[Examined], diagnosis: Diagnosis) -> list[int]:
    """Indices of at most MOST_CLIPS clips, no two of one group, as evenly spread over the labels as may be."""
    firsts = np.flatnonzero(diagnosis.group == np.arange(len(diagnosis.group)))
    of_label: dict[str, list[int]] = defaultdict(list)
    for index in firsts.tolist():
        of_label[examined[index].label].append(index)
    labels = _spread(sorted(of_label), MOST_CLIPS)
    wanted = dict.fromkeys(labels, 0)
    room = min(MOST_CLIPS, sum(len(of_label[label]) for label in labels))
    while room:
        for label in labels:
            if room and wanted[label] < len(of_label[label]):
                wanted[label] += 1
                room -= 1
    return [index for label in labels for index in _spread(of_label[label], wanted[label])]


def _spread(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many of the items, evenly spread, in their order."""
    if most >= len(items):
        return list(items)
    return [items[index * len(items) // most] for index in range(most)]


def _wave(mono: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The waveform between −1 and 1, so that the levels of clips compare: pixels [WAVE, WIDTH, 3]."""
    ends = np.linspace(0, len(mono), WIDTH, endpoint=False).astype(np.int64)
    highest, lowest = np.maximum.reduceat(mono, ends), np.minimum.reduceat(mono, ends)
    level = np.linspace(1, -1, WAVE)[:, np.newaxis]
    half_pixel = 1 / (WAVE - 1)
    inside = (level <= highest + half_pixel) & (level >= lowest - half_pixel)
    return np.where(inside[..., np.newaxis], WAVE_COLOUR, FRAME).astype(np.uint8)


def _heard(mono: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """The spectrogram, highest frequency first, 0 … 1 below its own loudest point: [HEARD, WIDTH]."""
    levels = spectrogram(mono, sample_rate)
    bins, columns = levels.shape
    levels = levels.reshape(HEARD, bins // HEARD, WIDTH, columns // WIDTH).max(axis=(1, 3))[::-1]
    return np.asarray(np.clip((levels - levels.max()) / DEPTH + 1, 0, 1))


def _shortened(text: str, letters: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= letters else text[: letters - 1] + "…"
