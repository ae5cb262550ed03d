"""The bundled instrument and presets: small enough, not one sound on every key, and knobs that are heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine import latent
from engine.data import ENCODER_SUFFIX, bundled_instruments, bundled_presets
from engine.errors import UserError
from engine.instrument import Instrument
from engine.preset import Preset
from trainer.find import find
from trainer.measure.descriptors import measure
from trainer.source import Source

MAX_BYTES = 12_000_000
SURE = 0.7  # rank correlation from which a direction does what its name says
NAMED = 4
BANDS_HZ = np.geomspace(60, 7500, 22)
HEARD_DB = 3.0


def bands_db(audio: np.ndarray, rate: int) -> np.ndarray:
    """Levels in third octaves of the clip's first 0.1 s and of the rest, dB, no lower than 50 below the loudest."""
    split = rate // 10
    levels = []
    for part in (audio[:split], audio[split:]):
        power = np.abs(np.fft.rfft(part)) ** 2
        place = np.digitize(np.fft.rfftfreq(len(part), 1 / rate), BANDS_HZ)
        levels += [10 * np.log10(power[place == band].sum() + 1e-12) for band in range(1, len(BANDS_HZ))]
    found = np.array(levels)
    return np.maximum(found, found.max() - 50)


@pytest.mark.parametrize("name", sorted(bundled_instruments()))
def test_a_bundled_instrument_is_small_and_has_many_sounds(name: str) -> None:
    path = bundled_instruments()[name]
    assert path.stat().st_size < MAX_BYTES
    instrument = Instrument.open(path)
    audio = instrument.generate([latent.from_seed(s, instrument.latent_dim, instrument.prior) for s in range(16)])[:, 0]
    unit = audio / np.linalg.norm(audio, axis=1, keepdims=True)
    alike = (unit @ unit.T)[np.triu_indices(16, 1)]
    assert alike.mean() < 0.8


@pytest.mark.parametrize("name", sorted(bundled_instruments()))
def test_a_bundled_instrument_has_directions_with_names_that_hold_on_fresh_sounds(name: str) -> None:
    instrument = Instrument.open(bundled_instruments()[name])
    sure = {key: way for key, way in instrument.directions.items() if (way.rank_correlation or 0) >= SURE}
    assert len(sure) >= NAMED
    assert len(instrument.favourites) >= 24
    z = [latent.from_seed(seed, instrument.latent_dim, instrument.prior) for seed in range(500_000, 500_012)]
    held = 0
    for key, way in sure.items():
        amounts = np.linspace(*way.range, 7)
        found = []
        for start in z:
            moved = np.stack([latent.along(start, way.vector, amount, instrument.prior) for amount in amounts])
            values = measure(instrument.generate(moved), instrument.sample_rate)[key]
            ranks = np.argsort(np.argsort(values))
            found.append(np.corrcoef(ranks, np.arange(7))[0, 1])
        held += np.mean(found) >= SURE - 0.1  # of a dozen sounds only
    assert held >= NAMED


def test_an_encoder_is_not_taken_for_an_instrument() -> None:
    path = bundled_instruments()["drums"].with_suffix(ENCODER_SUFFIX)
    with pytest.raises(UserError, match="encoder that lies beside an instrument"):
        Instrument.open(path)


@pytest.mark.parametrize("name", sorted(bundled_instruments()))
def test_the_encoder_beside_a_bundled_instrument_is_its_own(name: str) -> None:
    source = Source.open(bundled_instruments()[name])
    alike = []
    for seed in range(700_000, 700_012):
        z = latent.from_seed(seed, source.latent_dim, source.prior)
        found = source.encode(source.render(z[None]))
        assert found is not None
        alike.append(np.corrcoef(found[0], z)[0, 1])
    assert np.mean(alike) > 0.4


def test_the_bundled_drums_find_their_own_sounds_back(tmp_path: Path) -> None:
    path = bundled_instruments()["drums"]
    instrument = Instrument.open(path)
    for seed in range(900_001, 900_007):
        audio = instrument.generate(latent.from_seed(seed, instrument.latent_dim, instrument.prior))[0]
        sound = tmp_path / f"{seed}.wav"
        soundfile.write(sound, audio.T, instrument.sample_rate, subtype="FLOAT")
        assert find(sound, path, tmp_path / "found.wav").percentile < 1


@pytest.mark.parametrize("name", sorted(bundled_presets()))
def test_every_latent_knob_of_a_bundled_preset_is_heard(name: str) -> None:
    preset = Preset.open(name)
    assert preset.instrument is not None
    for knob in preset.macros:
        if not any(target.is_latent for target in knob.targets):
            continue
        changes = []
        for index, zone in enumerate(preset.zones):
            for key in zone.keys[:: max(1, len(zone.keys) // 8)]:
                ends = [preset.sound(index, key, 0, {**preset.positions, knob.id: at}) for at in (0.0, 1.0)]
                low, high = preset.instrument.generate([sound.z() for sound in ends if sound is not None])[:, 0]
                rate = preset.instrument.sample_rate
                changes.append(np.abs(bands_db(low, rate) - bands_db(high, rate)).mean())
        assert np.mean(changes) >= HEARD_DB, f"{knob.name}: {np.mean(changes):.1f} dB"
