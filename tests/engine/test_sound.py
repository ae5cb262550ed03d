"""What names a sound."""

from __future__ import annotations

import numpy as np

from engine.sound import Sound

ONE = Sound.of("ab12", np.array([0.5, -1.0], np.float32))


def test_a_sounds_name_is_the_same_on_every_machine() -> None:
    assert ONE.name == "e2a8ad9e5960b1d01dbaebd596940d98"
    assert Sound.of("ab12", [0.5, -1.0]).name == ONE.name


def test_another_latent_or_instrument_has_another_name() -> None:
    assert len({ONE.name, Sound.of("ab13", [0.5, -1.0]).name, Sound.of("ab12", [0.5, -1.5]).name}) == 3


def test_a_sound_is_still_equal_once_its_name_was_asked_for() -> None:
    other = Sound.of("ab12", [0.5, -1.0])
    assert (other, hash(other)) == (ONE, hash(ONE))
