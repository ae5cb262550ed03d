"""What a host automates is what controllers and presets say to `engine render`: macros, pad, sampler, bypass.

Automation stands on the beginnings of blocks: there JUCE's VST3 takes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from midi_score import CONTROLLER, NOTE_ON, Event, busy_score, write_midi
from plugin_host import Audio, Change, Job
from plugin_rig import EVERYTHING, ServingEngine
from tiny_instrument import write_tiny_instrument

from engine import parameters
from engine.offline import render
from engine.parameters import Parameter
from engine.preset import Preset

RATE = 48000
SECONDS, TAIL = 2.0, 0.5
BLOCKS = (32, 1000)
TOLERANCE = 1e-6
SEED = 2  # of a score that moves every controller
AUDIBLE = 1e-4  # by how much what is automated changes the audio, or nothing is shown
STEPS = 128  # of a controller: a position is then the same number in a host's single precision
SILENCE, FADE = 120, 240  # the controller that ends all sound, and the frames that takes

HEAD = 'format = 1\nname = "Automated"\ninstrument = "tiny.onnx"\n'
PAD = """
[[zone]]
name = "pad"
keys = "36-47"
source = "path"
corners = [3, 8, 21, 34]
mode = "loop"
release = 0.1

[[zone]]
name = "still"
keys = "60-63"
source = "seeds"
seed = 4
mode = "gated"
"""
KEYS = """
[[zone]]
name = "keys"
keys = "36-59"
source = "chromatic"
seed = 4
root = 48
mode = "loop"
"""
MACRO = """
[[macro]]
id = {id}
name = "{to}"
position = {position}
controller = {controller}
targets = [{{ to = "{to}", range = {range}, curve = "{curve}" }}]
"""


def macro(id: int, to: str, low: float, high: float, position: float = 0.0, curve: str = "linear") -> str:
    """A macro under controller 19 + `id`."""
    return MACRO.format(id=id, to=to, range=[low, high], position=position, controller=19 + id, curve=curve)


def write(folder: Path, name: str, text: str) -> Path:
    """A preset of the tiny instrument whose controllers stand at value / STEPS."""
    write_tiny_instrument(folder / "tiny.onnx", frames=30000, channels=2)
    path = folder / f"{name}.toml"
    path.write_text(text.replace("controller =", f"maximum = {127 / STEPS}\ncontroller ="))
    return path


@pytest.fixture(scope="module")
def places(vst3: Path, engine: ServingEngine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Label → place in the host's list."""
    folder = tmp_path_factory.mktemp("places")
    (told,) = Job("minihost", vst3, folder, environment=engine.environment("drums")).describe().run()
    return {name: place for place, name in enumerate(told["parameters"])}


def divided(score: Sequence[Event], automated: Mapping[int, int]) -> tuple[list[Event], list[Change]]:
    """The score without these controllers, and what they say as changes of parameters: controller → place."""
    played = [event for event in score if not (event[1] == CONTROLLER and event[2] in automated)]
    moves = [event for event in score if event not in played]
    return played, [(frame, automated[number], value / STEPS) for frame, _, number, value in moves]


def rendered(score: Sequence[Event], preset: Path, folder: Path) -> Audio:
    """What `engine render` makes of it: [channels, frames]."""
    audio: Audio = render(write_midi(folder / "song.mid", score, RATE), preset, RATE, 512, TAIL).T
    return audio


def worst(audio: Audio, expected: Audio) -> float:
    """The largest difference of the first two channels; of renders that are long enough."""
    assert audio.shape[1] >= expected.shape[1]
    return float(np.abs(audio[:2, : expected.shape[1]] - expected).max())


def compare(
    vst3: Path, engine: ServingEngine, folder: Path, played: Path, told: Path, automated: Mapping[int, int], block: int
) -> None:
    """The plugin plays one preset automated, and `engine render` the other under its controllers."""
    score = busy_score(Preset.open(told), RATE, SECONDS, block, SEED)
    events, changes = divided(score, automated)
    assert {place for _, place, _ in changes} == set(automated.values())
    expected = rendered(score, told, folder)
    assert worst(expected, rendered(events, told, folder)) > AUDIBLE
    job = Job("minihost", vst3, folder, block=block, environment=engine.environment(played))
    (audio,) = job.render(events, expected.shape[1], changes).run()
    assert worst(audio, expected) <= TOLERANCE


@pytest.mark.parametrize("block", BLOCKS)
def test_the_pad_moves_as_macros_on_it_do(
    block: int, vst3: Path, engine: ServingEngine, places: dict[str, int], tmp_path: Path
) -> None:
    preset = write(tmp_path, "pad", HEAD + PAD + macro(1, "morph_x", 0, 1) + macro(2, "morph_y", 0, 1))
    compare(vst3, engine, tmp_path, preset, preset, {20: places["Morph X"], 21: places["Morph Y"]}, block)


@pytest.mark.parametrize("block", BLOCKS)
def test_macros_move_as_under_their_controllers(
    block: int, vst3: Path, engine: ServingEngine, places: dict[str, int], tmp_path: Path
) -> None:
    preset = write(tmp_path, "everything", EVERYTHING)
    automated = {1: places["Macro 1"], 20: places["Macro 2"], 21: places["Macro 3"]}
    compare(vst3, engine, tmp_path, preset, preset, automated, block)


def test_a_macro_that_is_automated_away_comes_back(
    vst3: Path, engine: ServingEngine, places: dict[str, int], tmp_path: Path
) -> None:
    preset = write(tmp_path, "everything", EVERYTHING)
    score = [event for event in busy_score(Preset.open(preset), RATE, SECONDS, 32, SEED) if event[1] == NOTE_ON]
    moves = [(32 * 600, STEPS // 2), (32 * 1500, 0)]  # where it stood, and was shown, to begin with
    told = sorted([*score, *((frame, CONTROLLER, 21, value) for frame, value in moves)])
    expected = rendered(told, preset, tmp_path)
    away = [event for event in told if event[:3] != (moves[1][0], CONTROLLER, 21)]
    assert worst(expected, rendered(away, preset, tmp_path)) > AUDIBLE
    job = Job("minihost", vst3, tmp_path, block=32, environment=engine.environment(preset))
    changes = [(frame, places["Macro 3"], value / STEPS) for frame, value in moves]
    (audio,) = job.render(score, expected.shape[1], changes).run()
    assert worst(audio, expected) <= TOLERANCE


@pytest.mark.parametrize("block", BLOCKS)
def test_the_sampler_moves_as_by_macros_over_all_of_a_range(
    block: int, vst3: Path, engine: ServingEngine, places: dict[str, int], tmp_path: Path
) -> None:
    text = HEAD + KEYS + 'filter = "low-pass"\n'
    macros = [("cutoff", 20, 20000, 1.0, "exponential"), ("pan", -1, 1, 0.5), ("tune", -48, 48, 0.5)]
    moved = write(tmp_path, "moved", text + "".join(macro(i, *row) for i, row in enumerate(macros, 1)))
    plain = write(tmp_path, "plain", text)
    automated = {20: places["Cutoff"], 21: places["Pan"], 22: places["Tune"]}
    compare(vst3, engine, tmp_path, plain, moved, automated, block)


# Id → where the host puts it, 0 … 1. Projects keep these numbers, so what they mean may never change.
SETTINGS = {
    "master_gain_db": 0.7,
    "gain_db": 0.75,
    "pan": 0.3,
    "tune": 0.53,
    "sustain": 0.45,
    "decay": 0.23,
    "hold": 0.21,
    "attack": 0.17,
    "release": 0.41,
    "start": 0.23,
    "filter": 1 / 3,
    "cutoff": 0.6,
    "resonance": 0.4,
    "filter_envelope": 0.57,
    "bend_range": 0.3,
    "polyphony": 2 / 255,
    "voices": 0.5,
    "glide": 0.2,
}


def meant(row: Parameter, normal: float) -> float:
    """The value of a parameter at a position 0 … 1 of the host's knob, in single precision as hosts' knobs are."""
    low, high, at = np.float32(row.minimum), np.float32(row.maximum), np.float32(normal)
    if row.curve == "exponential":
        return float(low * (high / low) ** at if low > 0 else low + (high - low) * at ** np.float32(3))
    value = float(low + (high - low) * at)
    return value if row.curve == "linear" else float(round(value))


def with_settings(values: Mapping[str, float]) -> str:
    """The preset with these values: id → value."""
    rows = {row.id: row for row in parameters.table()}
    lines: dict[str, list[str]] = {"zone": [], "play": []}
    for name, value in values.items():
        lines[rows[name].scope].append(f"{name} = {json.dumps(rows[name].written(value))}\n")
    return HEAD + "[play]\n" + "".join(lines["play"]) + KEYS + "".join(lines["zone"])


def test_settings_are_those_of_a_preset(
    vst3: Path, engine: ServingEngine, places: dict[str, int], tmp_path: Path
) -> None:
    rows = {row.id: row for row in parameters.table() if row.main}
    assert set(SETTINGS) == set(rows)
    preset = write(tmp_path, "settings", with_settings({}))
    score = busy_score(Preset.open(preset), RATE, 1.0, seed=2)
    before = rendered(score, preset, tmp_path)
    job = Job("minihost", vst3, tmp_path, environment=engine.environment(preset))
    job.render(score, before.shape[1])
    wanted, values = [("nothing", before)], dict[str, float]()
    for name, normal in SETTINGS.items():  # each beside those before it
        job.set(places[rows[name].label], normal).render(score, before.shape[1])
        values[name] = meant(rows[name], normal)
        wanted.append((name, rendered(score, write(tmp_path, "set", with_settings(values)), tmp_path)))
        assert worst(wanted[-1][1], wanted[-2][1]) > AUDIBLE, name
    for (name, expected), audio in zip(wanted, job.run()[::2], strict=True):
        assert worst(audio, expected) <= TOLERANCE, name


@pytest.mark.parametrize("block", BLOCKS)
def test_bypass_is_silence_that_takes_no_notes(
    block: int, vst3: Path, engine: ServingEngine, places: dict[str, int], tmp_path: Path
) -> None:
    """As if all sound were ended and nothing struck until it is over; pedals and bends are followed."""
    preset = write(tmp_path, "bypassed", HEAD + KEYS)
    score = busy_score(Preset.open(preset), RATE, SECONDS, block)
    on, off = (round(SECONDS * RATE * share) // block * block for share in (0.3, 0.6))
    struck = {event for event in score if event[1] == NOTE_ON and on <= event[0] < off}
    assert len(struck) > 2
    silenced = [event for event in score if event not in struck] + [(on, CONTROLLER, SILENCE, 0)]
    expected = rendered(sorted(silenced, key=lambda event: event[0]), preset, tmp_path)
    for start, end in ((0, on), (off, expected.shape[1])):
        assert np.abs(expected[:, start:end]).max() > 0.01
    place = places["Bypass"]
    job = Job("minihost", vst3, tmp_path, block=block, environment=engine.environment(preset))
    (audio,) = job.render(score, expected.shape[1], [(on, place, 1.0), (off, place, 0.0)]).run()
    assert np.abs(audio[:, on + FADE : off]).max() == 0
    assert worst(audio, expected) <= TOLERANCE
