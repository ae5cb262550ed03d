"""`engine bench` and its probes: what they say, and that they notice what is slow. No figure here depends on luck."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_instrument import write_tiny_instrument

from engine._native import now_ns
from engine.bench import bench, measure_generator
from engine.bench_rig import BLOCK, BenchRig, spread
from engine.cli import main
from engine.errors import UserError
from engine.generator import Generator
from engine.instrument import Instrument
from engine.morph_probe import KEY, MESSAGES_A_SECOND, measure_morph, morph_preset, sweep
from engine.note_probe import measure_notes
from engine.session import present_providers

RATE = 48000
SLOW_SECONDS = 0.05


@pytest.fixture
def instrument(tmp_path: Path) -> Instrument:
    return Instrument.open(write_tiny_instrument(tmp_path / "tiny.onnx", sample_rate=RATE, frames=2 * RATE))


@pytest.fixture
def few_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.bench.NOTES", 3)


class Slow(Generator):
    """A generator that takes at least so long for everything."""

    def generate(self, *arguments: Any) -> NDArray[np.float32]:
        time.sleep(SLOW_SECONDS)
        return super().generate(*arguments)


def test_no_sound_of_a_sweep_is_asked_for_twice(instrument: Instrument) -> None:
    preset = morph_preset(instrument)
    moves = sweep(preset, 10.0)
    assert len(moves) == 10 * MESSAGES_A_SECOND
    assert len({move.sound for move in moves}) == len(moves)
    assert preset.sounds({})[0, KEY, 0] not in {move.sound for move in moves}
    assert all(move.messages[0][:2] == b"\xb0\x01" for move in moves)


def test_a_sweep_is_heard_and_a_slow_generator_is_noticed(instrument: Instrument) -> None:
    preset = morph_preset(instrument)
    moves = sweep(preset, 0.5)
    watched: list[float] = []
    with BenchRig(preset, Slow(instrument, "cpu", 1)) as rig:
        rig.player.wait_until_ready()
        figures, heard = measure_morph(rig, moves, watched.append)
        (voice,) = rig.look()[1]
        assert voice.clip == rig.player.store.clip(moves[-1].sound).id
    asked = {move.sound for move in moves}
    assert heard
    assert set(heard) <= asked
    assert len(set(heard)) == len(heard) == figures["clips"]
    assert figures["messages"] == len(moves)
    assert figures["p50_ms"] > 1000 * SLOW_SECONDS - 5
    assert figures["p50_ms"] <= figures["p95_ms"] <= figures["max_ms"]
    assert figures["clips"] <= 1.0 / SLOW_SECONDS + 1  # half a second's sweep, and as much until all is settled
    assert watched == sorted(watched)


def test_a_note_begins_no_sooner_than_the_constant(instrument: Instrument) -> None:
    preset = morph_preset(instrument)
    with BenchRig(preset, Generator(instrument, "cpu", 1)) as rig:
        rig.player.wait_until_ready()
        figures = measure_notes(rig, 12)
    assert 0 < figures["heard"] <= figures["notes"] == 12
    assert figures["constant_ms"] == 1000 * rig.player.latency
    assert figures["p50_ms"] > figures["constant_ms"] - 1
    assert figures["p50_ms"] <= figures["p99_ms"] <= figures["max_ms"]


def test_a_frame_is_played_when_its_block_was_asked_for(instrument: Instrument) -> None:
    with BenchRig(morph_preset(instrument), Generator(instrument, "cpu", 1)) as rig:
        rig.player.wait_until_ready()
        rig.wait(0.1)
        frame, _ = rig.look()
        ahead = (rig.time_of(frame) - now_ns()) / 1e9
        assert -1 < ahead < 3 * BLOCK / RATE  # the end of the last block, whatever held up this test since then
        assert (rig.time_of(frame + RATE) - rig.time_of(frame)) / 1e9 == pytest.approx(1)


def test_what_ends_a_thread_is_raised(instrument: Instrument) -> None:
    with BenchRig(morph_preset(instrument), Generator(instrument, "cpu", 1)) as rig:
        rig.player.wait_until_ready()
        rig.player.do(lambda controls: 1 / 0)
        while rig.player.failure is None:
            rig.wait(0.01)
        with pytest.raises(ZeroDivisionError):
            rig.player.check()


def test_nothing_heard_has_no_percentiles() -> None:
    assert spread([], 50) == {"p50_ms": None, "max_ms": None}
    assert spread([1.0, math.nan, 3.0], 50) == {"p50_ms": 2.0, "max_ms": 3.0}


@pytest.mark.usefixtures("few_notes")
def test_the_parts_say_what_was_measured(instrument: Instrument) -> None:
    parts = dict(bench(instrument.path, "cpu", seconds=0.2))
    assert list(parts) == ["machine", "start", "generator", "sampler", "notes", "morph"]
    assert parts["machine"]["instrument"] == "tiny"
    assert parts["machine"]["provider"] == "cpu"
    assert parts["start"]["seconds"] > 0
    assert [(row["provider"], row["batch"]) for row in parts["generator"]] == [("cpu", 1), ("cpu", 16)]
    for row in parts["generator"]:
        assert row["clip_ms"] > 0
        assert row["beginning_ms"] > 0
        assert row["beginning_frames"] == 4096  # a clip of 94 blocks has no shorter run
    assert [row["voices"] for row in parts["sampler"]] == [16, 64, 256]
    assert all(row["share"] == pytest.approx(row["block_us"] * 1e-6 * RATE / 128) for row in parts["sampler"])
    assert parts["notes"]["notes"] == 3
    assert parts["morph"]["messages"] == 20


def test_each_provider_that_is_there_is_measured(instrument: Instrument) -> None:
    found = next(values for name, values in bench(instrument.path, seconds=0.1) if name == "generator")
    assert {row["provider"] for row in found} <= set(present_providers())
    assert "cpu" in {row["provider"] for row in found}
    assert measure_generator(instrument, "none", must=False) == []


@pytest.mark.usefixtures("few_notes")
def test_the_command_prints_lines_or_one_json_object(
    instrument: Instrument, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", str(instrument.path), "--provider", "cpu", "--seconds", "0.2"]
    assert main([*words, "--json"]) == 0
    parts = json.loads(capsys.readouterr().out)
    assert {"machine", "start", "generator", "sampler", "notes", "morph"} == set(parts)
    assert main(words) == 0
    text = capsys.readouterr().out
    for word in ("tiny", "until every key can be played", "ms a clip", "256 voices", "to the onset", "underflows"):
        assert word in text


def test_wrong_use_is_told_in_a_sentence(instrument: Instrument, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "nowhere"]) == 1
    assert "no preset or instrument nowhere" in capsys.readouterr().err
    assert main(["bench", str(instrument.path), "--provider", "abacus"]) == 1
    assert "provider 'abacus' is not there" in capsys.readouterr().err
    with pytest.raises(UserError):
        measure_generator(instrument, "abacus", must=True)
    with pytest.raises(SystemExit, match="2"):
        main(["bench", "--seconds", "0"])
    assert "must be a number from 0.1 to 3600" in capsys.readouterr().err
