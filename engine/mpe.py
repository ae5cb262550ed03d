"""MPE's lower zone as the macros see it: which channels carry single keys. What the sampler does is told alike."""

from __future__ import annotations

MASTER = 0  # the zone's first channel; its members follow
MOST_MEMBERS = 15
CONFIGURATION = [0, 6]  # the registered parameter that sets the number of members (MPE 1.1, section 2.1)
NONE = [127, 127]


class MpeZone:
    """The members of the lower zone: as the preset says, until the keyboard's own message says another number.

    That message holds until a preset with another number comes, as in the sampler. One thread at a time.
    """

    def __init__(self) -> None:
        self._members = 0
        self._preset_members = 0
        self._on = True
        self._selected: dict[int, list[int]] = {}  # channel → registered parameter, high and low byte

    def follow(self, members: int, channel: int) -> None:
        """What a preset says: its number of members, and the one MIDI channel that it hears, 0 for all."""
        if members != self._preset_members:
            self._members = self._preset_members = members
        self._on = channel == 0  # with a single channel there are no members

    def is_member(self, channel: int) -> bool:
        """Whether a channel, from 0, carries a single key."""
        return self._on and MASTER < channel <= self._members

    def control(self, channel: int, controller: int, value: int) -> bool:
        """Takes in a controller; True if the number of members was set anew."""
        selected = self._selected.setdefault(channel, list(NONE))
        if controller in (100, 101):
            selected[101 - controller] = value
        elif controller in (98, 99, 121):
            self._selected[channel] = list(NONE)
        elif controller == 6 and channel == MASTER and selected == CONFIGURATION:
            self._members = min(value, MOST_MEMBERS)
            return True
        return False
