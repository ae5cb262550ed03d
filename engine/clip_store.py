"""The clips of one instrument: made block by block, and kept up to a limit so that a knob turned back costs nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

import numpy as np

from engine import _native
from engine.errors import UserError, reason
from engine.generator import Generator
from engine.sound import Sound
from engine.trouble import Trouble

CACHE_BYTES = 32 << 20  # clips that are kept beyond those wanted now
RETRY_SECONDS = 1.0  # until a sound that came out as no numbers is asked for again

_ids = count(1)  # of clips: the sampler's reports tell clips of all instruments apart by them


class GenerationError(UserError):
    """The generator raised an error instead of making sounds."""


class ClipStore:
    """What a generator has made of each sound. `clock` gives seconds. One thread at a time."""

    def __init__(self, generator: Generator, clock: Callable[[], float] = time.monotonic) -> None:
        self.generator = generator
        self._ready: dict[Sound, int] = {}
        self.generated = 0  # clips begun since the start
        self.trouble = Trouble(clock)
        self._clips: dict[Sound, _native.Clip] = {}  # in the order of their last use
        self._needed: dict[object, frozenset[Sound]] = {}  # who needs which: they are kept in any case
        self._bad: dict[Sound, float] = {}  # sounds that came out as no numbers → when to try again
        self._clock = clock

    @property
    def ready(self) -> Mapping[Sound, int]:
        """Of each sound that was begun, a bit for each block that is there."""
        return self._ready

    def need(self, owner: object, sounds: Iterable[Sound]) -> None:
        """From now on `owner` needs these, and no others; with none it needs nothing of this store any more."""
        self._needed[owner] = frozenset(sounds)
        if not self._needed[owner]:
            del self._needed[owner]
        everybodys = frozenset().union(*self._needed.values())
        self._bad = {sound: until for sound, until in self._bad.items() if sound in everybodys}

    def clip(self, sound: Sound) -> _native.Clip:
        """A sound's clip, which counts as used; KeyError if nothing was made of it."""
        self._clips[sound] = clip = self._clips.pop(sound)
        return clip

    def make(self, sounds: Sequence[Sound], first: int, blocks: int) -> list[Sound]:
        """Makes the same blocks of some sounds; returns those that came out well. Raises GenerationError.

        `trouble` is told how it went.
        """
        self.trouble.begin()
        try:
            audio = self.generator.generate(np.stack([sound.z() for sound in sounds]), first, blocks)
        except Exception as error:  # whatever onnxruntime raises, out of memory among it
            self.trouble.failed(reason(error))
            name = self.generator.instrument.name
            raise GenerationError(f"The instrument {name} fails to make sounds: {reason(error)}.") from error
        made = []
        for sound, clip_audio in zip(sounds, audio, strict=True):
            if not np.isfinite(clip_audio).all():
                self._bad[sound] = self._clock() + RETRY_SECONDS
                continue
            self._bad.pop(sound, None)
            self._begun(sound).write(first * _native.BLOCK_FRAMES, clip_audio)
            self._ready[sound] |= ((1 << blocks) - 1) << first
            made.append(sound)
        if self._bad:
            self.trouble.spoilt()
        else:
            self.trouble.worked()
        return made

    def bad(self) -> set[Sound]:
        """Sounds that are not to be asked for now, as they came out as no numbers."""
        now = self._clock() if self._bad else 0.0
        return {sound for sound, until in self._bad.items() if until > now}

    def forget(self) -> None:
        """Gives up the clips that were not used for longest and that nobody needs, beyond the limit."""
        instrument = self.generator.instrument
        keep = max(1, CACHE_BYTES // (4 * instrument.channels * instrument.clip_frames))
        if len(self._clips) <= keep:
            return
        needed = frozenset().union(*self._needed.values())
        for sound in [sound for sound in self._clips if sound not in needed][: len(self._clips) - keep]:
            del self._clips[sound], self._ready[sound]

    def _begun(self, sound: Sound) -> _native.Clip:
        clip = self._clips.pop(sound, None)
        if clip is None:
            instrument = self.generator.instrument
            shape = instrument.channels, instrument.clip_frames, instrument.sample_rate
            clip = _native.Clip(next(_ids), *shape, sound.name)
            self._ready[sound] = 0
            self.generated += 1
        self._clips[sound] = clip
        return clip
