"""Renders a MIDI file: the live loop with the output's frame count for a clock, waiting for every clip."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import _native
from engine.clip_store import ClipStore
from engine.controls import Controls
from engine.errors import UserError
from engine.generator import Generator
from engine.hands import Hands, Slot
from engine.midi_file import read_midi_file
from engine.plan import Course, Voice
from engine.preset import Preset
from engine.program import Values, send_changes, start_course, zone_values
from engine.sound import Sound
from engine.supply import Supply, settle

MORPH_DELAY_SECONDS = 0.020  # from a controller to the first frame of the crossfade that it causes
MORPH_SPACING_SECONDS = _native.SWAP_SECONDS  # a crossfade ends before the next begins; the newest wish wins
SLICE_SECONDS = 0.010  # the longest stretch rendered without looking at what voices need next
AHEAD_SECONDS = 0.1  # how far ahead of a voice the blocks of a new sound are made, which a knob may replace at once
FAR_AHEAD_SECONDS = 1.0  # and those of a sound that goes on: the more at a time, the less each costs
MADE_AT_ONCE = 4  # of a new sound: nobody waits for it, and one run costs less than two
DEFAULT_RATE = 48000
DEFAULT_BLOCK = 512
DEFAULT_TAIL = 3.0
MOST_FRAMES = (2**32 - 2**12) // 6  # of two channels and 24 bits: what a WAV file holds


@dataclass
class _Wish:
    """What the keys shall sound like from a frame on."""

    frame: int
    preset: Preset
    hands: Hands
    deferred: bool = False  # waits for the crossfade before it: a newer wish may take its place


def render(
    midi_path: str | Path,
    preset: Preset | str | Path,
    rate: int = DEFAULT_RATE,
    block: int = DEFAULT_BLOCK,
    tail: float = DEFAULT_TAIL,
    progress: Callable[[float], None] | None = None,
) -> NDArray[np.float32]:
    """Renders a MIDI file with a preset: float32 [frames, 2] at `rate` Hz, the same to the byte each time.

    `preset` is one that is loaded, or what `Preset.open` takes. Ends `tail` seconds after the last event. A macro's
    sampler parameters move at the controller's frame; its latents are heard from 20 ms after it, at most every 10 ms.
    `progress` is given the share that is done. The audio depends on `block` by less than 1e-6. Raises UserError.
    """
    if not 8000 <= rate <= 768000:
        raise UserError(f"A sample rate of {rate} Hz cannot be rendered; choose one from 8000 to 768000.")
    if not 1 <= block <= 1 << 20:
        raise UserError(f"A block of {block} frames cannot be rendered; choose one from 1 to 1048576.")
    if not 0 <= tail <= 3600:
        raise UserError(f"A tail of {tail:g} seconds cannot be rendered; choose one from 0 to 3600.")
    loaded = preset if isinstance(preset, Preset) else Preset.open(preset)
    events = [(round(seconds * rate), message) for seconds, message in read_midi_file(midi_path)]
    if (frames := events[-1][0] + round(tail * rate)) > MOST_FRAMES:
        raise UserError(
            f"{midi_path} lasts {frames / rate / 3600:.1f} hours, and at {rate} Hz a WAV file holds "
            f"{MOST_FRAMES / rate / 3600:.1f}; render a shorter song."
        )
    return OfflineLoop(loaded, rate, block).run(events, tail, progress)


class OfflineLoop:
    """One rendering: a sampler, a supply that is waited for, and the controls that a MIDI file moves."""

    def __init__(self, preset: Preset, rate: int, block: int) -> None:
        assert preset.instrument is not None
        self.sampler = _native.Sampler()
        self.sampler.prepare(float(rate))
        # One batch size: a clip comes out the same to the byte whatever else is made with it.
        store = ClipStore(Generator(preset.instrument, "cpu", batches=(1,)))
        self._supply = Supply(store, self.sampler, rate, MADE_AT_ONCE)
        self._controls = Controls(preset, random.Random(0))
        self._rate, self._block = rate, block
        self._values: Values = self._controls.values()
        self._applied = _Wish(0, preset, self._controls.hands)
        self._wishes: deque[_Wish] = deque()
        self._delay = round(MORPH_DELAY_SECONDS * rate)
        self._spacing = round(MORPH_SPACING_SECONDS * rate)
        self._supply.want(preset, self._values, {})
        self._supply.begin()
        self._sounding: set[Slot] = set()

    def run(
        self, events: list[tuple[int, bytes]], tail: float, progress: Callable[[float], None] | None = None
    ) -> NDArray[np.float32]:
        """Renders events given as (frame, message), sorted by frame."""
        end = (events[-1][0] if events else 0) + round(tail * self._rate)
        out = np.zeros((end, 2), np.float32)
        moving = [frame for frame, message in events if self._controls.reacts_to(message)]
        longest = max(1, round(SLICE_SECONDS * self._rate))
        moving.append(end)
        frame = at = 0
        while frame < end:
            while self._wishes and self._wishes[0].frame <= frame:
                self._applied = self._wishes.popleft()
            first = at
            while at < len(events) and events[at][0] <= frame:
                at += 1
            changed = [self._controls.handle(message) for _, message in events[first:at]]
            if any(changed):
                self._move(frame)
            # Up to the next event that moves something, or the next wish, nothing changes what is wanted.
            stop = min(frame + longest, moving[bisect_right(moving, frame)])
            if self._wishes:
                stop = min(stop, self._wishes[0].frame)
            while at < len(events) and events[at][0] < stop:
                self._controls.handle(events[at][1])
                at += 1
            piece = [(when - frame, message) for when, message in events[first:at]]
            self._provide([message for _, message in piece], (stop - frame) / self._rate)
            self._process(piece, out[frame:stop])
            frame = stop
            if progress is not None:
                progress(frame / end)
        return out

    def _move(self, frame: int) -> None:
        """Sampler parameters follow at once; the sounds after the fixed delay, and never two in one crossfade."""
        values = self._controls.values()
        self._values = send_changes(self.sampler, self._values, values)
        wish = _Wish(frame + self._delay, self._controls.preset, self._controls.hands)
        last = self._wishes[-1] if self._wishes else self._applied
        earliest = last.frame + self._spacing
        if self._wishes and last.deferred and wish.frame <= last.frame:
            self._wishes.pop()
            wish.frame, wish.deferred = last.frame, True
        elif wish.frame < earliest:
            wish.frame, wish.deferred = earliest, True
        self._wishes.append(wish)

    def _provide(self, messages: list[bytes], seconds: float) -> None:
        """Sees to it that what is struck and what sounds has its blocks for the next `seconds` and some more."""
        preset = self._applied.preset
        hands = replace(self._applied.hands, turns=self._renewed())
        sounds: dict[Slot, Sound] = {}
        needs: list[tuple[Slot, Course]] = []

        def need(slot: Slot, course: Course) -> None:
            sound = preset.sound(*slot, hands)
            if sound is not None:
                sounds[slot] = sound
                needs.append((slot, course))

        for voice in self._supply.voices():
            need(voice.slot, voice.course)
        for message in messages:
            if message[0] & 0xF0 == 0x90 and len(message) == 3 and message[2]:
                for index, zone in enumerate(preset.zones):
                    if message[1] in zone.keys:
                        for variant in range(zone.variants):
                            need((index, message[1], variant), self._first_course(preset, index, message[1]))
        if not sounds:
            return
        self._supply.want(preset, self._values, sounds)
        goes_on = [self._supply.covers(sounds[slot], course, 0.0) for slot, course in needs]
        horizons = [seconds + (FAR_AHEAD_SECONDS if known else AHEAD_SECONDS) for known in goes_on]
        struck = [Voice(slot, course) for slot, course in needs]
        settle(
            self._supply,
            lambda: all(
                self._supply.covers(sounds[slot], course, horizon)
                for (slot, course), horizon in zip(needs, horizons, strict=True)
            ),
            lambda: struck,
        )
        if self._supply.store.bad():
            name = self._supply.store.generator.instrument.name
            raise UserError(f"The instrument {name} made a sound that is no numbers; export it again.")

    def _renewed(self) -> dict[Slot, int]:
        """How often each slot was played: one that is silent again is played out, and a fresh zone renews it."""
        sounding = {self._applied.preset.own_slot(voice.slot) for voice in self._supply.voices()}
        self._controls.used(self._sounding - sounding)
        self._sounding = sounding
        return dict(self._controls.turns)

    def _first_course(self, preset: Preset, index: int, key: int) -> Course:
        """The course on which a key's voice will begin, at the speed of its pitch."""
        assert preset.instrument is not None
        semitones = preset.zones[index].transpose(key) + self._values.get((index, "tune"), 0.0)
        return start_course(zone_values(self._values, index), preset.instrument, 2.0 ** (max(0.0, semitones) / 12))

    def _process(self, events: list[tuple[int, bytes]], out: NDArray[np.float32]) -> None:
        for start in range(0, len(out), self._block):
            stop = min(start + self._block, len(out))
            piece = [(offset - start, message) for offset, message in events if start <= offset < stop]
            while len(piece) > _native.MAX_EVENTS:  # what one call looks at
                head, piece = piece[: _native.MAX_EVENTS], piece[_native.MAX_EVENTS :]
                passed = piece[0][0]
                out[start : start + passed] = self.sampler.process(head, passed)
                piece = [(offset - passed, message) for offset, message in piece]
                start += passed
            out[start:stop] = self.sampler.process(piece, stop - start)
