"""What every key sounds like: the latents of a preset's zones, moved by where the player's hands stand. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine import latent, macro
from engine.errors import UserError
from engine.hands import Hands, Slot
from engine.instrument import Instrument
from engine.latent import Latent, Reals
from engine.macro import Macro, Target
from engine.origin import Origin, Pin, Space, step_seed
from engine.zone import Zone

if TYPE_CHECKING:
    from engine.preset import Preset

MUTATE_STREAM = 1 << 32  # steps of a macro's mutation have streams of their own beside those of the siblings

Moves = dict[str, Reals]  # name → amount for each of the slots asked for, [n]


def latents(preset: Preset, index: int, slots: Sequence[tuple[int, int]], hands: Hands) -> Latent:
    """The latents of slots (key, variant) of a zone: float32 [n, dim]. Each row is what it is when asked for alone.

    Moved in this order: along a path, along directions, towards the prior's centre, by mutation; then the siblings'
    steps.
    """
    zone = preset.zones[index]
    instrument = preset.opened
    space = Space(instrument.latent_dim, instrument.prior)
    keys = [key for key, _ in slots]
    origins = [zone.source.origin(zone.keys, key) for key in keys]
    moves = zone_moves(zone, preset.macros, slots, hands)
    _beyond_pins(origins, moves)
    z = zone.source.bases(zone.keys, keys, moves.pop(macro.MORPH_X), moves.pop(macro.MORPH_Y), space)
    seeds = [step_seed(origin) for origin in origins]
    shares = moves.pop(macro.TRUNCATION)
    mutations = {name: moves.pop(name) for name in list(moves) if name.startswith(macro.MUTATE)}
    for name, amounts in moves.items():
        if amounts.any():
            z = latent.along(z, direction(name, instrument), amounts, space.prior)
    if (shares != 1).any():
        z = latent.truncated(z, np.maximum(shares, 0.0), space.prior)
    for name, sizes in mutations.items():
        stream = MUTATE_STREAM + int(name.rpartition(":")[2])
        z = latent.siblings(z, [stream] * len(slots), sizes, seeds, space.prior)
    turns = [hands.turns.get((index, key, variant), 0) for key, variant in slots]
    steps = [variant % zone.siblings + zone.siblings * turn for (_, variant), turn in zip(slots, turns, strict=True)]
    return latent.siblings(z, steps, np.full(len(slots), zone.spread), seeds, space.prior)


def zone_moves(zone: Zone, macros: Sequence[Macro], slots: Sequence[tuple[int, int]], hands: Hands) -> Moves:
    """What the macros, the pad and the velocity layers move the slots of a zone by. Two on one target add up."""
    count = len(slots)
    x, y = (np.full(count, moved) for moved in hands.morph)
    moves: Moves = {macro.MORPH_X: x, macro.MORPH_Y: y, macro.TRUNCATION: np.ones(count)}
    touched = {number for touch in hands.touches.values() for number in touch} if zone.source.root is None else set()

    def add(name: str, amounts: Reals) -> None:
        if name == macro.TRUNCATION:
            moves[name] = moves[name] * amounts
        else:
            moves[name] = moves.get(name, np.zeros(count)) + amounts

    for knob in macros:
        for target in knob.targets:
            if target.is_latent and target.zone in (None, zone.name):
                if knob.id in touched:
                    touches = [hands.touches.get(key, {}).get(knob.id, knob.position) for key, _ in slots]
                    amounts = np.array([target.at(position) for position in touches])
                else:
                    amounts = np.full(count, target.at(hands.positions.get(knob.id, knob.position)))
                add(_name(target, knob.id), amounts)
    if zone.velocity is not None and zone.layers > 1:
        layers = [variant // zone.siblings / (zone.layers - 1) for _, variant in slots]
        add(_name(zone.velocity, 0), np.array([zone.velocity.at(layer) for layer in layers]))
    return moves


def slot_moves(preset: Preset, slot: Slot, hands: Hands) -> dict[str, float]:
    """What moves a slot now, as a pin keeps it: name → amount, of those that are not at rest."""
    index, key, variant = slot
    moves = zone_moves(preset.zones[index], preset.macros, [(key, variant)], hands)
    del moves[macro.MORPH_X], moves[macro.MORPH_Y]
    rest = {macro.TRUNCATION: 1.0}
    return {name: float(amounts[0]) for name, amounts in moves.items() if amounts[0] != rest.get(name, 0.0)}


def check_moves(moves: Mapping[str, float], instrument: Instrument) -> None:
    """Raises UserError if a pin's moves name a direction that the instrument lacks."""
    for name in moves:
        if name.startswith(macro.DIRECTION) and name.removeprefix(macro.DIRECTION) not in instrument.directions:
            raise UserError(f"The instrument {instrument.name} has no {name!r}.")


def direction(name: str, instrument: Instrument) -> Latent:
    """The unit vector of "direction:NAME" or "axis:SEED"."""
    if name.startswith(macro.AXIS):
        return latent.axis(macro.axis_seed(name), instrument.latent_dim)
    return instrument.directions[name.removeprefix(macro.DIRECTION)].vector


def _name(target: Target, knob: int) -> str:
    """Two mutations are two steps; everything else adds up."""
    return f"{target.to}:{knob}" if target.to == macro.MUTATE else target.to


def _beyond_pins(origins: Sequence[Origin], moves: Moves) -> None:
    """Of the moves of a pinned sound only what goes beyond those that stood when it was pinned."""
    for at, origin in enumerate(origins):
        if not isinstance(origin, Pin):
            continue
        for name, since in origin.since.items():
            amounts = moves.setdefault(name, np.zeros(len(origins)))
            if name == macro.TRUNCATION:
                amounts[at] = amounts[at] / since if since else 1.0  # nothing goes beyond the very centre
            elif name.startswith(macro.MUTATE):
                amounts[at] = abs(amounts[at] - since)
            else:
                amounts[at] -= since
