"""Keeps the sounds that are wanted generated and in the sampler's clip table, the most urgent blocks first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Protocol

from engine import _native
from engine.clip_store import ClipStore
from engine.hands import Slot
from engine.plan import FIRST_BLOCKS, Course, Job, Voice, batch, plan
from engine.preset import Preset
from engine.program import Values, native_program, start_course, table_slot, voice_course, zone_values
from engine.sound import Sound

# About what is made at once: many voices must outlast the making of each other's while a knob moves.
FIRST_SECONDS = 0.13

MIN_LOOKS = 3  # blocks after another program was sent in which a voice of the old one may turn up

_runs = count()


class ClipTable(Protocol):
    """What a supply fills: the sampler here, or one at the other end of a link."""

    def set_program(self, program: Any) -> bool:
        """Plays a program from now on; False if it is too busy to be told."""

    def set_clip(self, zone: int, key: int, variant: int, clip: _native.Clip) -> bool:
        """Puts a clip into the present program's table; False if it is too busy to be told."""

    def voices(self) -> tuple[int, list[_native.VoiceReport]]:
        """Its clock in frames, and the voices that sounded then."""

    def collect(self) -> int:
        """Frees what it is done with; how many things that were."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for now: the preset's zones, the sound of each slot, and how a zone's voices begin."""

    preset: Preset
    values: Values
    sounds: dict[Slot, Sound]
    starts: dict[int, Course]


class Supply:
    """Keeps one preset's clip table filled from a store of clips. One thread at a time.

    A wish that is not begun is simply replaced, because each step plans afresh from what is wanted and what sounds;
    what a run has made is always used. `first_blocks` are made at once for a key or voice that has nothing yet;
    some FIRST_SECONDS' worth unless said. `rate` is the output's, in Hz; `program` makes what `sampler` takes.
    First `want`, then `begin` when it is `playable` or sooner: until then the sampler plays what it played before.
    After `leave` only the voices that still sound are looked after.
    """

    def __init__(
        self,
        store: ClipStore,
        sampler: ClipTable,
        rate: float,
        first_blocks: int | None = None,
        program: Callable[[Preset, Values], Any] = native_program,
    ) -> None:
        self.store = store
        self.rate = rate
        self._native_program = program
        self._first_blocks = first_blocks or _first_blocks(store.generator.instrument.sample_rate)
        self._sampler = sampler
        self._program: Any = None  # once begun
        self._left = False
        self._looks = 0  # at the sampler's voices, block by block
        self._told: dict[Slot, tuple[Sound, int]] = {}  # table slot → the sound and clip that the sampler has there
        self._served: dict[Slot, int] = {}
        self._seen_at = -1  # the sampler's clock when its voices were looked at last, and where they stood then
        self._seen: dict[int, float] = {}
        self._holding: set[int] = set()
        self._wanted: Wanted | None = None

    @property
    def preset(self) -> Preset:
        """The preset that was wanted last."""
        assert self._wanted is not None
        return self._wanted.preset

    @property
    def values(self) -> Values:
        """The sampler parameters that were wanted last: those that `begin` begins with."""
        assert self._wanted is not None
        return self._wanted.values

    @property
    def sounds(self) -> Mapping[Slot, Sound]:
        """The sounds that are wanted, of every slot."""
        assert self._wanted is not None
        return self._wanted.sounds

    def want(self, preset: Preset, values: Values, sounds: Mapping[Slot, Sound]) -> None:
        """Replaces what is wanted; a sound that is there already is told at once."""
        instrument = self.store.generator.instrument
        starts = {index: start_course(zone_values(values, index), instrument) for index in range(len(preset.zones))}
        self._wanted = Wanted(preset, values, dict(sounds), starts)
        self.store.need(self, sounds.values())
        self._tell_known()

    def begin(self) -> bool:
        """Plays what is wanted from now on; False if the sampler is too busy to be told: try again."""
        wanted = self._wanted
        assert wanted is not None
        program = self._native_program(wanted.preset, wanted.values)
        told: dict[Slot, tuple[Sound, int]] = {}
        for slot, sound in wanted.sounds.items():
            if self.store.ready.get(sound):
                place = table_slot(wanted.preset.zones[slot[0]], slot)
                clip = self.store.clip(sound)
                program.put(*place, clip)
                told[place] = sound, clip.id
        if not self._sampler.set_program(program):
            return False
        self._program, self._told = program, told
        return True

    def leave(self) -> None:
        """Another program plays from now on: nothing is told any more, and only sounding voices are served."""
        wanted = self._wanted
        assert wanted is not None
        places = {slot: table_slot(wanted.preset.zones[slot[0]], slot) for slot in wanted.sounds}
        sounds = {slot: self._told[place][0] for slot, place in places.items() if place in self._told}
        self._wanted = replace(wanted, sounds=sounds)
        self.store.need(self, sounds.values())
        self._left = True
        self._looks = 0

    def over(self) -> bool:
        """After `leave`: whether none of its voices sounds any more, and none can begin; it needs nothing then.

        A block that was under way may still have begun one, so that more than one further look is asked for.
        """
        if self.voices() or self._looks < MIN_LOOKS:
            return False
        self.drop()
        return True

    def drop(self) -> None:
        """It is not played, or not any more: it needs nothing."""
        self.store.need(self, ())

    def voices(self) -> list[Voice]:
        """The voices that sound in this program, the newest first."""
        if self._program is None:
            return []
        frames = self.store.generator.instrument.clip_frames
        clock, reports = self._sampler.voices()
        reports = [report for report in reports if report.program == self._program.id]
        if clock != self._seen_at:
            self._seen_at, before = clock, self._seen
            self._looks += 1
            self._seen = {report.voice: report.position for report in reports}
            self._holding = {voice for voice, position in self._seen.items() if before.get(voice) == position}
        return [
            Voice(
                (report.zone, report.key, report.variant),
                voice_course(report, frames, self.rate),
                report.voice in self._holding,
            )
            for report in sorted(reports, key=lambda report: -report.voice)
        ]

    def jobs(
        self, voices: Sequence[Voice], recent: Sequence[tuple[int, int]] = (), look_ahead: float = 0.0
    ) -> list[Job]:
        """The next batch to make; empty if everything wanted is there."""
        if self._wanted is None:
            return []
        self._tell_known()
        generator = self.store.generator
        line = self.line(self.store.ready, voices, recent, look_ahead)
        jobs = batch(line, largest=generator.batches[-1])
        return jobs[: generator.filled(len(jobs))] if jobs else []

    def line(
        self,
        ready: Mapping[Sound, int],
        voices: Sequence[Voice],
        recent: Sequence[tuple[int, int]] = (),
        look_ahead: float = 0.0,
    ) -> Iterator[Job]:
        """Everything wanted beyond the blocks that are `ready`, most urgent first (see `plan`)."""
        wanted = self._wanted
        assert wanted is not None
        here = [voice for voice in voices if voice.slot[0] < len(wanted.preset.zones)]
        sounds: Mapping[Slot, Sound] = wanted.sounds
        if self._left:
            sounds = {voice.slot: sounds[voice.slot] for voice in here if voice.slot in sounds}
        if bad := self.store.bad():
            sounds = {slot: sound for slot, sound in sounds.items() if sound not in bad}
        return plan(
            sounds,
            ready,
            self.store.generator.block_total,
            starts=wanted.starts,
            voices=here,
            recent=recent,
            served=self._served,
            look_ahead=look_ahead,
            first_blocks=self._first_blocks,
        )

    def make(self, jobs: Sequence[Job]) -> None:
        """Generates a batch of `jobs` and puts it into the clip table."""
        if not jobs:
            return
        made = set(self.store.make([job.sound for job in jobs], jobs[0].first_block, jobs[0].block_count))
        run = next(_runs)
        for job in jobs:
            for slot in job.slots:
                self._served[slot] = run
                if job.sound in made:
                    self._tell(slot, job.sound)
        self.store.forget()
        self._sampler.collect()

    def playable(self, ready: Mapping[Sound, int] | None = None) -> bool:
        """Whether every slot's sound has the blocks that a note begins with, but for those that cannot be made now.

        `ready` are the blocks that are there, the store's unless said.
        """
        wanted = self._wanted
        if wanted is None:
            return False
        total = self.store.generator.block_total
        ready, bad = self.store.ready if ready is None else ready, self.store.bad()
        first = {zone: start.blocks(total)[: self._first_blocks] for zone, start in wanted.starts.items()}
        return all(
            ready.get(sound, 0) >> block & 1
            for slot, sound in wanted.sounds.items()
            if sound not in bad
            for block in first[slot[0]]
        )

    def covers(self, sound: Sound, course: Course, seconds: float) -> bool:
        """Whether the blocks are there that a voice on this course reads in the next `seconds`."""
        ready = self.store.ready.get(sound, 0)
        return all(ready >> block & 1 for block in course.next_blocks(self.store.generator.block_total, seconds))

    def _tell_known(self) -> None:
        """A wish for a sound that is in the store is told at once."""
        assert self._wanted is not None
        for slot, sound in self._wanted.sounds.items():
            if self.store.ready.get(sound):
                self._tell(slot, sound)

    def _tell(self, slot: Slot, sound: Sound) -> None:
        wanted = self._wanted
        assert wanted is not None
        if self._program is None or self._left or wanted.sounds.get(slot) != sound:
            return
        place = table_slot(wanted.preset.zones[slot[0]], slot)
        clip = self.store.clip(sound)  # one that was given up and made anew is another clip
        # A full queue refuses; the next step tells it again.
        if self._told.get(place) != (sound, clip.id) and self._sampler.set_clip(*place, clip):
            self._told[place] = sound, clip.id


def _first_blocks(sample_rate: int) -> int:
    """A power of two, which is what the generator computes anyhow."""
    length = FIRST_SECONDS * sample_rate / _native.BLOCK_FRAMES
    return max(FIRST_BLOCKS, 1 << round(math.log2(max(1.0, length))))


def settle(supply: Supply, enough: Callable[[], bool], voices: Callable[[], Sequence[Voice]]) -> None:
    """Makes what is most urgent until `enough` or until nothing is left to make."""
    while not enough():
        jobs = supply.jobs(voices())
        if not jobs:
            return
        supply.make(jobs)
