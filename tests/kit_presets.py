"""Presets on the tiny instrument that ask for something of a kit, and kits of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tiny_instrument import write_tiny_instrument

from bridge.kits.export import export
from engine.preset import Preset

HEAD = 'format = 1\nname = "Mine"\nabout = "A test."\ninstrument = "tiny.onnx"\n'

# Everything that a zone or the play settings can ask for at once.
EVERYTHING = (
    HEAD
    + """
[play]
polyphony = 9
bend_range = 7
master_gain_db = -3
channel = 2
voices = "mono"
glide = 0.1
mpe_members = 0

[random]
last_key = "cc 20"

[[zone]]
name = "Brüße/#1"
keys = "36-38, 40"
source = "seeds"
seed = 5
siblings = 2
layers = 3
velocity_to = "mutate"
fresh = true
gain_db = 1.5
pan = -0.3
tune = 1.25
velocity_track = 0.8
velocity_curve = 1.3
attack = 0.01
hold = 0.02
decay = 0.1
sustain = 0.5
release = 0.2
start = 0.1
reverse = true
mode = "gated"
choke = 3
filter = "low-pass"
cutoff = 3000
resonance = 0.9
filter_track = 0.5
filter_velocity = 1
filter_envelope = 2
filter_attack = 0.01
filter_decay = 0.2
filter_sustain = 0.3
filter_release = 0.4
pressure_gain_db = 3
pressure_cutoff = 1
release_velocity = 0.5
humanise_gain_db = 2
humanise_tune = 0.1
humanise_start = 0.001

[[zone]]
name = "brusse--1"
keys = "48-50, 60-62"
source = "chromatic"
root = 55
siblings = 2
mode = "loop"
loop_start = 0.3
loop_end = 0.8

[[macro]]
id = 1
name = "Brightness"
controller = 1
targets = [{ to = "mutate", range = [0, 0.5] }]
"""
)


def zone(*lines: str, source: str = 'source = "seeds"', keys: str = "36-39") -> str:
    """The text of a preset with one zone."""
    return HEAD + "\n".join(["", "[[zone]]", 'name = "keys"', f'keys = "{keys}"', source, *lines, ""])


def load(folder: Path, text: str, **instrument: Any) -> Preset:
    """A preset of this text on a tiny instrument."""
    write_tiny_instrument(folder / "tiny.onnx", **instrument)
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return Preset.load(folder / "mine.toml")


def kit_of(folder: Path, text: str, **instrument: Any) -> tuple[Preset, Path]:
    """The preset, and the folder of its kit."""
    preset = load(folder, text, **instrument)
    export(preset, folder / "kit")
    return preset, folder / "kit"
