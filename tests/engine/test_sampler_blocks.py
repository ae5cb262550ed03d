"""The same events give the same audio whatever the block size, and the same as when the goldens were made.

The golden renders are renewed, after a change of sound that is meant, with
`PRODUCERGAN_RENEW_GOLDEN=1 python -m pytest tests/engine/test_sampler_blocks.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sampler_rig import GATED, LOOP, ONE_SHOT, RATE, Audio, Message, Rig, bend, cc, clip, noise, off, on, sine, zone

GOLDEN = Path(__file__).parent / "golden"
FRAMES = 72000
Actions = list[tuple[int, Callable[[], object]]]


def drum_like(seed: int, frames: int) -> Audio:
    """Filtered noise that dies away: broad, but smooth enough that a golden does not hang on rounding."""
    sound = np.convolve(noise(seed, frames)[0], np.hanning(9) / 4.0, "same")
    return (sound * np.exp(-np.arange(frames) / (frames / 5))).astype(np.float32)


def rich_rig(rate: float = RATE) -> Rig:
    """Every kind of zone: one-shots with chokes and siblings, gated, looped, chromatic, reversed, other rates."""
    zones = [
        zone([36], siblings=3),
        zone([42, 46], choke=1, pan=-0.4),
        zone(range(48, 60), shared=True, root=52, mode=GATED, attack=0.01, decay=0.1, sustain=0.6, release=0.08),
        zone(range(60, 72), shared=True, root=64, mode=LOOP, loop_start=0.2, loop_end=0.7, gain_db=-3, tune=0.31),
        zone(range(72, 84), reverse=1, start=0.1, velocity_curve=1),
    ]
    clips = {(0, 36, i): clip(10 + i, drum_like(i, 20000), 44100) for i in range(3)}
    clips |= {(1, key, 0): clip(key, drum_like(key, 30000)) for key in (42, 46)}
    clips[2, 52, 0] = clip(52, sine(220, 32000, 16000), 16000)
    both = np.stack([sine(330, 48000), sine(331, 48000, phase=0.2)])
    clips[3, 64, 0] = clip(64, both)
    clips |= {(4, key, 0): clip(key, drum_like(key, 16000), 22050) for key in range(72, 84)}
    return Rig(zones, clips, rate, polyphony=10, limiter=1.0, master_gain_db=-3.0)


def rich_messages(seed: int = 7, frames: int = FRAMES) -> list[Message]:
    """Notes and controllers at every kind of frame: random ones, many at once, next to the grid and to one another."""
    random = np.random.default_rng(seed)
    keys = [36, 42, 46, *range(48, 84)]
    messages: list[Message] = []
    for _ in range(160):
        frame, key = int(random.integers(frames)), int(random.choice(keys))
        messages.append((frame, on(key, int(random.integers(1, 128)))))
        messages.append((frame + int(random.integers(1, 20000)), off(key)))
    messages += [(20000, on(key, 90)) for key in range(48, 72)]  # more than the polyphony, at one frame
    for _ in range(120):
        frame = int(random.integers(frames))
        controller = int(random.choice([7, 10, 11, 64, 64, 1]))
        messages.append((frame, cc(controller, int(random.integers(128)))))
        messages.append((int(random.integers(frames)), bend(float(random.uniform(-1, 1)))))
    messages += [(30000, cc(121, 0)), (41001, cc(123, 0)), (52031, cc(120, 0))]
    messages += [(31000, cc(101, 0)), (31000, cc(100, 0)), (31000, cc(6, 12)), (63, on(36)), (64, on(42)), (65, on(46))]
    return sorted(messages, key=lambda message: message[0])


def rich_actions(rig: Rig) -> Actions:
    """Clips, parameters and a silence at fixed frames; the caller's blocks end there."""
    other = np.stack([sine(350, 48000), sine(349, 48000, phase=0.7)])
    swap = rig.sampler.set_clip
    return [
        (12345, lambda: swap(3, 64, 0, clip(164, other))),
        (12400, lambda: swap(3, 64, 0, clip(165, other[::-1].copy()))),
        (22000, lambda: swap(2, 52, 0, clip(152, sine(230, 32000, 16000, 0.3), 16000))),
        (25001, lambda: rig.sampler.set_parameter(3, "pan", 0.8)),
        (26000, lambda: rig.sampler.set_parameter(None, "master_gain_db", -9.0)),
        (60000, rig.sampler.silence),
    ]


@pytest.fixture(scope="module")
def reference() -> Audio:
    rig = rich_rig()
    audio = rig.play(FRAMES, rich_messages(), 480, rich_actions(rig))
    assert rig.count("steals") > 20
    assert rig.count("starved") == rig.count("muted") == 0
    assert np.abs(audio).max() > 0.3
    return audio


@pytest.mark.parametrize("block", [1, 17, 64, 4096])
def test_the_block_size_does_not_change_the_sound(block: int, reference: Audio) -> None:
    rig = rich_rig()
    audio = rig.play(FRAMES, rich_messages(), block, rich_actions(rig))
    assert np.abs(audio - reference).max() <= 1e-6


def test_a_render_of_the_same_events_is_the_same_to_the_bit(reference: Audio) -> None:
    rig = rich_rig()
    np.testing.assert_array_equal(rig.play(FRAMES, rich_messages(), 480, rich_actions(rig)), reference)


def test_a_prepared_sampler_begins_anew(reference: Audio) -> None:
    rig = rich_rig()
    rig.play(5000, rich_messages())
    rig.sampler.prepare(RATE)
    assert not rig.play(64).any()
    assert rig.sampler.clock == 64


def golden_single_notes() -> Audio:
    rig = rich_rig()
    keys = (36, 42, 46, 50, 59, 60, 71, 75, 36, 36)
    return rig.play(
        len(keys) * 3000,
        [m for i, key in enumerate(keys) for m in ((3000 * i, on(key, 100)), (3000 * i + 2500, off(key)))],
    )


def golden_gestures() -> Audio:
    rig = rich_rig()
    messages = [(0, on(64, 110)), (0, on(52, 110)), (2000, bend(1)), (5000, bend(-0.5)), (8000, cc(10, 20))]
    messages += [(9000, cc(7, 60)), (10000, cc(11, 90)), (15000, cc(64, 127)), (15500, off(52)), (18000, cc(64, 0))]
    return rig.play(24000, [*messages, (20000, off(64))], 64, rich_actions(rig))


def golden_everything() -> Audio:
    rig = rich_rig(44100)
    return rig.play(36000, rich_messages(11, 36000), 128, rich_actions(rig))


RENDERS = {
    render.__name__.removeprefix("golden_"): render
    for render in (golden_single_notes, golden_gestures, golden_everything)
}


@pytest.mark.parametrize("name", RENDERS)
def test_golden_render(name: str) -> None:
    audio, path = RENDERS[name](), GOLDEN / f"{name}.npz"
    if os.environ.get("PRODUCERGAN_RENEW_GOLDEN"):
        np.savez_compressed(path, audio=audio)
    wanted = np.load(path)["audio"]
    assert audio.shape == wanted.shape
    error = np.abs(audio - wanted).max()
    noise_power = np.mean(np.square(audio - wanted, dtype=np.float64))
    assert error <= 1e-4
    assert 10 * np.log10(np.mean(np.square(wanted, dtype=np.float64)) / (noise_power + 1e-30)) >= 60


def test_one_shots_are_what_a_zone_plays_unless_told_otherwise() -> None:
    assert ONE_SHOT == 0.0
    rig = Rig([zone()], {(0, 60, 0): clip(1, np.full(5000, 0.5, np.float32))})
    assert rig.play(4000, [(0, on()), (10, off())])[3999].all()
