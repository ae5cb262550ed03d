"""Renders a MIDI file: the live loop with the output's frame count for a clock, waiting for every clip."""

from __future__ import annotations

import random
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
from engine.program import Values, start_course, zone_values
from engine.sound import Sound
from engine.supply import Supply, settle

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
    """One rendering: a sampler, a supply that is waited for, and the controls that a MIDI file moves.

    It goes from slice to slice. A slice ends where an event moves the hands, where a wish is due, and at each multiple
    of `_native.renewal_frames`; ends at further frames would change nothing, so that whoever renders in other blocks
    but keeps to this order gives the same audio. What happens at a frame that a slice begins with, in this order:

    1. The wish that is due, if one is, holds from now on.
    2. The controls hear all events of the frame.
    3. If they moved: the sampler's parameters are set, and what the hands ask for now becomes a wish, due at the frame
       that `_native.MorphTimes` says.
    4. On a multiple of the renewal frames: slots that sounded at the last such frame and are silent now were played;
       those of a fresh zone have another sound from now on.
    5. What sounds and what the slice's events strike gets the sound that the present wish and the turns of the fresh
       zones give it, with all the blocks that it will read.
    6. The sampler plays the slice's events and renders it.
    """

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
        self._times = _native.MorphTimes(rate)
        self._renewal = _native.renewal_frames(rate)
        self._supply.want(preset, self._values, {})
        self._supply.begin()
        self.sampler.take_all_messages()
        self._sounding: set[Slot] = set()  # own slots, when it was looked last

    def run(
        self, events: list[tuple[int, bytes]], tail: float, progress: Callable[[float], None] | None = None
    ) -> NDArray[np.float32]:
        """Renders events given as (frame, message), sorted by frame."""
        end = (events[-1][0] if events else 0) + round(tail * self._rate)
        out = np.zeros((end, 2), np.float32)
        frame = at = heard = 0  # events played, and heard by the controls
        moved = False
        while frame < end:
            while self._wishes and self._wishes[0].frame <= frame:
                self._applied = self._wishes.popleft()
            while heard < len(events) and events[heard][0] <= frame:
                moved |= self._controls.handle(events[heard][1])
                heard += 1
            if moved:
                self._move(frame)
            if frame % self._renewal == 0:
                self._renew()
            stop, moved = self._slice_end(frame, end), False
            while heard < len(events) and events[heard][0] < stop and not moved:
                if moved := self._controls.handle(events[heard][1]):
                    stop = events[heard][0]
                heard += 1
            first = at
            while at < len(events) and events[at][0] < stop:
                at += 1
            piece = [(when - frame, message) for when, message in events[first:at]]
            self._provide([message for _, message in piece], (stop - frame) / self._rate)
            self._process(piece, out[frame:stop])
            frame = stop
            if progress is not None:
                progress(frame / end)
        return out

    def _slice_end(self, frame: int, end: int) -> int:
        """Where the slice that begins at a frame ends, unless an event moves the hands before."""
        stop = min(end, frame - frame % self._renewal + self._renewal)
        return min(stop, self._wishes[0].frame) if self._wishes else stop

    def _move(self, frame: int) -> None:
        """Sampler parameters follow at once, the sounds when it is their time."""
        before, self._values = self._values, self._controls.values()
        for (zone, identity), value in self._values.items():
            if before.get((zone, identity)) != value:
                self.sampler.set_parameter_now(zone, identity, value)
        due, replaces = self._times.move(frame)
        if replaces:
            self._wishes.pop()
        self._wishes.append(_Wish(due, self._controls.preset, self._controls.hands))

    def _renew(self) -> None:
        """A slot that is silent again is played out, and a fresh zone renews it."""
        sounding = {self._applied.preset.own_slot(voice.slot) for voice in self._supply.voices()}
        self._controls.used(self._sounding - sounding)
        self._sounding = sounding

    def _provide(self, messages: list[bytes], seconds: float) -> None:
        """Sees to it that what is struck and what sounds has its blocks for the next `seconds` and some more."""
        preset = self._applied.preset
        hands = replace(self._applied.hands, turns=self._controls.turns)
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
        self.sampler.take_all_messages()
        if self._supply.store.bad():
            name = self._supply.store.generator.instrument.name
            raise UserError(f"The instrument {name} made a sound that is no numbers; export it again.")

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
