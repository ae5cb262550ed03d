"""MIDI learn: arm a macro, move a controller, done."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.macro import MAX_CONTROLLER, POLY_PRESSURE, PRESSURE, Macro, Trigger, source_name
from engine.preset import Preset

# What a controller sends about other controllers says nothing of a knob: data entry, parameter numbers, bank.
NOT_KNOBS = frozenset({0, 6, 32, 38, 96, 97, 98, 99, 100, 101})


@dataclass
class Learn:
    """A macro that waits for its controller. `controller` is the one that was moved last, if any was.

    Pressure counts only if no controller was moved: hands rest on keys.
    """

    macro: int
    controller: int | None = None
    value: float = 0.0  # where it stands, 0 … 1
    minimum: float = 0.0  # positions at the ends of the controller's way
    maximum: float = 1.0
    pick_up: bool = False
    refused: int | None = None  # a controller above 119 that was moved: those are MIDI's own commands

    @classmethod
    def of(cls, macro: Macro) -> Learn:
        """Armed with what the macro has now."""
        return cls(macro.id, minimum=macro.minimum, maximum=macro.maximum, pick_up=macro.pick_up)

    def invert(self) -> None:
        """Turns the controller's sense round."""
        self.minimum, self.maximum = self.maximum, self.minimum

    def hear(self, message: bytes) -> bool:
        """Takes in a message; True if it was a controller's and so is not to do anything else."""
        kind = message[0] & 0xF0
        if kind in (0xD0, 0xA0):
            if self.controller in (None, PRESSURE, POLY_PRESSURE):
                self.controller = PRESSURE if kind == 0xD0 else POLY_PRESSURE
        elif kind == 0xB0 and message[1] > MAX_CONTROLLER:
            self.refused = message[1]
            return False
        elif kind == 0xB0 and message[1] not in NOT_KNOBS:
            self.controller = message[1]
        else:
            return False
        self.value = message[-1] / 127
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
        name, lost = "", ""
        knobs = []
        for knob in preset.macros:
            if knob.id == self.macro:
                name = knob.name
                if not knob.targets:
                    raise ValueError(f"{knob.name} moves nothing in this preset; choose another macro.")
                knob = replace(knob, controller=self.controller, pick_up=self.pick_up)
                knob = replace(knob, minimum=self.minimum, maximum=self.maximum)
            elif knob.controller == self.controller:
                lost = f" and {knob.name} no longer"
                knob = replace(knob, controller=None)
            knobs.append(knob)
        return replace(preset, macros=tuple(knobs)), f"{source_name(self.controller)} moves {name} now{lost}."
