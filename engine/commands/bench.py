"""`engine bench`: how fast this machine makes sounds, plays them and morphs them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from engine.command import number, print_json
from engine.data import DEFAULT_PRESET


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument(
        "preset",
        metavar="PRESET|FILE.onnx",
        nargs="?",
        default=DEFAULT_PRESET,
        help="what is played; the bundled drums unless said",
    )
    parser.add_argument("--provider", metavar="NAME", help="only what is computed by it: cpu, cuda … (all present)")
    parser.add_argument(
        "--seconds",
        metavar="S",
        type=number(float, 0.1, 3600.0, "a number from 0.1 to 3600"),
        default=5.0,
        help="how long a controller is swept (5)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Measures and prints part by part."""
    from engine.bench import bench

    parts = bench(arguments.preset, arguments.provider, arguments.seconds)
    if arguments.json:
        print_json(dict(parts))
        return
    for name, values in parts:
        print("\n".join(LINES[name](values)), flush=True)


def _machine(values: dict[str, Any]) -> list[str]:
    return [
        f"{values['preset']} on {values['instrument']}: clips of {values['clip_frames']} frames, {values['channels']} "
        f"channel(s), {values['sample_rate']} Hz",
        f"{values['system']}, {values['cores']} cores, onnxruntime {values['onnxruntime']} ({values['provider']})",
    ]


def _start(values: dict[str, Any]) -> list[str]:
    before, after = (values[name] for name in ("bytes_before", "bytes_after"))
    memory = "" if after is None else f"; memory {before / 2**20:.0f} → {after / 2**20:.0f} MiB"
    return ["", f"start        {values['seconds']:.2f} s until every key can be played{memory}"]


def _generator(rows: list[dict[str, Any]]) -> list[str]:
    return [
        "",
        *(
            f"generator    {row['provider']:<8} batch {row['batch']:>2}: {row['clip_ms']:7.2f} ms a clip, "
            f"{row['beginning_ms']:6.2f} ms its first {row['beginning_frames']} frames"
            for row in rows
        ),
    ]


def _sampler(rows: list[dict[str, Any]]) -> list[str]:
    return [
        "",
        *(
            f"sampler      {row['voices']:>3} voices: {row['block_us']:7.1f} µs a block of 128 frames at 48 kHz, "
            f"{row['share']:.1%} of its time"
            for row in rows
        ),
    ]


def _notes(values: dict[str, Any]) -> list[str]:
    times = _times(values, "p50_ms", "p99_ms", "max_ms")
    late = f", {values['late_events']} late" if values["late_events"] else ""
    return ["", f"notes        {times} to the onset, {values['constant_ms']:.2f} of which are meant{late}"]


def _morph(values: dict[str, Any]) -> list[str]:
    times = _times(values, "p50_ms", "p95_ms", "max_ms")
    return [
        f"morph        {times} from a controller to its sound, {values['clips_a_second']:.0f} sounds a second, "
        f"underflows: {values['underflows']}"
    ]


def _times(values: dict[str, Any], *names: str) -> str:
    if values[names[0]] is None:
        return "nothing was heard"
    return ", ".join(f"{name.removesuffix('_ms')} {values[name]:.2f}" for name in names) + " ms"


LINES: dict[str, Callable[[Any], list[str]]] = {
    "machine": _machine,
    "start": _start,
    "generator": _generator,
    "sampler": _sampler,
    "notes": _notes,
    "morph": _morph,
}
