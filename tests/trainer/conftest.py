"""Audio to make datasets of."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def strike():
    """Makes a struck tone, float32 [frames]: silence, an attack, an exponential decay to −80 dB at `seconds`."""

    def make(seconds=0.5, rate=44100, pitch=220.0, before=0.0, peak=0.8):
        time = np.arange(round(seconds * rate)) / rate
        tone = peak * np.cos(2 * np.pi * pitch * time) * np.exp(-9.2 * time / seconds)
        return np.concatenate([np.zeros(round(before * rate)), tone]).astype(np.float32)

    return make


@pytest.fixture
def music():
    """Makes something that goes on sounding, float32 [frames, channels]: a wandering tone that never repeats."""

    def make(seconds, rate=44100, channels=2, seed=0):
        random = np.random.default_rng(seed)
        time = np.arange(round(seconds * rate)) / rate
        pitch = 200 + 50 * np.sin(2 * np.pi * 0.31 * time + random.uniform(0, 6))
        tone = 0.4 * np.sin(2 * np.pi * np.cumsum(pitch) / rate) * (0.8 + 0.2 * np.sin(2 * np.pi * 2 * time))
        return np.stack([tone * (0.9**channel) for channel in range(channels)], axis=1).astype(np.float32)

    return make


@pytest.fixture
def drum():
    """Makes a drum of its own for each seed, float32 [frames]: a few modes and a band of noise that die away."""

    def make(seed, seconds=0.7, rate=44100, stroke=0):
        random = np.random.default_rng(seed)
        time = np.arange(round(seconds * rate)) / rate
        base, decay, bright = random.uniform(50, 900), random.uniform(6, 14), random.uniform(0.1, 0.9)
        modes = [
            random.uniform(0.2, 1) * np.sin(2 * np.pi * base * ratio * time) * np.exp(-decay * ratio**0.5 * time)
            for ratio in (1, random.uniform(1.3, 1.8), random.uniform(2, 3.5))
        ]
        # Every stroke has noise of its own, of one colour.
        noise = np.random.default_rng((seed, stroke)).normal(size=len(time))
        noise = noise - bright * np.concatenate([[0], noise[:-1]]) * random.choice([-1, 1])
        sound = sum(modes) + random.uniform(0.02, 0.8) * noise * np.exp(-random.uniform(7, 30) * time)
        return (0.8 * sound / np.abs(sound).max()).astype(np.float32)

    return make
