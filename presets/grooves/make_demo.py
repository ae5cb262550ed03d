"""Writes demo.mid beside this file: four bars for the drum preset, in which the knobs on CC 1 and CC 16 move."""

from __future__ import annotations

from pathlib import Path

import mido

TICKS = 480  # a quarter note
STEP = TICKS // 4  # a sixteenth
BAR = 16 * STEP
SWING = 20  # ticks by which every second sixteenth comes late
CHANNEL = 9  # drums

# One character a sixteenth: a louder note the higher the digit. General MIDI's keys.
BEAT = {
    36: "9...|..7.|..9.|....",  # kick
    38: "....|9...|...3|9..2",  # snare
    42: "6242|6242|6242|62..",  # closed hat
    46: "....|....|....|..7.",  # open hat
}
FILL = {
    36: "9...|..7.|9...|....",
    38: "....|9..4|....|....",
    42: "6242|6...|....|....",
    50: "....|....|87..|....",  # toms, high to low
    47: "....|....|..87|....",
    43: "....|....|....|8797",
}
CRASH = {49: "8...|....|....|...."}
BARS = ({**BEAT, **CRASH}, BEAT, BEAT, FILL)


def notes() -> list[tuple[int, mido.Message]]:
    """The drum notes as (tick, message)."""
    events = []
    for bar, lines in enumerate(BARS):
        for key, line in lines.items():
            for step, mark in enumerate(line.replace("|", "")):
                if mark != ".":
                    tick = bar * BAR + step * STEP + (SWING if step % 2 else 0)
                    velocity = 10 + 13 * int(mark)
                    events.append((tick, mido.Message("note_on", channel=CHANNEL, note=key, velocity=velocity)))
                    events.append((tick + STEP // 2, mido.Message("note_off", channel=CHANNEL, note=key)))
    return events


def knobs() -> list[tuple[int, mido.Message]]:
    """CC 1 opens over the second bar and closes over the third; CC 16 goes once down and up over the last two."""
    events = []
    for eighth in range(9):
        rise = round(127 * eighth / 8)
        events.append((BAR + eighth * BAR // 8, _control(1, rise)))
        events.append((2 * BAR + eighth * BAR // 8, _control(1, 127 - rise)))
    for eighth, value in enumerate([64, 48, 32, 16, 0, 16, 32, 48, 64, 80, 96, 112, 127, 112, 96, 80]):
        events.append((2 * BAR + eighth * BAR // 8, _control(16, value)))
    events.append((4 * BAR - 1, _control(16, 64)))
    return events


def _control(number: int, value: int) -> mido.Message:
    return mido.Message("control_change", channel=CHANNEL, control=number, value=value)


def main() -> None:
    """Writes the file."""
    track = mido.MidiTrack([mido.MetaMessage("track_name", name="demo"), mido.MetaMessage("set_tempo", tempo=570_000)])
    now = 0
    for tick, message in sorted(notes() + knobs(), key=lambda event: event[0]):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=len(BARS) * BAR - now))
    mido.MidiFile(ticks_per_beat=TICKS, tracks=[track]).save(Path(__file__).with_name("demo.mid"))


if __name__ == "__main__":
    main()
