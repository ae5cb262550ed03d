"""What a kit consists of, whatever the format: zones with their settings, samples, and which keys play which."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bridge.names import safe_stem
from engine import _native, moves
from engine.errors import UserError
from engine.hands import Hands
from engine.keys import key_name
from engine.latent import Latent
from engine.preset import Preset
from engine.program import zone_values
from engine.zone import Zone

ONE_SHOT, GATED, LOOP = range(3)  # of the zone parameter `mode`
SAMPLES = "Samples"  # the folder of the WAV files, beside the maps
SHORTEST_RELEASE = 0.01  # s: of the sampler
START_INSIDE = 0.001  # s: the sampler fades in where a note does not begin at a clip's own front


@dataclass(frozen=True)
class KitZone:
    """A zone with the values that its parameters have where the preset's macros stand (id → value)."""

    zone: Zone
    stem: str  # of its files' names
    values: Mapping[str, float]
    channels: int
    start: int  # frame of the sample at which notes begin
    loop: tuple[int, int] | None  # first frame, and the one behind the last
    fade: int  # frames before the loop's end that are crossfaded

    def get(self, name: str) -> float:
        """The value of a parameter, 0 if this version of the sampler has none of that name."""
        return self.values.get(name, 0.0)

    @property
    def mode(self) -> int:
        """ONE_SHOT, GATED or LOOP."""
        return int(self.get("mode"))

    @property
    def reverse(self) -> bool:
        """Whether its samples are written backwards."""
        return self.get("reverse") >= 0.5

    @property
    def attack(self) -> float:
        """Seconds; what starts inside a clip or at its end never starts at once."""
        inside = self.start > 0 or self.reverse
        return max(self.get("attack"), START_INSIDE if inside else 0.0)

    @property
    def decay(self) -> float:
        """Seconds to the sustain level."""
        return max(self.get("decay"), SHORTEST_RELEASE) if self.get("sustain") < 1 else 0.0

    @property
    def q(self) -> float:
        """The filter's quality, from the resonance: 0.71 (flat) to 20."""
        low, high = math.sqrt(0.5), 20.0
        return float(low * (high / low) ** self.get("resonance"))

    def placed(self) -> tuple[float, float]:
        """Where it stands between the speakers, −100 … 100, and what that adds to its gain in dB.

        By the law of both formats' players: constant power, the middle at full level. It is the sampler's own for mono
        sounds; stereo ones the sampler balances, which is the same two gains, once the sum of their powers is made up.
        """
        pan = self.get("pan")
        if self.channels == 1:
            return 100 * pan, 0.0
        left, right = min(1.0, 1 - pan), min(1.0, 1 + pan)
        angle, power = math.atan2(right, left), (left**2 + right**2) / 2
        return 100 * (4 * angle / math.pi - 1), 10 * math.log10(power)


@dataclass(frozen=True)
class Sample:
    """A WAV file of the kit. `key` is that of the sound; `keys` and `velocities` are the lowest and highest."""

    name: str
    zone: int
    key: int
    layer: int
    sibling: int
    z: Latent
    root: int | None  # where the sound has a pitch of its own: the key that plays it as it is
    keys: tuple[int, int]
    velocities: tuple[int, int]


@dataclass(frozen=True)
class Region:
    """Keys that play a sample."""

    sample: Sample
    keys: tuple[int, int]
    root: int  # the key at which the sample is as it is


@dataclass(frozen=True)
class Kit:
    """A preset, taken apart. Its macros stand where the preset puts them."""

    preset: Preset
    zones: tuple[KitZone, ...]
    samples: tuple[Sample, ...]
    regions: tuple[Region, ...]
    play: Mapping[str, float]  # play parameter id → value

    @property
    def stem(self) -> str:
        """The name of its map files."""
        return safe_stem(self.preset.name, "kit")

    def gain_db(self, zone: KitZone) -> float:
        """Of a zone, the preset's master gain among it."""
        return self.play["master_gain_db"] + zone.get("gain_db") + zone.placed()[1]

    def of_zone(self, index: int) -> Iterator[Region]:
        """The regions of a zone."""
        return (region for region in self.regions if region.sample.zone == index)


def take_apart(preset: Preset) -> Kit:
    """The kit of a loaded preset. Raises UserError if no key of it sounds."""
    values = preset.parameters(preset.positions)
    zones: list[KitZone] = []
    samples: list[Sample] = []
    regions: list[Region] = []
    for index, zone in enumerate(preset.zones):
        keys = tuple(key for key in zone.keys if key not in preset.claimed_notes)
        if not keys:
            continue
        zones.append(_kit_zone(preset, zone, zone_values(values, index), {other.stem for other in zones}))
        made = list(_samples(preset, index, len(zones) - 1, zones[-1].stem, keys))
        samples += made
        regions += _regions(zone, made, keys)
    if not samples:
        raise UserError(f"No key of the preset {preset.name} sounds, so there is nothing to make a kit of.")
    play = {name: value for (zone_index, name), value in values.items() if zone_index is None}
    return Kit(preset, tuple(zones), tuple(samples), tuple(regions), play)


def layer_velocities(layer: int, layers: int) -> tuple[int, int]:
    """The lowest and highest velocity that play a layer; the sampler's own split of 1 to 127."""
    inside = [velocity for velocity in range(1, 128) if (velocity - 1) * layers // 127 == layer]
    return inside[0], inside[-1]


def _kit_zone(preset: Preset, zone: Zone, values: Mapping[str, float], taken: Iterable[str]) -> KitZone:
    instrument = preset.opened
    start, loop_start, loop_end, fade = _native.first_course(
        dict(values), instrument.clip_frames, instrument.sample_rate
    )
    loop = (loop_start, loop_end) if int(values["mode"]) == LOOP else None
    stem = first = safe_stem(zone.name, "zone")
    number = 1
    while stem.lower() in {other.lower() for other in taken}:
        number += 1
        stem = f"{first}-{number}"
    return KitZone(zone, stem, values, instrument.channels, start, loop, fade if loop else 0)


def _samples(preset: Preset, index: int, place: int, stem: str, keys: tuple[int, ...]) -> Iterator[Sample]:
    """The samples of a zone. `index` is the zone's in the preset, `place` its own in the kit."""
    zone = preset.zones[index]
    root = zone.source.root
    slot_keys = [root] if root is not None else list(keys)
    slots = [(key, variant) for key in slot_keys for variant in range(zone.variants)]
    latents = moves.latents(preset, index, slots, Hands(preset.positions))
    for (key, variant), z in zip(slots, latents, strict=True):
        layer, sibling = divmod(variant, zone.siblings)
        # The sharp has no place in file names: SFZ takes it for a command.
        note = key_name(key).replace("#", "s").replace("-", "m")
        yield Sample(
            name=f"{stem}-{key:03d}-{note}-v{layer + 1}-r{sibling + 1}.wav",
            zone=place,
            key=key,
            layer=layer,
            sibling=sibling,
            z=z,
            root=root,
            keys=(keys[0], keys[-1]) if root is not None else (key, key),
            velocities=layer_velocities(layer, zone.layers),
        )


def _regions(zone: Zone, samples: Iterable[Sample], keys: tuple[int, ...]) -> Iterator[Region]:
    for sample in samples:
        if sample.root is None:
            yield Region(sample, (sample.key, sample.key), sample.key)
        else:
            for run in _runs(keys):
                yield Region(sample, run, sample.root)


def _runs(keys: tuple[int, ...]) -> list[tuple[int, int]]:
    """The lowest and highest of each run of neighbouring keys."""
    runs: list[tuple[int, int]] = []
    for key in keys:
        if runs and key == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], key)
        else:
            runs.append((key, key))
    return runs
