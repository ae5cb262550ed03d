"""The SFZ map of a kit: opcodes of SFZ 1 and 2 and, where those have none, of ARIA (https://sfzformat.com)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bridge.kits.kit import LOOP, ONE_SHOT, SAMPLES, Kit, KitZone, Region
from bridge.kits.left_out import LOUDEST_SFZ

SAYS = frozenset(
    {
        "one_shot",
        "hold",
        "velocity_curve",
        "humanise",
        "pressure_cutoff",
        "filter_moves",
        "resonance",
        "polyphony",
        "bend_range",
        "channel",
    }
)
USUAL_CURVE = 2.0  # the exponent of SFZ's own velocity curve
CURVE_ERROR = 0.001  # of what is read between the points of ours, relative
CHOKE_SECONDS = 0.005  # the sampler's
# SFZ players let a level fall exponentially by 60 to 80 dB in the time given, ours falls by the square of the time
# left: the nearest such fall takes three times as long.
EXPONENTIAL = 3.0
MODES = {ONE_SHOT: "one_shot", 1: "no_loop", LOOP: "loop_continuous"}
FILTERS = ("", "lpf_2p", "bpf_2p", "hpf_2p")


def text(kit: Kit) -> str:
    """The file, for a player that finds the samples in the folder Samples beside it."""
    preset = kit.preset
    lines = [
        f"// {_line(preset.name)}: {_line(preset.about)}",
        f"// Licence of the sounds: {_line(preset.opened.licence)}",
        "<control>\nhint_ram_based=1",
        "<global>\n" + _opcodes(_play(kit)),
    ]
    for index, zone in enumerate(kit.zones):
        lines.append(f"\n// {_line(zone.zone.name)}\n<group>\n" + _opcodes(_zone(kit, zone)))
        lines += ["<region> " + " ".join(_region(zone, region)) for region in kit.of_zone(index)]
    return "\n".join(lines) + "\n"


def _line(words: str) -> str:
    return " ".join(words.split())


def _opcodes(rows: Iterator[str]) -> str:
    return "\n".join(rows)


def _number(value: float) -> str:
    return f"{round(value, 4):g}" if abs(value) < 1e5 else str(round(value))


def _play(kit: Kit) -> Iterator[str]:
    bend = round(100 * kit.play["bend_range"])
    yield f"bend_up={bend}\nbend_down={-bend}"
    yield f"polyphony={int(kit.play['polyphony'])}"
    if channel := int(kit.play["channel"]):
        yield f"lochan={channel}\nhichan={channel}"


def _zone(kit: Kit, zone: KitZone) -> Iterator[str]:
    yield f"loop_mode={MODES[zone.mode]}"
    if zone.loop:
        yield f"loop_start={zone.loop[0]}\nloop_end={zone.loop[1] - 1}"
    if zone.start:
        yield f"offset={zone.start}"
    # Of a random level the middle is ours, the lowest SFZ's.
    gain = kit.gain_db(zone) - zone.get("humanise_gain_db") / 2
    yield f"volume={_number(min(gain, LOUDEST_SFZ))}"
    if pan := zone.placed()[0]:
        yield f"pan={_number(pan)}"
    yield from _tune(zone)
    yield f"amp_veltrack={_number(100 * zone.get('velocity_track'))}"
    if zone.get("velocity_track") and zone.get("velocity_curve") != USUAL_CURVE:
        yield " ".join(f"amp_velcurve_{v}={level:.6g}" for v, level in velocity_curve(zone.get("velocity_curve")))
    if choke := int(zone.get("choke")):
        yield f"group={choke} off_by={choke} off_mode=time off_time={CHOKE_SECONDS}"
    if zone.zone.siblings > 1:
        yield f"seq_length={zone.zone.siblings}"
    yield from _envelope(zone)
    if zone.get("filter") > 0:
        yield from _filter(zone)
    for opcode, value in (
        ("amp_random", _number(zone.get("humanise_gain_db"))),
        ("pitch_random", str(round(100 * zone.get("humanise_tune")))),
        ("offset_random", str(round(kit.preset.opened.sample_rate * zone.get("humanise_start")))),
    ):
        if float(value):
            yield f"{opcode}={value}"


def _tune(zone: KitZone) -> Iterator[str]:
    cents = round(100 * zone.get("tune"))
    transpose = round(cents / 100)
    if transpose:
        yield f"transpose={transpose}"
    if cents - 100 * transpose:
        yield f"tune={cents - 100 * transpose}"


def _envelope(zone: KitZone) -> Iterator[str]:
    if zone.attack:
        yield f"ampeg_attack={_number(zone.attack)}"
    if hold := zone.get("hold"):
        yield f"ampeg_hold={_number(hold)}"
    if zone.decay:
        yield f"ampeg_decay={_number(EXPONENTIAL * zone.decay)}"
        yield f"ampeg_sustain={_number(100 * zone.get('sustain'))}"
    if zone.mode != ONE_SHOT:
        yield f"ampeg_release={_number(EXPONENTIAL * zone.get('release'))}"


def _filter(zone: KitZone) -> Iterator[str]:
    yield f"fil_type={FILTERS[int(zone.get('filter'))]}"
    yield f"cutoff={_number(zone.get('cutoff'))}"
    yield f"resonance={_number(20 * math.log10(zone.q * math.sqrt(2)))}"
    if track := zone.get("filter_track"):
        yield f"fil_keycenter=60\nfil_keytrack={round(100 * track)}"
    for opcode, octaves in (
        ("fil_veltrack", zone.get("filter_velocity")),
        ("cutoff_chanaft", zone.get("pressure_cutoff")),
        ("cutoff_polyaft", zone.get("pressure_cutoff")),
        ("fileg_depth", zone.get("filter_envelope")),
    ):
        if octaves:
            yield f"{opcode}={round(1200 * octaves)}"
    if zone.get("filter_envelope"):
        yield f"fileg_attack={_number(zone.get('filter_attack'))}"
        yield f"fileg_decay={_number(EXPONENTIAL * zone.get('filter_decay'))}"
        yield f"fileg_sustain={_number(100 * zone.get('filter_sustain'))}"
        yield f"fileg_release={_number(EXPONENTIAL * zone.get('filter_release'))}"


def _region(zone: KitZone, region: Region) -> Iterator[str]:
    low, high = region.keys
    if low == high == region.root:
        yield f"key={low}"
    else:
        yield f"lokey={low} hikey={high} pitch_keycenter={region.root}"
    if zone.zone.layers > 1:
        yield "lovel={} hivel={}".format(*region.sample.velocities)
    if zone.zone.siblings > 1:
        yield f"seq_position={region.sample.sibling + 1}"
    yield f"sample={SAMPLES}/{region.sample.name}"


def velocity_curve(exponent: float) -> list[tuple[int, float]]:
    """Points (velocity, level) of (velocity / 127)^exponent, as few as straight lines between them need."""

    def level(velocity: int) -> float:
        return float((velocity / 127) ** exponent)

    def straight(first: int, last: int) -> bool:
        slope = (level(last) - level(first)) / (last - first)
        return all(
            abs(level(first) + slope * (between - first) - level(between)) <= CURVE_ERROR * level(between)
            for between in range(first + 1, last)
        )

    points = [1]
    while points[-1] < 127:
        first = points[-1]
        points.append(max(last for last in range(first + 1, 128) if last == first + 1 or straight(first, last)))
    return [(velocity, level(velocity)) for velocity in points]
