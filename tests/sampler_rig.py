"""A sampler with clips written inline, and what is played on it: frames and messages in, audio out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine import _native

Audio = NDArray[np.float32]
Message = tuple[int, bytes]  # the frame at which it arrives, counted from the start of the render
RATE = 48000
KILL = round(_native.KILL_SECONDS * RATE)
SWAP = round(_native.SWAP_SECONDS * RATE)
GRID = 32  # parameters and swaps move on it


def sine(hertz: float, frames: int, rate: float = RATE, phase: float = 0.0, amplitude: float = 0.5) -> Audio:
    turns = hertz * np.arange(frames) / rate + phase
    return (amplitude * np.sin(2 * np.pi * turns)).astype(np.float32)


def noise(seed: int, frames: int, channels: int = 1, amplitude: float = 0.5) -> Audio:
    return np.random.default_rng(seed).uniform(-amplitude, amplitude, (channels, frames)).astype(np.float32)


def clip(identity: int, audio: Audio, rate: float = RATE, blocks: Iterable[int] | None = None) -> _native.Clip:
    """A clip of `audio`, [frames] or [channels, frames]; whole, or with only these blocks ready."""
    audio = np.atleast_2d(audio)
    made = _native.Clip(identity, audio.shape[0], audio.shape[1], rate)
    write_blocks(made, audio, range(made.blocks) if blocks is None else blocks)
    return made


def write_blocks(target: _native.Clip, audio: Audio, blocks: Iterable[int]) -> None:
    audio = np.atleast_2d(audio)
    for block in blocks:
        start = block * _native.BLOCK_FRAMES
        target.write(start, np.ascontiguousarray(audio[:, start : start + _native.BLOCK_FRAMES]))


def zone(
    keys: Iterable[int] = (60,),
    shared: bool = False,
    root: int = 60,
    siblings: int = 1,
    layers: int = 1,
    **parameters: float,
):
    counts = {"siblings": siblings, "layers": layers}
    return {"keys": list(keys), "shared": shared, "root": root, **counts, "parameters": parameters}


ONE_SHOT, GATED, LOOP = 0.0, 1.0, 2.0


class Rig:
    """A sampler at unity gain without the limiter, unless `play` says otherwise."""

    def __init__(
        self,
        zones: Sequence[dict],
        clips: dict[tuple[int, int, int], _native.Clip],
        rate: float = RATE,
        claimed: Sequence[int] = (),
        **play: float,
    ) -> None:
        self.sampler = _native.Sampler()
        self.sampler.prepare(rate)
        self.load(zones, clips, claimed, **play)

    def load(
        self,
        zones: Sequence[dict],
        clips: dict[tuple[int, int, int], _native.Clip],
        claimed: Sequence[int] = (),
        **play: float,
    ) -> None:
        program = _native.Program(list(zones), {"master_gain_db": 0.0, "limiter": 0.0} | play, list(claimed))
        for (zone_index, key, variant), made in clips.items():
            program.put(zone_index, key, variant, made)
        assert self.sampler.set_program(program)

    def play(
        self,
        frames: int,
        messages: Sequence[Message] = (),
        block: int = 64,
        actions: Sequence[tuple[int, Callable[[], object]]] = (),
    ) -> Audio:
        """`frames` frames [frames, 2] in blocks of `block`, which end early where an action is to be taken."""
        messages = sorted(messages, key=lambda message: message[0])
        actions = sorted(actions, key=lambda action: action[0])
        parts, at, next_message, next_action = [], 0, 0, 0
        while at < frames:
            while next_action < len(actions) and actions[next_action][0] <= at:
                actions[next_action][1]()
                next_action += 1
            end = min(at + block, frames)
            if next_action < len(actions):
                end = min(end, actions[next_action][0])
            due = []
            while next_message < len(messages) and messages[next_message][0] < end:
                frame, message = messages[next_message]
                due.append((frame - at, message))
                next_message += 1
            parts.append(self.sampler.process(due, end - at))
            at = end
        return np.concatenate(parts)

    def count(self, name: str) -> int:
        return self.sampler.counters()[name]

    def voices(self) -> list[_native.VoiceReport]:
        return self.sampler.voices()[1]

    def sounding(self) -> list[int]:
        """Keys of the voices that are neither released nor fading out."""
        return sorted(voice.key for voice in self.voices() if not voice.released)


def one_key(audio: Audio, clip_rate: float = RATE, rate: float = RATE, **parameters: float) -> Rig:
    """One clip on key 60."""
    return Rig([zone(**parameters)], {(0, 60, 0): clip(1, audio, clip_rate)}, rate)


def on(key: int = 60, velocity: int = 127, channel: int = 0) -> bytes:
    return bytes([0x90 | channel, key, velocity])


def off(key: int = 60, channel: int = 0, velocity: int = 64) -> bytes:
    return bytes([0x80 | channel, key, velocity])


def cc(controller: int, value: int, channel: int = 0) -> bytes:
    return bytes([0xB0 | channel, controller, value])


def pressure(value: int, channel: int = 0) -> bytes:
    return bytes([0xD0 | channel, value])


def key_pressure(key: int, value: int, channel: int = 0) -> bytes:
    return bytes([0xA0 | channel, key, value])


def bend(share: float, channel: int = 0) -> bytes:
    value = max(0, min(16383, round(8192 + share * 8192)))
    return bytes([0xE0 | channel, value & 127, value >> 7])


def largest_step(audio: Audio) -> float:
    """The largest difference from one frame to the next, silence before the first included."""
    return float(np.abs(np.diff(audio, axis=0, prepend=np.zeros_like(audio[:1]))).max())


def level_db(audio: Audio) -> float:
    """Root mean square in dB of full scale."""
    return float(10 * np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-30))


def frequency(audio: Audio, rate: float = RATE) -> float:
    """Frequency in Hz of the loudest partial, to a small fraction of a bin."""
    bins = 16 * len(audio)
    magnitudes = np.log(np.abs(np.fft.rfft(audio * np.blackman(len(audio)), bins)) + 1e-30)
    peak = int(magnitudes[1:-1].argmax()) + 1
    below, at, above = magnitudes[peak - 1 : peak + 2]
    return float((peak + 0.5 * (below - above) / (below - 2 * at + above)) * rate / bins)


def unwanted_db(audio: Audio, hertz: float, rate: float = RATE, width: float = 100.0) -> float:
    """Power outside `hertz` ± `width`, in dB of the power inside it."""
    window = np.blackman(len(audio)) ** 2
    power = np.abs(np.fft.rfft(audio * window)) ** 2
    inside = np.abs(np.fft.rfftfreq(len(audio), 1 / rate) - hertz) <= width
    return float(10 * np.log10(power[~inside].sum() / power[inside].sum() + 1e-30))
