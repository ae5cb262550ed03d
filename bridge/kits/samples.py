"""The WAV files of a kit: its sounds, made in bulk, as they are to be played, with everything that samplers read."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge import riff
from bridge.kits.kit import ONE_SHOT, Kit, KitZone, Sample
from engine.errors import UserError
from engine.generator import Generator
from engine.keys import key_name
from engine.latent import from_seed
from engine.sound_string import SoundString

AT_ONCE = 16  # sounds made in one run of the instrument
END_FADE = 0.002  # s: the sampler's fade at the end of a clip
BEYOND_LOOP = 64  # frames after the loop, for samplers that read some further on


def write_samples(kit: Kit, folder: Path) -> None:
    """Makes all samples and writes them into an existing folder. Raises UserError if a sound is no numbers."""
    instrument = kit.preset.opened
    generator = Generator(instrument, "cpu")
    for first in range(0, len(kit.samples), AT_ONCE):
        batch = kit.samples[first : first + AT_ONCE]
        clips = generator.generate(np.stack([sample.z for sample in batch]), 0, generator.block_total)
        if not np.isfinite(clips).all():
            raise UserError(f"The instrument {instrument.name} made a sound that is no numbers; export it again.")
        for sample, clip in zip(batch, clips, strict=True):
            (folder / sample.name).write_bytes(encoded(kit, sample, clip))


def encoded(kit: Kit, sample: Sample, clip: NDArray[np.float32]) -> bytes:
    """The WAV file of a sample, from its clip [channels, frames]."""
    zone = kit.zones[sample.zone]
    rate = kit.preset.opened.sample_rate
    audio = as_played(zone, clip, rate)
    root = sample.key if sample.root is None else sample.root
    loop = None if zone.loop is None else (zone.loop[0], zone.loop[1] - 1)
    chunks = [
        riff.smpl(rate, root, loop),
        riff.inst(root, sample.keys, sample.velocities, zone.get("gain_db")),
        riff.acid(audio.shape[1], rate, zone.mode == ONE_SHOT, sample.root),
        riff.info(words(kit, sample)),
    ]
    return riff.wav(audio, rate, chunks)


def as_played(zone: KitZone, clip: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """A clip [channels, frames] as the sampler reads it: turned round, its loop crossfaded, its end faded out.

    The loop's crossfade is heard the first time round too, so that it can be in the file, and no player has to do it. A
    looped file ends a few frames after its loop.
    """
    audio = np.array(clip[:, ::-1] if zone.reverse else clip, np.float32)
    if zone.loop is None:
        length = min(max(1, round(END_FADE * rate)), audio.shape[1])
        audio[:, -length:] *= np.arange(length, 0, -1, dtype=np.float32) / length
        return audio
    start, end = zone.loop
    if zone.fade:
        share = np.arange(zone.fade, dtype=np.float32) / zone.fade
        later, earlier = audio[:, end - zone.fade : end], audio[:, start - zone.fade : start]
        later += share * (earlier - later)
    around = start + np.arange(BEYOND_LOOP) % (end - start)
    return np.concatenate([audio[:, :end], audio[:, around]], axis=1)


def words(kit: Kit, sample: Sample) -> dict[str, str]:
    """What the file says of itself."""
    zone, instrument = kit.zones[sample.zone].zone, kit.preset.opened
    parts = [f"{zone.name} {sample.key} ({key_name(sample.key)})"]
    parts += [f"layer {sample.layer + 1} of {zone.layers}"] if zone.layers > 1 else []
    parts += [f"{sample.sibling + 1} of {zone.siblings}"] if zone.siblings > 1 else []
    return {
        "INAM": ", ".join(parts),
        "IPRD": kit.preset.name,
        "IART": instrument.name,
        "ICMT": str(sound_string(kit, sample)),
        "ICOP": instrument.licence,
        "ISFT": f"ProducerGAN {version()}",
    }


def sound_string(kit: Kit, sample: Sample) -> SoundString:
    """What brings the sound back in the engine: its seed where that alone makes it, else its latent."""
    instrument, zone = kit.preset.opened, kit.zones[sample.zone].zone
    seed = zone.source.origin(zone.keys, sample.key)
    if isinstance(seed, int) and np.array_equal(from_seed(seed, instrument.latent_dim, instrument.prior), sample.z):
        return SoundString.of_seed(instrument.digest, seed)
    return SoundString.of_latent(instrument.digest, sample.z)


def version() -> str:
    """Of ProducerGAN."""
    return importlib.metadata.version("producergan")
