"""The clips of an instrument: what is kept, what is given up, and sounds that come out as no numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import clip_store
from engine.clip_store import ClipStore, GenerationError
from engine.generator import Generator
from engine.instrument import Instrument
from engine.latent import from_seed
from engine.sound import Sound


class Odd(Generator):
    """Gives no numbers for some latents, or raises."""

    odd: frozenset[bytes] = frozenset()
    broken = False

    def generate(self, z: Any, first_block: int, block_count: int) -> Any:
        if self.broken:
            raise RuntimeError("out of memory\nat some place")
        audio = super().generate(z, first_block, block_count)
        for row, sound in zip(audio, z, strict=True):
            if sound.tobytes() in self.odd:
                row[:] = np.nan
        return audio


@pytest.fixture
def store(tiny_path: Path) -> ClipStore:
    return ClipStore(Odd(Instrument.open(tiny_path), "cpu"), lambda: 0.0)


def sounds(store: ClipStore, *seeds: int) -> list[Sound]:
    instrument = store.generator.instrument
    return [Sound.of(instrument.digest, from_seed(seed, instrument.latent_dim, instrument.prior)) for seed in seeds]


def make(store: ClipStore, *seeds: int) -> list[Sound]:
    return store.make(sounds(store, *seeds), 0, 2)


def test_blocks_are_marked_as_they_come(store: ClipStore) -> None:
    (sound,) = make(store, 1)
    assert store.ready[sound] == 0b11
    store.make([sound], 4, 1)
    assert store.ready[sound] == store.clip(sound).ready_blocks() == 0b10011
    assert store.generated == 1


def test_what_anybody_needs_is_kept_and_of_the_rest_the_newest(
    store: ClipStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip_bytes = 4 * store.generator.instrument.clip_frames
    monkeypatch.setattr(clip_store, "CACHE_BYTES", 4 * clip_bytes)
    one, two, three, four, five, six = sounds(store, 1, 2, 3, 4, 5, 6)
    store.make([one, two, three, four, five, six], 0, 1)
    store.need("playing", [one])
    store.need("leaving", [two])
    store.clip(three)  # used
    store.forget()
    assert set(store.ready) == {one, two, six, three}
    store.need("leaving", [])
    store.make([four, five], 0, 1)
    store.forget()
    assert set(store.ready) == {one, three, four, five}
    assert store.clip(one) is store.clip(one)


def test_sounds_that_are_no_numbers_are_left_out_and_the_others_made(store: ClipStore) -> None:
    good, bad = sounds(store, 1, 2)
    store.need("playing", [good, bad])
    store.generator.odd = frozenset({bad.data})  # type: ignore[attr-defined]
    assert store.make([good, bad], 0, 1) == [good]
    assert bad not in store.ready
    assert store.bad() == {bad}
    store.make([good], 1, 1)
    assert store.trouble.notices.qsize() == 1  # not cured by another sound's run
    store.generator.odd = frozenset()  # type: ignore[attr-defined]
    assert store.make([bad], 0, 1) == [bad]
    assert store.bad() == set()
    assert store.trouble.notices.qsize() == 2


def test_a_bad_sound_that_nobody_wants_any_more_is_forgotten(store: ClipStore) -> None:
    (bad,) = sounds(store, 2)
    store.generator.odd = frozenset({bad.data})  # type: ignore[attr-defined]
    store.need("playing", [bad])
    store.make([bad], 0, 1)
    store.need("playing", sounds(store, 1))
    assert store.bad() == set()


def test_a_generator_that_raises(store: ClipStore) -> None:
    store.generator.broken = True  # type: ignore[attr-defined]
    with pytest.raises(GenerationError, match=r"fails to make sounds: out of memory\."):
        make(store, 1)
    assert store.trouble.failures == 1


def test_a_clip_has_the_name_of_its_sound(store: ClipStore) -> None:
    (sound,) = make(store, 1)
    assert store.clip(sound).name == sound.name
