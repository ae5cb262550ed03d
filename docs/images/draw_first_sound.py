"""Draws first-sound.png beside it: the bundled path preset, one held key, the knob on CC 1 turned from end to end.

Run it from the root of the project: `python docs/images/draw_first_sound.py`. Every pixel comes from `engine.render`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import matplotlib
import mido
import numpy as np

import engine

matplotlib.use("Agg")
import matplotlib.pyplot as plt

RATE = 48000
SECONDS = 6.0
SWEEP = (1.5, 4.5)  # seconds between which the knob moves
KEY = 48
BACKGROUND, WAVE, KNOB = "#101218", "#f2a65a", "#7fd1c7"


def performance(path: Path) -> None:
    """Writes the MIDI file: a held key under a knob that moves 100 times a second."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    events = [(0.05, mido.Message("note_on", note=KEY, velocity=120))]
    for at in np.arange(SWEEP[0], SWEEP[1], 0.01):
        value = round(127 * (at - SWEEP[0]) / (SWEEP[1] - SWEEP[0]))
        events.append((float(at), mido.Message("control_change", control=1, value=value)))
    events.append((SECONDS - 0.5, mido.Message("note_off", note=KEY)))
    before = 0
    for seconds, message in events:
        ticks = round(seconds * 960)  # 120 beats a minute
        track.append(message.copy(time=ticks - before))
        before = ticks
    file.save(path)


def main() -> None:
    """Renders and draws."""
    with tempfile.TemporaryDirectory() as folder:
        midi = Path(folder) / "held.mid"
        performance(midi)
        audio = engine.render(midi, "path", RATE, tail=0.5)[:, 0]
    time = np.arange(len(audio)) / RATE
    figure, (wave, spectrogram) = plt.subplots(
        2, 1, figsize=(12, 5), sharex=True, height_ratios=(1, 3), facecolor=BACKGROUND, layout="constrained"
    )
    wave.plot(time, audio, color=WAVE, linewidth=0.4)
    wave.set_ylim(-1, 1)
    wave.axis("off")
    wave.set_title("One held key of the bundled path preset while the knob on CC 1 is turned", color="white")
    spectrogram.specgram(
        audio + 1e-9 * np.sin(time), NFFT=2048, Fs=RATE, noverlap=1536, cmap="magma", vmin=-130, vmax=-40
    )
    spectrogram.set_yscale("symlog", linthresh=200)
    spectrogram.set_ylim(40, 8000)
    spectrogram.set_yticks([100, 1000, 8000], ["100 Hz", "1 kHz", "8 kHz"])
    spectrogram.set_xlim(0, SECONDS)
    spectrogram.set_facecolor("black")
    spectrogram.tick_params(colors="white", which="both")
    spectrogram.minorticks_off()
    spectrogram.set_xlabel("seconds", color="white")
    knob = spectrogram.twinx()
    knob.plot([0, *SWEEP, SECONDS], [0, 0, 1, 1], color=KNOB, linewidth=1.5, label="knob")
    knob.set_ylim(-0.05, 1.4)
    knob.set_yticks([])
    knob.legend(loc="upper right", facecolor=BACKGROUND, labelcolor="white", edgecolor=BACKGROUND)
    figure.savefig(Path(__file__).parent / "first-sound.png", dpi=100)


if __name__ == "__main__":
    main()
