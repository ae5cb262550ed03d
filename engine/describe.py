"""What an instrument or a preset is, as plain values for `engine info`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine import parameters
from engine.data import find_preset
from engine.instrument import Instrument
from engine.keys import format_keys, key_name
from engine.macro import Macro
from engine.preset import Preset
from engine.preset_file import macro_source, source_values
from engine.zone import Zone


def describe(text: str) -> dict[str, Any]:
    """Values for JSON that describe the file or bundled preset that `text` names. Raises UserError if it is neither."""
    path = find_preset(text)
    if path.suffix.lower() == ".toml":
        preset = Preset.load(path)
        assert preset.instrument is not None
        return {**describe_preset(preset, path), "instrument": describe_instrument(preset.instrument)}
    return describe_instrument(Instrument.open(path))


def describe_instrument(instrument: Instrument) -> dict[str, Any]:
    """An instrument: what it plays and where it comes from."""
    return {
        "kind": "instrument",
        "name": instrument.name,
        "path": str(instrument.path),
        "digest": instrument.digest,
        "sample_rate": instrument.sample_rate,
        "channels": instrument.channels,
        "clip_frames": instrument.clip_frames,
        "seconds": round(instrument.seconds, 3),
        "latent_dim": instrument.latent_dim,
        "prior": instrument.prior,
        "directions": {
            name: {"range": list(row.range), "rank_correlation": row.rank_correlation}
            for name, row in instrument.directions.items()
        },
        "favourites": [favourite.seed for favourite in instrument.favourites],
        "provenance": dict(instrument.provenance),
        "licence": instrument.licence,
    }


def describe_preset(preset: Preset, path: Path) -> dict[str, Any]:
    """A preset: its zones, macros and play settings."""
    return {
        "kind": "preset",
        "name": preset.name,
        "about": preset.about,
        "path": str(path),
        "zones": [_zone(zone) for zone in preset.zones],
        "macros": [_macro(knob) for knob in preset.macros if knob.targets],
        "play": _written(preset.play, "play"),
    }


def _zone(zone: Zone) -> dict[str, Any]:
    return {
        "name": zone.name,
        "keys": format_keys(zone.keys),
        "notes": f"{key_name(zone.keys[0])} to {key_name(zone.keys[-1])}",
        **{key: value for key, value in source_values(zone.source).items() if value is not None},
        "siblings": zone.siblings,
        "parameters": _written(zone.parameters, "zone"),
    }


def _written(values: Mapping[str, float], scope: str) -> dict[str, Any]:
    rows = parameters.of_scope(scope)
    return {key: rows[key].written(value) for key, value in values.items()}


def _macro(knob: Macro) -> dict[str, Any]:
    return {
        "id": knob.id,
        "name": knob.name,
        "position": knob.position,
        "controller": macro_source(knob.controller),
        "targets": [target.to for target in knob.targets],
    }
