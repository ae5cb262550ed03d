"""A preset as the link's messages have it."""

from __future__ import annotations

from typing import Any

from bridge.link_connection import fit
from bridge.link_table import LONGEST_NAME, LONGEST_PATH
from engine import parameters, preset_file
from engine.macro import Macro, Trigger
from engine.preset import Preset
from engine.zone import Path as PathSource
from engine.zone import Zone


def program_fields(preset: Preset, folder: str, serial: int) -> dict[str, Any]:
    """The fields of `program`. `folder` is from where the preset names its instrument."""
    instrument = preset.opened
    return {
        "serial": serial,
        "name": fit(preset.name, LONGEST_NAME),
        "text": preset_file.write(preset),
        "folder": fit(folder, LONGEST_PATH),
        "instrument": {
            "name": fit(instrument.name, LONGEST_NAME),
            "digest": instrument.digest,
            "sample_rate": instrument.sample_rate,
            "channels": instrument.channels,
            "clip_frames": instrument.clip_frames,
        },
        "zones": [_zone(preset, zone) for zone in preset.zones],
        "play": _values(preset.play, "play"),
        "claimed": sorted(preset.claimed_controllers),
        "triggers": [
            _trigger(trigger, everything)
            for trigger, everything in ((preset.new_last, False), (preset.new_all, True))
            if trigger is not None
        ],
        "macros": [_macro(preset, knob) for knob in preset.macros],
    }


def edited_fields(preset: Preset) -> dict[str, Any]:
    """The fields of `edited`."""
    locked = [[index, sorted(zone.locked)] for index, zone in enumerate(preset.zones) if zone.locked]
    return {"text": preset_file.write(preset), "locked": locked}


def _zone(preset: Preset, zone: Zone) -> dict[str, Any]:
    return {
        "name": fit(zone.name, LONGEST_NAME),
        "keys": [key for key in zone.keys if key not in preset.claimed_notes],
        "shared": zone.source.root is not None,
        "root": 60 if zone.source.root is None else zone.source.root,
        "siblings": zone.siblings,
        "layers": zone.layers,
        "fresh": zone.fresh,
        "path": isinstance(zone.source, PathSource),
        "locked": sorted(zone.locked),
        "parameters": _values(zone.parameters, "zone"),
    }


def _values(own: Any, scope: str) -> dict[str, float]:
    return {row.id: float(own.get(row.id, row.default)) for row in parameters.of_scope(scope).values()}


def _trigger(trigger: Trigger, everything: bool) -> list[Any]:
    return [everything, trigger.kind == "note", trigger.number]


def _macro(preset: Preset, knob: Macro) -> dict[str, Any]:
    zones = {zone.name: index for index, zone in enumerate(preset.zones)}
    play = parameters.of_scope("play")
    return {
        "id": knob.id,
        "name": fit(knob.name, LONGEST_NAME),
        "position": knob.position,
        "controller": -1 if knob.controller is None else knob.controller,
        "minimum": knob.minimum,
        "maximum": knob.maximum,
        "pick_up": knob.pick_up,
        "used": bool(knob.targets),
        "sounds": any(target.is_latent for target in knob.targets),
        "targets": [
            {
                "zone": -1 if target.zone is None else zones[target.zone],
                "play": target.to in play,
                "id": target.to,
                "low": target.low,
                "high": target.high,
                "curve": target.curve,
            }
            for target in knob.targets
            if not target.is_latent
        ],
    }
