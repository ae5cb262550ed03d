"""Rendering: the same each time, complete, in tune, and knobs that move what is sounding."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_instrument import frequency, tiny_model, write_tiny_instrument

import engine
from engine import _native, offline
from engine.errors import UserError
from engine.hands import Hands
from engine.instrument import Instrument
from engine.macro import Macro, Target, Trigger
from engine.offline import OfflineLoop
from engine.preset import Preset, eight
from engine.zone import Chromatic, Seeds, Zone
from engine.zone import Path as PathSource

RATE = 48000
MS = RATE // 1000
TICK = 32  # frames; the sampler's own grid
PLAIN = {"limiter": 0.0, "master_gain_db": 0.0}  # play settings that leave the level alone
LOOP = {"mode": 2.0, "loop_start": 0.25, "loop_end": 0.75, "loop_crossfade": 0.05}

Audio = NDArray[np.float32]
Event = tuple[int, bytes]


def preset_of(path: Path, *zones: Zone, macros: Sequence[Macro] = (), **more: Any) -> Preset:
    play: Mapping[str, float] = {**PLAIN, **more.pop("play", {})}
    return Preset("Test", str(path), zones, eight(macros), play, instrument=Instrument.open(path), **more)


def knob(number: int, controller: int, to: str, low: float, high: float, position: float = 0.0) -> Macro:
    return Macro(number, to, position, controller, (Target(to, low, high),))


def on(at: int, key: int, velocity: int = 127) -> Event:
    return at, bytes((0x90, key, velocity))


def off(at: int, key: int) -> Event:
    return at, bytes((0x80, key, 0))


def cc(at: int, number: int, value: int) -> Event:
    return at, bytes((0xB0, number, value))


def rendered(preset: Preset, events: list[Event], tail: float = 0.5, block: int = 512) -> Audio:
    """The audio; no voice may ever have waited for a clip."""
    loop = OfflineLoop(preset, RATE, block)
    audio = loop.run(events, tail, None)
    counters = loop.sampler.counters()
    assert counters["starved"] == 0
    assert counters["dropped_events"] == 0
    return audio


def peak_hz(audio: Audio) -> float:
    """The strongest frequency of a stretch of at least 50 ms, to a few tenths of a hertz."""
    mono = audio[:, 0] * np.hanning(len(audio))
    size = 1 << 19
    return float(np.argmax(np.abs(np.fft.rfft(mono, size)))) * RATE / size


def sound_hz(preset: Preset, key: int, positions: Mapping[int, float] | None = None, sibling: int = 0) -> float:
    sound = preset.sound(0, key, sibling, positions or {})
    assert sound is not None
    return frequency(sound.z())


def write_song(path: Path, events: Sequence[tuple[float, mido.Message]]) -> Path:
    """Events at seconds, to the millisecond."""
    file = mido.MidiFile(ticks_per_beat=500)  # at 120 beats a minute a tick is a millisecond
    track = mido.MidiTrack()
    before = 0
    for seconds, message in events:
        at = round(1000 * seconds)
        track.append(message.copy(time=at - before))
        before = at
    file.tracks.append(track)
    file.save(path)
    return path


def busy_song(path: Path) -> Path:
    """Two seconds of notes, chords and a controller that turns."""
    events = [(0.1 + 0.15 * i, mido.Message("note_on", note=36 + 5 * i % 50, velocity=60 + 5 * i)) for i in range(12)]
    events += [(0.5, mido.Message("note_on", note=key, velocity=90)) for key in (60, 64, 67)]
    events += [(0.3 + 0.01 * i, mido.Message("control_change", control=16, value=i)) for i in range(100)]
    events += [(1.9, mido.Message("pitchwheel", pitch=4000))]
    return write_song(path, sorted(events, key=lambda event: event[0]))


# ——— the same each time ———


def test_rendering_twice_and_in_another_process_gives_the_same_bytes(tiny_path: Path) -> None:
    song = busy_song(tiny_path.with_name("song.mid"))
    first = engine.render(song, tiny_path, 44100, 256)
    again = engine.render(song, tiny_path, 44100, 256)
    assert np.abs(first).max() > 0.1
    assert first.tobytes() == again.tobytes()
    program = (
        "import sys, hashlib, engine; "
        "print(hashlib.sha256(engine.render(sys.argv[1], sys.argv[2], 44100, 256).tobytes()).hexdigest())"
    )
    call = [sys.executable, "-c", program, str(song), str(tiny_path)]
    other = subprocess.run(call, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == hashlib.sha256(first.tobytes()).hexdigest()


def test_the_block_size_changes_nothing(tiny_path: Path) -> None:
    song = busy_song(tiny_path.with_name("song.mid"))
    whole = engine.render(song, tiny_path, RATE, 1 << 20)
    for block in (17, 64, 480, 4096):
        other = engine.render(song, tiny_path, RATE, block)
        assert whole.shape == other.shape
        assert np.abs(whole - other).max() < 1e-6


def test_the_length_is_the_songs_and_the_tail(tiny_path: Path) -> None:
    song = write_song(tiny_path.with_name("song.mid"), [(1.5, mido.Message("note_on", note=60))])
    done: list[float] = []
    audio = engine.render(song, tiny_path, 44100, tail=0.25, progress=done.append)
    assert audio.dtype == np.float32
    assert audio.shape == (round(1.75 * 44100), 2)
    assert done == sorted(done)
    assert done[-1] == 1


# ——— everything sounds ———


def test_silence_before_the_first_note_and_sound_from_its_frame_on(tiny_path: Path) -> None:
    preset = preset_of(tiny_path, Zone("keys", (60,), Seeds(3)))
    audio = rendered(preset, [on(12345, 60)])
    assert not audio[:12345].any()
    assert np.abs(audio[12345 : 12345 + 10 * MS]).max() > 0.3


def test_every_note_of_a_fast_run_over_all_keys_sounds(tiny_path: Path) -> None:
    preset = preset_of(tiny_path, Zone("keys", tuple(range(36, 97)), Seeds(0), {"mode": 1.0, "release": 0.01}))
    step = 80 * MS
    events = []
    for index, key in enumerate(preset.zones[0].keys):
        events += [on(index * step, key), off((index + 1) * step, key)]
    audio = rendered(preset, events)
    for index, key in enumerate(preset.zones[0].keys):
        piece = audio[index * step + 20 * MS : (index + 1) * step]
        assert peak_hz(piece) == pytest.approx(sound_hz(preset, key), abs=5)


def test_a_chord_is_the_sum_of_its_notes(tiny_path: Path) -> None:
    keys = tuple(range(36, 68))
    preset = preset_of(tiny_path, Zone("keys", keys, Seeds(0)))
    chord = rendered(preset, [on(0, key, 30) for key in keys])
    alone = sum(rendered(preset, [on(0, key, 30)]).astype(np.float64) for key in keys)
    assert np.abs(chord - alone).max() < 1e-4


def test_a_chromatic_zone_plays_one_sound_at_pitch(tmp_path: Path) -> None:
    path = write_tiny_instrument(tmp_path / "tiny.onnx", low_hz=300.0, high_hz=500.0)
    preset = preset_of(path, Zone("keys", tuple(range(36, 85)), Chromatic(5, 60)))
    sound = preset.sound(0, 60, 0, {})
    assert sound is not None
    root = frequency(sound.z(), low_hz=300.0, high_hz=500.0)
    for key in (36, 53, 60, 61, 72, 84):
        audio = rendered(preset, [on(0, key)], tail=0.2)
        assert peak_hz(audio) == pytest.approx(root * 2 ** ((key - 60) / 12), rel=2e-3)


def test_siblings_take_turns(tiny_path: Path) -> None:
    preset = preset_of(tiny_path, Zone("keys", (60,), Seeds(3), siblings=3, spread=0.5))
    step = 1200 * MS
    audio = rendered(preset, [on(turn * step, 60) for turn in range(6)])
    heard = [peak_hz(audio[turn * step : turn * step + 500 * MS]) for turn in range(6)]
    expected = [sound_hz(preset, 60, sibling=sibling) for sibling in range(3)]
    assert len({round(hz) for hz in expected}) == 3
    assert sorted(heard[:3]) == pytest.approx(sorted(expected), abs=2)
    assert heard[3:] == pytest.approx(heard[:3], abs=1)


def test_reverse_is_the_clip_backwards_and_start_leaves_its_beginning_out(tmp_path: Path) -> None:
    path = write_tiny_instrument(tmp_path / "tiny.onnx", sample_rate=RATE, frames=32768)
    plain = rendered(preset_of(path, Zone("keys", (60,), Seeds(3))), [on(0, 60)], tail=1)
    backwards = rendered(preset_of(path, Zone("keys", (60,), Seeds(3), {"reverse": 1.0})), [on(0, 60)], tail=1)
    later = rendered(preset_of(path, Zone("keys", (60,), Seeds(3), {"start": 0.5})), [on(0, 60)], tail=1)
    inner = slice(2 * MS, 32768 - 10 * MS)  # a start inside the clip is faded in
    assert np.abs(backwards[:32768][inner] - plain[:32768][::-1][inner]).max() < 1e-3
    half = 16384
    assert np.abs(later[2 * MS : half - 64] - plain[half + 2 * MS : 2 * half - 64]).max() < 1e-3
    assert not later[half + 64 :].any()


def test_a_loop_goes_on_as_long_as_the_key_is_held(tiny_path: Path) -> None:
    preset = preset_of(tiny_path, Zone("keys", (60,), Seeds(3), LOOP))
    audio = rendered(preset, [on(0, 60), off(5 * RATE, 60)], tail=1)
    for second in (0.5, 1.5, 2.5, 3.5, 4.5):
        assert np.abs(audio[round(second * RATE) :][: 100 * MS]).max() > 0.3
    assert not audio[-500 * MS :].any()


@pytest.mark.parametrize("reverse", [0.0, 1.0])
def test_no_voice_waits_whatever_its_speed_bends_to(tmp_path: Path, reverse: float) -> None:
    path = write_tiny_instrument(tmp_path / "tiny.onnx", frames=262144)
    zone = Zone("keys", tuple(range(24, 97)), Chromatic(5, 60), {**LOOP, "reverse": reverse})
    preset = preset_of(path, zone, macros=[knob(1, 16, "tune", -48, 48)], play={"bend_range": 48.0})
    events = [on(0, 60), cc(1000 * MS, 16, 127), (1500 * MS, b"\xe0\x7f\x7f"), on(1600 * MS, 72), cc(2000 * MS, 16, 0)]
    assert np.abs(rendered(preset, events)).max() > 0.3


def test_many_notes_with_many_clips_never_starve(tiny_path: Path) -> None:
    draw = np.random.default_rng(1)
    zones = (
        Zone("low", tuple(range(24, 60)), Seeds(0), siblings=3, spread=0.3),
        Zone("high", tuple(range(60, 97)), Chromatic(9, 72), LOOP),
        Zone("way", tuple(range(36, 84)), PathSource((1, 2)), {"reverse": 1.0, "start": 0.3}),
    )
    preset = preset_of(tiny_path, *zones, macros=[knob(1, 16, "direction:pitch", -0.5, 0.5)], play={"limiter": 1.0})
    events = []
    for at in np.sort(draw.integers(0, 2 * RATE, 200)):
        key = int(draw.integers(24, 97))
        events.append((on, off, cc)[at % 3](int(at), *((16, key) if at % 3 == 2 else (key,))))
    audio = rendered(preset, events)
    assert np.isfinite(audio).all()
    assert 0.5 < np.abs(audio).max() <= 1


def test_a_network_of_the_papers_size_renders_faster_than_real_time(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from trainer.wavegan.graph import build
    from trainer.wavegan.layers import Shape
    from trainer.wavegan.networks import Generator

    torch.set_num_threads(1)
    torch.manual_seed(0)
    shape = Shape(16384, 1, 64, 100)
    metadata = {prop.key: prop.value for prop in tiny_model(latent_dim=100).metadata_props}
    weights = {name: tensor.numpy() for name, tensor in Generator(shape).state_dict().items()}
    model = build(shape, weights, metadata)
    path = tmp_path / "large.onnx"
    path.write_bytes(model.SerializeToString())
    preset = preset_of(path, Zone("keys", tuple(range(36, 97)), Seeds(0)))
    loop = OfflineLoop(preset, RATE, 512)
    begin = time.monotonic()
    audio = loop.run([on(i * RATE // 8, 36 + i % 16) for i in range(160)], 1.0, None)
    assert loop.sampler.counters()["starved"] == 0
    assert time.monotonic() - begin < len(audio) / RATE


# ——— knobs ———


def pitch_knob(path: Path, **more: Any) -> Preset:
    macros = [knob(1, 16, "direction:pitch", -0.5, 0.5), *more.pop("macros", ())]
    return preset_of(path, Zone("keys", (60, 61), Seeds(3), {**LOOP, **more.pop("parameters", {})}), macros=macros)


def test_a_controller_changes_the_sound_of_the_voice_that_is_held(tiny_path: Path) -> None:
    preset = pitch_knob(tiny_path)
    events = [on(0, 60), cc(RATE, 16, 127)]
    loop = OfflineLoop(preset, RATE, 512)
    audio = loop.run(events, 1.0, None)
    assert len(loop.sampler.voices()[1]) == 1
    assert loop.sampler.counters()["starved"] == 0
    before, after = sound_hz(preset, 60, {1: 0.0}), sound_hz(preset, 60, {1: 1.0})
    assert abs(before - after) > 300
    assert peak_hz(audio[500 * MS : 1000 * MS]) == pytest.approx(before, abs=3)
    assert peak_hz(audio[1050 * MS : 1500 * MS]) == pytest.approx(after, abs=3)


def test_the_spectra_are_those_of_the_two_clips(tmp_path: Path) -> None:
    path = write_tiny_instrument(tmp_path / "tiny.onnx", sample_rate=RATE, frames=131072)
    preset = pitch_knob(path)
    assert preset.instrument is not None
    # One-shots of both ends, at the rate of the output and so frame by frame the clips themselves.
    audio = rendered(preset, [on(0, 60), cc(RATE // 2, 16, 127)], tail=0.5)
    swapped = RATE // 2 + 20 * MS
    for position, piece in ((0.0, slice(0, swapped)), (1.0, slice(swapped + 11 * MS, RATE))):
        sound = preset.sound(0, 60, 0, {1: position})
        assert sound is not None
        clip = preset.instrument.generate(sound.z()[None])[0, 0]
        assert np.abs(audio[piece, 0] - clip[piece]).max() < 1e-3


def test_the_first_frame_that_a_controller_changes_is_20_ms_after_it(tiny_path: Path) -> None:
    draw = np.random.default_rng(2)
    still = rendered(pitch_knob(tiny_path), [on(0, 60), cc(RATE, 99, 127)])
    for at in map(
        int, draw.integers(RATE // 10, RATE, 60)
    ):  # wherever in a tick, a slice or a block of the clip it falls
        moved = rendered(pitch_knob(tiny_path), [on(0, 60), cc(at, 16, 127), cc(RATE, 99, 127)])
        first = int(np.argmax((moved != still).any(axis=1)))
        assert at + 20 * MS <= first <= at + 20 * MS + TICK


def test_the_change_is_no_click(tmp_path: Path) -> None:
    path = write_tiny_instrument(tmp_path / "tiny.onnx", low_hz=40.0, high_hz=80.0, frames=65536)
    events = [on(0, 60), *(cc(RATE // 2 + 7 * i, 16, 1 + i % 127) for i in range(5000))]
    audio = rendered(pitch_knob(path), events)
    own = 0.5 * 2 * np.pi * 80 / RATE  # the steepest that a clip is itself
    swap, loop = 2 * 0.5 / (10 * MS), 2 * 0.5 / (50 * MS)  # from one clip's peak to the other's, over the crossfade
    assert np.abs(np.diff(audio, axis=0)).max() <= own + swap + loop


def test_the_newest_wish_wins_and_none_starves_in_a_fast_sweep(tiny_path: Path) -> None:
    preset = pitch_knob(tiny_path)
    sweep = [cc(RATE // 2 + i * MS, 16, round(63.5 - 63.5 * np.cos(np.pi * i / 1250))) for i in range(5000)]
    audio = rendered(preset, [on(0, 60), *sweep, cc(RATE // 2 + 5000 * MS, 16, 100)], tail=1)
    last = RATE // 2 + 5000 * MS
    assert peak_hz(audio[last + 45 * MS :]) == pytest.approx(sound_hz(preset, 60, {1: 100 / 127}), abs=3)
    # The sound follows the knob all the way: at most 20 ms and two crossfades behind.
    for at in range(250, 5000, 250):
        frame = RATE // 2 + at * MS
        stretch = sweep[max(0, at - 90) : at]
        places = [sound_hz(preset, 60, {1: message[2] / 127}) for _, message in stretch]
        heard = peak_hz(audio[frame - 50 * MS : frame])
        assert min(places) - 25 <= heard <= max(places) + 25


def test_a_sweep_is_the_same_to_the_byte_and_whatever_the_block(tiny_path: Path) -> None:
    events = [on(0, 60), on(MS, 61), *(cc(5000 + 333 * i, 16, 5 * i % 128) for i in range(200))]
    first = rendered(pitch_knob(tiny_path), events)
    assert first.tobytes() == rendered(pitch_knob(tiny_path), events).tobytes()
    assert np.abs(first - rendered(pitch_knob(tiny_path), events, block=64)).max() < 1e-6


def test_a_note_struck_after_the_knob_has_the_new_sound(tiny_path: Path) -> None:
    preset = pitch_knob(tiny_path)
    audio = rendered(preset, [cc(0, 16, 127), on(50 * MS, 60)])
    assert peak_hz(audio[60 * MS : 400 * MS]) == pytest.approx(sound_hz(preset, 60, {1: 1.0}), abs=3)


def test_a_knob_on_a_sampler_parameter_is_followed_at_its_frame(tiny_path: Path) -> None:
    macros = [knob(2, 17, "gain_db", 0, -20), knob(3, 18, "tune", 0, 12)]
    at = RATE // 2
    still = rendered(pitch_knob(tiny_path), [on(0, 60), cc(at, 99, 0)], tail=0.5)
    for number, check in ((17, "gain"), (18, "tune")):
        moved = rendered(pitch_knob(tiny_path, macros=macros), [on(0, 60), cc(at, number, 127)], tail=0.5)
        first = int(np.argmax((moved != still).any(axis=1)))
        assert at <= first <= at + TICK
        late = slice(at + 100 * MS, None)
        if check == "gain":
            assert np.abs(moved[late]).max() == pytest.approx(0.1 * np.abs(still[late]).max(), rel=0.02)
        else:
            assert peak_hz(moved[late]) == pytest.approx(2 * peak_hz(still[late]), rel=1e-3)


@pytest.mark.parametrize(("trigger", "pull"), [("cc 20", cc(RATE, 20, 127)), ("note 24", on(RATE, 24))])
def test_a_trigger_gives_the_held_key_another_sound(tiny_path: Path, trigger: str, pull: Event) -> None:
    zone = Zone("keys", (60, 61), Seeds(3), LOOP)
    source = Trigger.parse(trigger)
    for last, whole in ((source, None), (None, source)):
        preset = preset_of(tiny_path, zone, new_last=last, new_all=whole)
        audio = rendered(preset, [on(0, 60), pull], tail=1)
        old = peak_hz(audio[500 * MS : RATE])
        assert old == pytest.approx(sound_hz(preset, 60), abs=3)
        assert abs(peak_hz(audio[RATE + 50 * MS :]) - old) > 20
        assert audio.tobytes() == rendered(preset, [on(0, 60), pull], tail=1).tobytes()


def test_the_preset_given_is_left_as_it_was(tiny_path: Path) -> None:
    preset = preset_of(tiny_path, Zone("keys", (60,), Seeds(3)), new_all=Trigger.parse("cc 20"))
    before = (preset.zones, preset.positions)
    rendered(preset, [on(0, 60), cc(10, 20, 127)])
    assert (preset.zones, preset.positions) == before


# ——— however it is cut ———


class Chopped(OfflineLoop):
    """Cuts its slices at other frames as well, as a host's blocks do."""

    def __init__(self, preset: Preset, rate: int, block: int) -> None:
        super().__init__(preset, rate, block)
        self.lengths = random.Random(block)

    def _slice_end(self, frame: int, end: int) -> int:
        return min(super()._slice_end(frame, end), frame + self.lengths.randrange(1, 700))


def all_at_once(path: Path, rate: int) -> tuple[Preset, list[Event]]:
    """Fresh zones, a knob that moves sounds and one that moves the sampler, pressure and MPE, in a dense song."""
    zones = (
        Zone("hits", tuple(range(36, 48)), Seeds(0), {"choke": 1.0}, siblings=2, spread=0.4, fresh=True),
        Zone("tone", tuple(range(60, 73)), Chromatic(9, 60), {"mode": 1.0, "release": 0.02}, spread=0.4, fresh=True),
        Zone("keys", tuple(range(48, 60)), Seeds(5), LOOP),
    )
    macros = [
        knob(1, 16, "direction:pitch", -0.5, 0.5),
        knob(2, 17, "tune", -5, 7, 0.4),
        knob(3, 74, "mutate", 0.0, 0.5),
        Macro(4, "Squeeze", 0.0, 129, (Target("gain_db", 0.0, -12.0), Target("mutate", 0.0, 0.6))),
    ]
    draw = random.Random(3)
    events: list[Event] = []
    for _ in range(80):
        at, key, channel = draw.randrange(rate), draw.randrange(36, 73), draw.choice((0, 0, 2, 3))
        events.append((at, bytes((0x90 | channel, key, draw.randrange(1, 128)))))
        events.append((at + draw.randrange(rate // 4), bytes((0x80 | channel, key, 64))))
        if draw.random() < 0.6:
            change = draw.choice((0xB0, 0xB0, 0xB2, 0xA0)), draw.choice((16, 17, 74, 121))
            number = key if change[0] == 0xA0 else change[1]
            events.append((draw.randrange(rate), bytes((change[0], number, draw.randrange(128)))))
    preset = preset_of(path, *zones, macros=macros, play={"mpe_members": 3.0, "limiter": 1.0})
    return preset, sorted(events, key=lambda event: event[0])


@pytest.mark.parametrize(("rate", "blocks"), [(44100, (32, 128, 512, 1000)), (22050, (77,))])
def test_whatever_is_played_it_is_the_same_however_it_is_cut(
    tiny_path: Path, rate: int, blocks: tuple[int, ...]
) -> None:
    preset, events = all_at_once(tiny_path, rate)
    loop = OfflineLoop(preset, rate, 512)
    whole = loop.run(events, 0.3)
    assert loop.sampler.counters()["starved"] == 0
    assert sum(loop._controls.turns.values()) > 20
    for block in blocks:
        other = Chopped(preset, rate, block)
        np.testing.assert_array_equal(other.run(events, 0.3), whole)
        assert other._controls.turns == loop._controls.turns


def test_a_played_sound_is_renewed_on_a_grid_from_the_songs_beginning(tiny_path: Path) -> None:
    """Struck again before the next look, a key sounds as before; after it, it has a new sound."""
    preset = preset_of(tiny_path, Zone("hits", (60,), Seeds(3), {"mode": 1.0, "release": 0.01}, spread=0.5, fresh=True))
    for again, turn in ((110 * MS - 1, 0), (110 * MS, 1)):
        events = [on(0, 60), off(95 * MS, 60), on(again, 60)]  # silent by 106 ms
        sound = preset.sound(0, 60, 0, Hands(turns={(0, 60, 0): turn}))
        assert sound is not None
        heard = peak_hz(rendered(preset, events)[again + 5 * MS : again + 400 * MS])
        assert heard == pytest.approx(frequency(sound.z()), abs=3)


# ——— wrong use ———


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rate": 0}, "sample rate of 0 Hz"),
        ({"rate": 10**9}, "sample rate"),
        ({"block": 0}, "block of 0 frames"),
        ({"block": 1 << 30}, "block"),
        ({"tail": -1.0}, "tail of -1 seconds"),
        ({"tail": float("nan")}, "tail of nan"),
        ({"tail": float("inf")}, "tail of inf"),
    ],
)
def test_absurd_settings_are_refused(tiny_path: Path, wrong: dict[str, Any], words: str) -> None:
    song = write_song(tiny_path.with_name("song.mid"), [(0.0, mido.Message("note_on", note=60))])
    with pytest.raises(UserError, match=words):
        engine.render(song, tiny_path, **wrong)


def test_a_song_longer_than_a_wav_file_holds_is_refused(tiny_path: Path) -> None:
    song = write_song(tiny_path.with_name("song.mid"), [(100 * 3600.0, mido.Message("note_on", note=60))])
    with pytest.raises(UserError, match=r"song\.mid lasts 100\.0 hours"):
        offline.render(song, tiny_path)


def test_a_stroke_that_ends_a_pressure_is_heard_wherever_it_lies_in_a_slice(tiny_path: Path) -> None:
    """MPE: what its channel says before a note is the note's."""
    macros = [Macro(1, "Slide", 0.0, 74, (Target("direction:pitch", -0.5, 0.5),))]
    zone = Zone("keys", (60, 61), Seeds(3), LOOP)
    preset = replace(preset_of(tiny_path, zone, macros=macros), play={"mpe_members": 5.0, "limiter": 0.0})
    heard = []
    for at in (RATE // 2, RATE // 2 + 7 * MS):
        events = [(at - MS, bytes((0xB2, 74, 127))), (at, bytes((0x92, 60, 127)))]
        audio = OfflineLoop(preset, RATE, 512).run(events, 1.0, None)
        heard.append(peak_hz(audio[at + 50 * MS : at + 450 * MS]))
    assert heard == pytest.approx([sound_hz(preset, 60, {1: 1.0})] * 2, abs=4)


def test_no_event_is_lost_however_many_come_at_once(tiny_path: Path) -> None:
    preset = preset_of(tiny_path, Zone("keys", (60,), Seeds(3), LOOP))
    crowd = [cc(RATE // 10 + 100, 11, i % 128) for i in range(2 * _native.MAX_EVENTS + 9)]
    events = [on(0, 60), *crowd, cc(RATE // 10 + 100, 11, 127), (RATE // 4, bytes((0x80, 60, 0)))]
    loop = OfflineLoop(preset, RATE, 512)
    audio = loop.run(events, 1.0, None)
    assert loop.sampler.counters()["dropped_events"] == 0
    plain = rendered(preset, [on(0, 60), (RATE // 4, bytes((0x80, 60, 0)))])
    assert np.abs(audio[RATE // 2 :]).max() == 0
    np.testing.assert_allclose(audio[RATE // 5 : RATE // 4], plain[RATE // 5 : RATE // 4], atol=1e-4)
