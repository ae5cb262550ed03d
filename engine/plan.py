"""What the generator makes next: one list, most urgent first, worked out afresh after every run. Pure functions.

A new wish replaces an older one that is not begun, because the list is made from what is wanted now and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from engine._native import BLOCK_FRAMES
from engine.hands import Slot
from engine.sound import Sound

FIRST_BLOCKS = 2  # made at once for a key or voice that has nothing yet: some 0.13 s at 16 kHz
NEAR_SECONDS = 0.03  # what a voice must have ahead of it to take up a sound: a crossfade and its looks ahead
MOST_BLOCKS = 64  # made in one run of what nobody waits for, so that it ends soon enough for the next wish


@dataclass(frozen=True)
class Course:
    """How a voice reads its clip: where it is, how fast it goes and where it goes round."""

    position: float  # frames of the clip
    speed: float  # frames of the clip a second; negative when it reads backwards
    loop: tuple[float, float] | None = None  # frames: start and end
    loop_fade: float = 0.0  # frames: the loop's crossfade, which reads as many before where it goes round to
    reach: float = 0.0  # frames on either side of the position that the resampler reads

    def after(self, seconds: float) -> Course:
        """The course that much later."""
        position = self.position + self.speed * seconds
        if self.loop is not None:
            start, end = self.loop
            passed = position >= end if self.speed > 0 else position < start
            if passed:
                position = start + (position - start) % (end - start)
        return replace(self, position=position)

    def next_blocks(self, total: int, seconds: float) -> list[int]:
        """Those of `blocks` that it reads in the next `seconds`: as the sampler's own look ahead has them."""
        sign = 1 if self.speed > 0 else -1  # a course backwards is one forward in the mirror
        here = sign * self.position
        there = here + abs(self.speed) * seconds
        spans = [(here, there)]
        if self.loop is not None:
            start, end = sorted(sign * edge for edge in self.loop)
            fading = end - self.loop_fade
            if there - here >= end - start:
                spans = [(min(here, start - self.loop_fade), end)]
            elif there >= fading:
                spans = [(here, min(there, end)), (max(here, fading) - (end - start), there - (end - start))]
        near: set[int] = set()
        for span in spans:
            low, high = sorted(sign * edge for edge in span)
            first, last = int((low - self.reach) // BLOCK_FRAMES), int((high + self.reach) // BLOCK_FRAMES)
            near.update(range(max(0, first), min(total, last + 1)))
        return [block for block in self.blocks(total) if block in near]

    def blocks(self, total: int) -> list[int]:
        """The blocks that it will read, in that order, each once. Empty if it has left the clip."""
        if not 0 <= self.position < total * BLOCK_FRAMES:
            return []
        behind = self.position - self.reach if self.speed > 0 else self.position + self.reach
        here = min(total - 1, max(0, int(behind // BLOCK_FRAMES)))
        if self.loop is None:
            return list(range(here, total)) if self.speed > 0 else list(range(here, -1, -1))
        before, beyond = (self.loop_fade, 0.0) if self.speed > 0 else (0.0, self.loop_fade)
        first = max(0, int((self.loop[0] - before - self.reach) // BLOCK_FRAMES))
        last = min(total, -int(-(self.loop[1] + beyond + self.reach) // BLOCK_FRAMES)) - 1
        if self.speed > 0:
            return [*range(here, last + 1), *range(first, min(here, last + 1))]
        return [*range(here, first - 1, -1), *range(last, max(here, first - 1), -1)]


@dataclass(frozen=True)
class Voice:
    """A sounding voice: the slot it was struck in and how it reads the clip there.

    `holds` says that it stands still, as it has come to a block that is not there.
    """

    slot: Slot
    course: Course
    holds: bool = False


@dataclass(frozen=True)
class Job:
    """Blocks of a sound to make, for all the slots that want it."""

    sound: Sound
    slots: tuple[Slot, ...]
    first_block: int
    block_count: int


def plan(
    wanted: Mapping[Slot, Sound],
    ready: Mapping[Sound, int],
    total: int,
    *,
    starts: Mapping[int, Course],
    voices: Sequence[Voice] = (),
    recent: Sequence[tuple[int, int]] = (),
    served: Mapping[Slot, int] | None = None,
    look_ahead: float = 0.0,
    first_blocks: int = FIRST_BLOCKS,
) -> Iterator[Job]:
    """Yields the jobs that are left to do, most urgent first; no two of them are the same.

    `ready` has a bit for each block that exists of a sound, out of `total` in a clip. `starts` has the course on
    which each zone's voices begin. `voices` are those that sound, the newest first, `look_ahead` seconds before what
    is made now can be heard; `recent` are (zone, key) played, the newest first. `served` is when a slot last got
    blocks, as any number that grows: of voices that need blocks equally the one longest without goes first, so that
    a knob in motion starves none.
    """
    slots_of: dict[Sound, list[Slot]] = {}
    for slot, sound in wanted.items():
        slots_of.setdefault(sound, []).append(slot)
    done: set[tuple[Sound, int, int]] = set()

    def job(sound: Sound, piece: tuple[int, int] | None) -> Iterator[Job]:
        if piece is not None and (sound, *piece) not in done:
            done.add((sound, *piece))
            yield Job(sound, tuple(slots_of[sound]), *piece)

    def first_of(sound: Sound, zone: int) -> tuple[int, int] | None:
        order = starts[zone].blocks(total)[:first_blocks]
        return _next_piece(order, ready.get(sound, 0), first_blocks)[0]

    urgent = []
    for index, voice in enumerate(voices):
        if voice.slot in wanted:
            sound = wanted[voice.slot]
            # One that holds its position will still be there, and goes on with nothing but the blocks right there.
            course = voice.course if voice.holds else voice.course.after(look_ahead)
            piece, lead = _next_piece(course.blocks(total), ready.get(sound, 0), first_blocks)
            # Shortly before it goes round a loop it needs blocks in two places. Made one after the other, the second
            # would never come while a knob moves, since the next wish comes first.
            near = course.next_blocks(total, NEAR_SECONDS + look_ahead)
            missing = [block for block in near if not ready.get(sound, 0) >> block & 1]
            if piece is not None and missing and course.loop is not None:
                first, last = min(piece[0], *missing), max(sum(piece) - 1, *missing)
                piece = first, last - first + 1
            seconds = lead * BLOCK_FRAMES / abs(voice.course.speed or 1.0)
            urgent.append((seconds, (served or {}).get(voice.slot, -1), index, sound, piece))
    for *_, sound, piece in sorted(urgent, key=lambda row: row[:3]):
        yield from job(sound, piece)

    for zone, key in recent:
        if (zone, key, 0) in wanted:
            sound = wanted[zone, key, 0]
            order = starts[zone].blocks(total)
            yield from job(sound, _next_piece(order, ready.get(sound, 0), first_blocks)[0])

    full = (1 << total) - 1
    own = {sound: slots[0][0] for sound, slots in slots_of.items() if any(slot[2] == 0 for slot in slots)}
    others = {sound: slots[0][0] for sound, slots in slots_of.items() if sound not in own}
    for group in (own, others):
        unfinished = {sound: zone for sound, zone in group.items() if ready.get(sound, 0) != full}
        for sound, zone in unfinished.items():
            yield from job(sound, first_of(sound, zone))
        for sound in unfinished:
            for piece in runs(full & ~ready.get(sound, 0), MOST_BLOCKS):
                yield from job(sound, piece)


def batch(jobs: Iterable[Job], largest: int = 16, budget: int = MOST_BLOCKS, depth: int = 1024) -> list[Job]:
    """The head of the list and those further down that one run can make with it: the same blocks of other sounds.

    At most `largest` jobs and `budget` blocks in all, or the head alone; looks at most `depth` jobs down.
    """
    line = islice(iter(jobs), depth)
    head = next(line, None)
    if head is None:
        return []
    chosen = [head]
    for job in line:
        if len(chosen) >= min(largest, budget // head.block_count):
            break
        same = (job.first_block, job.block_count) == (head.first_block, head.block_count)
        if same and all(job.sound != other.sound for other in chosen):
            chosen.append(job)
    return chosen


def _next_piece(order: Sequence[int], ready: int, first_blocks: int) -> tuple[tuple[int, int] | None, int]:
    """The next blocks to make on a course as (first, count), and how many blocks ahead are there already.

    As many as there are ahead, so that pieces double: the first comes soon, and the later ones cost less a block.
    """
    lead = next((at for at, block in enumerate(order) if not ready >> block & 1), len(order))
    if lead == len(order):
        return None, lead
    piece = [order[lead]]
    for block in order[lead + 1 :]:
        if len(piece) >= min(MOST_BLOCKS, max(first_blocks, lead)) or ready >> block & 1 or abs(block - piece[-1]) != 1:
            break
        piece.append(block)
    return (min(piece), len(piece)), lead


def runs(missing: int, most: int) -> Iterator[tuple[int, int]]:
    """The runs of set bits, as (first, count), ascending; none longer than `most`."""
    first = 0
    while missing:
        gap = (missing & -missing).bit_length() - 1
        missing >>= gap
        first += gap
        count = min(most, (~missing & (missing + 1)).bit_length() - 1)
        yield first, count
        missing >>= count
        first += count
