"""The plugin in Ardour: notes to the frame, an automated macro, and the project opened with no engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ardour import RATE, Ardour, add_midi, is_installed
from click_instrument import HEARD_CLICK, onsets, write_click_preset
from midi_score import CONTROLLER, NOTE_OFF, NOTE_ON, Event, write_midi
from plugin_rig import ServingEngine, alone, write_everything

from engine.offline import render

BLOCK = 1024  # of Ardour's dummy audio system
# JUCE's VST3 takes what is automated within a block at the block's begin, and an export's blocks begin here.
BEGIN = 256
TICK = 25  # frames: two of Ardour's ticks
STEPS = [(20, 90), (40, 10), (41, 60), (42, 80), (60, 100)]  # block, position · 127
MOST = 1e-3  # of the loudest: −60 dB

pytestmark = pytest.mark.skipif(not is_installed(), reason="Ardour is not installed")


def with_ends(strokes: list[tuple[int, int, int]], length: int) -> list[Event]:
    """Strokes (frame, key, velocity) with their note-offs, in order."""
    begun = [(frame, NOTE_ON, key, velocity) for frame, key, velocity in strokes]
    return sorted(begun + [(frame + length, NOTE_OFF, key, 0) for frame, key, _ in strokes])


def test_notes_begin_at_their_frames_in_ardour(vst3: Path, engine: ServingEngine, tmp_path: Path) -> None:
    wanted = [BEGIN + offset for offset in (0, 1, 63, 127)]
    begins = range(10000, 130000, 30000)
    frames = [
        next(frame for frame in range(begin, 240000, TICK) if frame % BLOCK == offset)
        for begin, offset in zip(begins, wanted, strict=True)
    ]
    preset = write_click_preset(tmp_path, sample_rate=RATE)
    ardour = Ardour(tmp_path / "home", engine.environment(preset))
    ardour.make(tmp_path / "session", ardour.install(vst3))
    add_midi(tmp_path / "session", with_ends([(frame, 36 + i, 127) for i, frame in enumerate(frames)], 100), 200000)
    audio = ardour.export(tmp_path / "session")
    assert onsets(audio[0], HEARD_CLICK) == frames
    assert onsets(audio[1], HEARD_CLICK) == frames


def test_a_song_in_ardour(vst3: Path, own_engine: ServingEngine, tmp_path: Path) -> None:
    preset = write_everything(tmp_path)
    keys = (36, 48, 60, 37, 49, 66, 36, 50)
    score = with_ends([(4000 * (i + 1), keys[i % 8], 40 + 3 * i) for i in range(24)], 3000)
    frames = score[-1][0] + RATE // 2
    steps = [(0, 40)] + [(BEGIN + BLOCK * block, value) for block, value in STEPS]
    song = sorted([(frame, CONTROLLER, 1, value) for frame, value in steps] + score, key=lambda event: event[0])
    expected = render(write_midi(tmp_path / "song.mid", song, RATE), preset, RATE, 512, 0.5).T
    loudest = np.abs(expected).max()

    ardour = Ardour(tmp_path / "home", own_engine.environment(preset))
    ardour.make(tmp_path / "session", ardour.install(vst3), 0, [(frame, value / 127) for frame, value in steps])
    add_midi(tmp_path / "session", score, frames)
    bounced = ardour.export(tmp_path / "session")
    assert bounced.shape[1] == frames
    assert np.abs(bounced - expected[:, :frames]).max() <= MOST * loudest

    ardour.bounce_and_save(tmp_path / "session", frames)
    own_engine.kill()
    preset.unlink()
    (tmp_path / "tiny.onnx").unlink()
    ardour.environment = alone(tmp_path)
    opened = ardour.export(tmp_path / "session")
    difference = np.abs(opened - bounced).max() / loudest
    print(f"\nto engine render {decibels(np.abs(bounced - expected[:, :frames]).max() / loudest)},")
    print(f"opened without the engine {decibels(difference)} from the bounce before.")
    assert difference <= MOST


def decibels(ratio: float) -> str:
    return f"{20 * np.log10(max(ratio, 1e-12)):.0f} dB"
