"""MIDI learn: arm a macro, move a controller, done."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.macro import MAX_CONTROLLER, POLY_PRESSURE, PRESSURE, Trigger, source_name
from engine.preset import Preset

# What a controller sends about other controllers says nothing of a knob: data entry, parameter numbers, bank.
NOT_KNOBS = frozenset({0, 6, 32, 38, 96, 97, 98, 99, 100, 101})


@dataclass
class Learn:
    """A macro that waits for its controller. `controller` is the one that was moved last, if any was."""

    macro: int
    controller: int | None = None
    inverted: bool = False
    minimum: float = 0.0  # positions at the ends of the controller's way
    maximum: float = 1.0
    refused: int | None = None  # a controller above 119 that was moved: those are MIDI's own commands

    def hear(self, message: bytes) -> bool:
        """Takes in a message; True if it was a controller's and so is not to do anything else."""
        kind = message[0] & 0xF0
        if kind == 0xD0:
            self.controller = PRESSURE
        elif kind == 0xA0:
            self.controller = POLY_PRESSURE
        elif kind == 0xB0 and message[1] > MAX_CONTROLLER:
            self.refused = message[1]
            return False
        elif kind == 0xB0 and message[1] not in NOT_KNOBS:
            self.controller = message[1]
        else:
            return False
        return True

    def done(self, preset: Preset) -> tuple[Preset, str]:
        """The preset with the controller bound, and a sentence that says so and what it did before.

        Raises ValueError with a sentence if no controller was moved, or if it draws new seeds in this preset.
        """
        if self.controller is None:
            if self.refused is not None:
                raise ValueError(f"Controller {self.refused} is one of MIDI's own commands; move another one.")
            raise ValueError("No controller was moved; move the one that is to be learnt.")
        if Trigger("cc", self.controller) in (preset.new_last, preset.new_all):
            raise ValueError(f"CC {self.controller} draws new sounds in this preset; move another controller.")
        ends = (self.maximum, self.minimum) if self.inverted else (self.minimum, self.maximum)
        name, lost = "", ""
        knobs = []
        for knob in preset.macros:
            if knob.id == self.macro:
                name = knob.name
                knob = replace(knob, controller=self.controller, minimum=ends[0], maximum=ends[1])
            elif knob.controller == self.controller:
                lost = f" and {knob.name} no longer"
                knob = replace(knob, controller=None)
            knobs.append(knob)
        return replace(preset, macros=tuple(knobs)), f"{source_name(self.controller)} moves {name} now{lost}."
