"""Keeps the sounds that are wanted generated and in the sampler's clip table, the most urgent blocks first."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from engine import _native
from engine.generator import Generator
from engine.plan import FIRST_BLOCKS, Course, Job, Slot, Voice, batch, plan
from engine.preset import Preset
from engine.program import Values, native_program, start_course, table_slot, voice_course, zone_values
from engine.sound import Sound

# About what is made at once: many voices must outlast the making of each other's while a knob moves.
FIRST_SECONDS = 0.13
CACHE_BYTES = 512 << 20  # clips that are kept beyond those wanted now, so that a knob turned back costs nothing


@dataclass
class Wanted:
    """What is asked for now: the preset's zones and the sound of each slot."""

    preset: Preset
    values: Values
    sounds: dict[Slot, Sound]
    starts: dict[int, Course] = field(default_factory=dict)


class Supply:
    """Makes clips with a generator and hands them to a sampler as clip-table messages. One thread at a time.

    A wish that is not begun is simply replaced, because each step plans afresh from what is wanted and what sounds;
    what a run has made is always used. `first_blocks` are made at once for a key or voice that has nothing yet;
    some FIRST_SECONDS' worth unless said.
    """

    def __init__(
        self, generator: Generator, sampler: _native.Sampler, rate: float, first_blocks: int | None = None
    ) -> None:
        self.generator = generator
        self._first_blocks = first_blocks or _first_blocks(generator.instrument.sample_rate)
        self._sampler = sampler
        self._rate = rate
        self._clips: dict[Sound, _native.Clip] = {}  # in the order of their last use
        self._ready: dict[Sound, int] = {}
        self._told: dict[Slot, Sound] = {}  # table slot → the sound that the sampler has there
        self._served: dict[Slot, int] = {}
        self._seen_at = -1  # the sampler's clock when its voices were looked at last, and where they stood then
        self._seen: dict[int, float] = {}
        self._holding: set[int] = set()
        self._runs = count()
        self._ids = count(1)
        self._wanted: Wanted | None = None
        self.generated = 0  # clips begun since the start

    def load(self, preset: Preset, values: Values, sounds: Mapping[Slot, Sound]) -> None:
        """Plays a preset's zones from now on; clips that are there already stay in their slots."""
        program = native_program(preset, values)
        self._told = {}
        self._wanted = self._wish(preset, values, sounds)
        for slot, sound in sounds.items():
            if self._ready.get(sound):
                place = table_slot(preset.zones[slot[0]], slot)
                program.put(*place, self._clips[sound])
                self._told[place] = sound
        self._sampler.set_program(program)

    def want(self, preset: Preset, values: Values, sounds: Mapping[Slot, Sound]) -> None:
        """Replaces what is wanted; a sound that is there already is told at once. Zones are those loaded last."""
        self._wanted = self._wish(preset, values, sounds)
        self._tell_known(self._wanted)

    def _wish(self, preset: Preset, values: Values, sounds: Mapping[Slot, Sound]) -> Wanted:
        instrument = self.generator.instrument
        starts = {index: start_course(zone_values(values, index), instrument) for index in range(len(preset.zones))}
        return Wanted(preset, values, dict(sounds), starts)

    def voices(self) -> list[Voice]:
        """The sounding voices, the newest first."""
        frames = self.generator.instrument.clip_frames
        clock, reports = self._sampler.voices()
        if clock != self._seen_at:
            self._seen_at, before = clock, self._seen
            self._seen = {report.voice: report.position for report in reports}
            self._holding = {voice for voice, position in self._seen.items() if before.get(voice) == position}
        return [
            Voice(
                (report.zone, report.key, report.variant),
                voice_course(report, frames, self._rate),
                report.voice in self._holding,
            )
            for report in sorted(reports, key=lambda report: -report.voice)
        ]

    def jobs(
        self, voices: Sequence[Voice], recent: Sequence[tuple[int, int]] = (), look_ahead: float = 0.0
    ) -> list[Job]:
        """The next batch to make; empty if everything wanted is there."""
        wanted = self._wanted
        if wanted is None:
            return []
        self._tell_known(wanted)
        here = [voice for voice in voices if voice.slot[0] < len(wanted.preset.zones)]
        line = plan(
            wanted.sounds,
            self._ready,
            self.generator.block_total,
            starts=wanted.starts,
            voices=here,
            recent=recent,
            served=self._served,
            look_ahead=look_ahead,
            first_blocks=self._first_blocks,
        )
        return batch(line, largest=self.generator.batches[-1])

    def make(self, jobs: Sequence[Job]) -> None:
        """Generates a batch of `jobs` and puts it into the clip table."""
        if not jobs:
            return
        first, blocks = jobs[0].first_block, jobs[0].block_count
        audio = self.generator.generate(np.stack([job.sound.z() for job in jobs]), first, blocks)
        run = next(self._runs)
        for job, clip_audio in zip(jobs, audio, strict=True):
            clip = self._clip(job.sound)
            clip.write(first * _native.BLOCK_FRAMES, clip_audio)
            self._ready[job.sound] |= ((1 << blocks) - 1) << first
            for slot in job.slots:
                self._served[slot] = run
                self._tell(slot, job.sound)
        self._forget()

    def playable(self) -> bool:
        """Whether every slot's sound has the blocks that a note begins with."""
        wanted = self._wanted
        if wanted is None:
            return False
        total = self.generator.block_total
        first = {zone: start.blocks(total)[: self._first_blocks] for zone, start in wanted.starts.items()}
        return all(
            self._ready.get(sound, 0) >> block & 1 for slot, sound in wanted.sounds.items() for block in first[slot[0]]
        )

    def covers(self, sound: Sound, course: Course, seconds: float) -> bool:
        """Whether the blocks are there that a voice on this course reads in the next `seconds`."""
        ready = self._ready.get(sound, 0)
        return all(ready >> block & 1 for block in course.next_blocks(self.generator.block_total, seconds))

    def _tell_known(self, wanted: Wanted) -> None:
        """A wish for a sound that is in the cache is told at once."""
        for slot, sound in wanted.sounds.items():
            if self._ready.get(sound):
                self._tell(slot, sound)

    def _tell(self, slot: Slot, sound: Sound) -> None:
        wanted = self._wanted
        assert wanted is not None
        if wanted.sounds.get(slot) != sound:
            return
        place = table_slot(wanted.preset.zones[slot[0]], slot)
        # A full queue refuses; the next step tells it again.
        if self._told.get(place) != sound and self._sampler.set_clip(*place, self._clips[sound]):
            self._told[place] = sound

    def _clip(self, sound: Sound) -> _native.Clip:
        clip = self._clips.pop(sound, None)
        if clip is None:
            instrument = self.generator.instrument
            clip = _native.Clip(next(self._ids), instrument.channels, instrument.clip_frames, instrument.sample_rate)
            self._ready[sound] = 0
            self.generated += 1
        self._clips[sound] = clip
        return clip

    def _forget(self) -> None:
        instrument = self.generator.instrument
        keep = max(1, CACHE_BYTES // (4 * instrument.channels * instrument.clip_frames))
        if len(self._clips) > keep:
            assert self._wanted is not None
            needed = set(self._wanted.sounds.values())
            for sound in [sound for sound in self._clips if sound not in needed][: len(self._clips) - keep]:
                del self._clips[sound], self._ready[sound]
            # A sound made anew is another clip, which the sampler must be told of again.
            self._told = {place: sound for place, sound in self._told.items() if sound in self._clips}
        self._sampler.collect()


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
