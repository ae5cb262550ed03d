"""From a preset to the sampler's program, and how voices read their clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_instrument import write_tiny_instrument

from engine import _native
from engine.instrument import Instrument
from engine.macro import Trigger
from engine.plan import Course
from engine.preset import Preset
from engine.program import native_program, send_changes, start_course, table_slot, voice_course, zone_values
from engine.zone import Chromatic, Seeds, Zone

BLOCK = _native.BLOCK_FRAMES


def preset_of(path: Path, *zones: Zone) -> Preset:
    return Preset("Test", str(path), zones, instrument=Instrument.open(path))


def test_a_chromatic_zone_has_one_slot_for_all_its_keys() -> None:
    assert table_slot(Zone("a", (60, 61), Seeds(0)), (0, 61, 2)) == (0, 61, 2)
    assert table_slot(Zone("a", (70, 71), Chromatic(0, 64)), (3, 71, 2)) == (3, 64, 2)


def test_zone_values_are_those_of_one_zone(tiny_path: Path) -> None:
    preset = preset_of(tiny_path, Zone("a", (60,), Seeds(0), {"pan": 0.5}), Zone("b", (61,), Seeds(0)))
    values = preset.parameters({})
    assert zone_values(values, 0)["pan"] == 0.5
    assert zone_values(values, 1)["pan"] == 0
    assert "polyphony" not in zone_values(values, 0)


def test_a_note_that_draws_new_seeds_does_not_sound(tiny_path: Path) -> None:
    preset = replace(preset_of(tiny_path, Zone("a", (60, 61), Seeds(0))), new_all=Trigger("note", 61))
    sampler = _native.Sampler()
    program = native_program(preset, preset.parameters({}))
    for key in (60, 61):
        program.put(0, key, 0, _native.Clip(key, 1, 2048, 16000.0))
    sampler.set_program(program)
    sampler.process([(0, bytes([0x90, 60, 100])), (0, bytes([0x90, 61, 100]))], 64)
    assert [voice.key for voice in sampler.voices()[1]] == [60]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("mode", ["one-shot", "loop"])
def test_a_voice_begins_on_the_course_that_was_foretold(tmp_path: Path, reverse: bool, mode: str) -> None:
    """What is made before a note is struck is what the sampler's voice then reads, and where it goes round too."""
    path = write_tiny_instrument(tmp_path / "tiny.onnx", frames=50000)
    parameters = {
        "start": 0.3,
        "reverse": float(reverse),
        "mode": 2.0 if mode == "loop" else 0.0,
        "loop_start": 0.25,
        "loop_end": 0.75,
        "loop_crossfade": 0.1,
    }
    preset = preset_of(path, Zone("keys", (60,), Seeds(0), parameters))
    assert preset.instrument is not None
    values = preset.parameters({})
    program = native_program(preset, values)
    clip = _native.Clip(1, 1, 50000, 16000.0)
    clip.write(0, np.zeros((1, 50000), np.float32))
    program.put(0, 60, 0, clip)
    sampler = _native.Sampler()
    sampler.prepare(48000.0)
    sampler.set_program(program)
    sampler.process([(0, b"\x90\x3c\x7f")], 48)
    (report,) = sampler.voices()[1]
    now = voice_course(report, 50000, 48000.0)
    foretold = start_course(zone_values(values, 0), preset.instrument).after(0.001)
    assert now.position == pytest.approx(foretold.position, abs=2)
    assert now.speed == pytest.approx(foretold.speed, rel=1e-6)
    assert foretold.reach >= now.reach
    if mode == "loop":
        assert now.loop == pytest.approx(foretold.loop, abs=1)
        assert now.loop_fade == pytest.approx(foretold.loop_fade, abs=1)
    else:
        assert now.loop is foretold.loop is None


@pytest.mark.parametrize("reverse", [0.0, 1.0])
@pytest.mark.parametrize("ratio", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("mode", [0.0, 2.0])
def test_the_blocks_of_a_course_are_all_that_a_voice_needs(
    tiny_path: Path, reverse: float, ratio: float, mode: float
) -> None:
    """A voice that has only the next blocks of its course never waits, wherever blocks and loops end."""
    for start in (0.0, 0.125, 0.25, 0.3, 0.4375, 0.5):  # among them places right at a block's edge
        shape = {"start": start, "reverse": reverse, "mode": mode, "loop_start": 0.25, "loop_end": 0.5}
        preset = preset_of(tiny_path, Zone("keys", (60,), Seeds(0), {**shape, "tune": 12 * np.log2(ratio)}))
        assert preset.instrument is not None
        program = native_program(preset, preset.parameters({}))
        clip = _native.Clip(1, 1, 16384, 16000.0)
        program.put(0, 60, 0, clip)
        sampler = _native.Sampler()
        sampler.prepare(48000.0)
        sampler.set_program(program)
        course: Course | None = start_course(zone_values(preset.parameters({}), 0), preset.instrument, ratio)
        events = [(0, b"\x90\x3c\x7f")]
        while course is not None and sampler.clock < 48000:
            for block in course.next_blocks(16, 0.016):  # a slice, a tick and a fade
                clip.write(block * BLOCK, np.full((1, BLOCK), 0.5, np.float32))
            sampler.process(events, 480)
            events = []
            reports = sampler.voices()[1]
            course = voice_course(reports[0], 16384, 48000.0) if reports else None
        assert sampler.counters()["starved"] == 0


def test_a_value_that_a_full_queue_refuses_is_not_taken_for_told() -> None:
    class Busy:
        def set_parameter(self, zone: int | None, identity: str, value: float) -> bool:
            return identity == "pan"

    before = {(0, "pan"): 0.0, (0, "gain_db"): 0.0}
    there = send_changes(Busy(), before, {(0, "pan"): 0.5, (0, "gain_db"): -6.0})  # type: ignore[arg-type]
    assert there == {(0, "pan"): 0.5, (0, "gain_db"): 0.0}
