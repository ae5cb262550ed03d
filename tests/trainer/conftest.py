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
