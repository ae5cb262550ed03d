"""A generator whose latents are known to mean something: what is heard along each is set here."""

import numpy as np
from numpy.typing import NDArray

RATE = 16000
FRAMES = 8192
DIM = 12


def turning() -> NDArray[np.float64]:
    """The latents' axes, turned at random so that no direction is an axis by itself: orthonormal, [DIM, DIM]."""
    return np.linalg.qr(np.random.default_rng(3).standard_normal((DIM, DIM)))[0]


def synthesise(z: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sounds of latents [n, DIM]: [n, 1, FRAMES]. Turned, the first five set pitch, decay, noise, brightness, level.

    The mapping is neither linear nor separate: the noise decays faster where it is loud, and there is a kink in pitch.
    """
    turned = z.astype(np.float64) @ turning()
    pitch, decay, noise, bright, level = (column[:, None] for column in turned[:, :5].T)
    time = np.arange(FRAMES) / RATE
    hertz = 220 * 2 ** (0.5 * np.tanh(pitch) + 0.25 * pitch)
    envelope = np.exp(-time * 12 * 2 ** (-1.2 * decay))
    slope = 1.5 - np.tanh(bright)
    tone = sum(np.sin(2 * np.pi * k * hertz * time) * k**-slope for k in range(1, 9))
    draw = np.random.default_rng(0).standard_normal(FRAMES)
    share = 1 / (1 + np.exp(-2 * noise))
    hiss = draw * np.exp(-time * 4 * share)
    audio = 0.12 * 2 ** (0.5 * level) * envelope * ((1 - share) * tone + share * hiss)
    return np.clip(audio, -1, 1).astype(np.float32)[:, None]
