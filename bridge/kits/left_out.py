"""What a preset can ask for that not every kit format can say: one table, from which each format's losses are told."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from bridge.kits.kit import ONE_SHOT, Kit, KitZone
from engine import parameters

LOUDEST_SFZ = 6.0  # dB, of the opcode `volume`
SHARPEST_DECENT_SAMPLER = 5.0  # the highest Q of its filters


@dataclass(frozen=True)
class Feature:
    """A row: what is lost where a format does not name the id, and whether a kit has it."""

    id: str
    words: str
    used: Callable[[Kit], bool]
    parameters: tuple[str, ...] = ()  # of the sampler, that it stands for


def _any_zone(test: Callable[[KitZone], bool]) -> Callable[[Kit], bool]:
    return lambda kit: any(test(zone) for zone in kit.zones)


def _moved(zone: KitZone, *names: str) -> bool:
    """Whether the zone has another value than the usual one of any of these parameters."""
    rows = parameters.of_scope("zone")
    return any(name in rows and zone.get(name) != rows[name].default for name in names)


def _zones(words: str, *names: str, identity: str = "", filtered: bool = False) -> Feature:
    """Zone parameters that count where they are not as usual; with `filtered` only where there is a filter."""
    test = _any_zone(lambda zone: _moved(zone, *names) and (not filtered or zone.get("filter") > 0))
    return Feature(identity or names[0], words, test, names)


def _play(words: str, *names: str) -> Feature:
    """Play parameters that count where they are not as usual."""
    rows = parameters.of_scope("play")
    return Feature(names[0], words, lambda kit: any(kit.play[name] != rows[name].default for name in names), names)


FEATURES = (
    Feature(
        "macros",
        "the macros (all is as they stand in the preset)",
        lambda kit: any(knob.targets for knob in kit.preset.macros),
    ),
    Feature(
        "new_seeds",
        "new sounds at a key or controller",
        lambda kit: kit.preset.new_last is not None or kit.preset.new_all is not None,
    ),
    Feature(
        "fresh",
        "fresh sounds for every stroke (the round robin comes round again)",
        _any_zone(lambda zone: zone.zone.fresh),
    ),
    Feature(
        "layer_turns",
        "turns of their own for each layer's round robin (strokes of all layers count)",
        _any_zone(lambda zone: zone.zone.layers > 1 and zone.zone.siblings > 1),
    ),
    Feature(
        "one_shot",
        "one-shots that no key ends (a very long release stands for it)",
        _any_zone(lambda zone: zone.mode == ONE_SHOT),
    ),
    Feature(
        "curves",
        "the exact curve of decay and release",
        _any_zone(lambda zone: zone.mode != ONE_SHOT or zone.decay > 0),
    ),
    _zones("the envelope's hold", "hold"),
    Feature(
        "velocity_curve",
        "the velocity curve (the level follows velocity in a straight line)",
        _any_zone(lambda zone: zone.get("velocity_track") > 0 and zone.get("velocity_curve") != 1),
        ("velocity_curve",),
    ),
    _zones("the release's own velocity", "release_velocity"),
    _zones(
        "humanised level, tune and start", "humanise_gain_db", "humanise_tune", "humanise_start", identity="humanise"
    ),
    _zones("pressure to level", "pressure_gain_db"),
    _zones("pressure to cutoff", "pressure_cutoff", filtered=True),
    Feature("filter", "the filter's exact curve", _any_zone(lambda zone: zone.get("filter") > 0), ("filter", "cutoff")),
    _zones(
        "what moves the filter (keys, velocity, envelope)",
        "filter_track",
        "filter_velocity",
        "filter_envelope",
        identity="filter_moves",
        filtered=True,
    ),
    Feature(
        "resonance",
        "the sharpest resonance",
        _any_zone(lambda zone: zone.get("filter") > 0 and zone.q > SHARPEST_DECENT_SAMPLER),
        ("resonance",),
    ),
    Feature(
        "loud",
        f"gain above {LOUDEST_SFZ:g} dB",
        lambda kit: any(kit.gain_db(zone) > LOUDEST_SFZ for zone in kit.zones),
    ),
    _zones("outputs of their own", "output"),
    _play("the number of voices", "polyphony"),
    _play("the bend range", "bend_range"),
    _play("the MIDI channel", "channel"),
    Feature(
        "voices",
        "one note at a time, with its glide",
        lambda kit: kit.play["voices"] > 0,
        ("voices", "glide", "priority"),
    ),
    _play("MPE", "mpe_members"),
)


def left_out(kit: Kit, says: Set[str]) -> list[str]:
    """What the kit has that a format which says these features leaves out, in words."""
    return [row.words for row in FEATURES if row.id not in says and row.used(kit)]
