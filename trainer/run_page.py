"""The page of a run: sounds of the same seeds over time, their pictures, curves and remarks, in one HTML file.

It opens from disk, needs nothing from elsewhere, and names the previews by relative paths: the run may be moved.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.files import write_text
from trainer.curves import Chart, Curve
from trainer.progress import beside_real, copied, score
from trainer.run_folder import Run
from trainer.words import duration

PAGE = "index.html"
MOST_STEPS = 12  # whose sounds and pictures are on the page: the first, the newest, the best, and some between
MOST_NOTES = 30
ROW_KEYS = {"kind", "step", "seconds", "stage", "floor", "text", "sounds"}  # of a row, which are no figures

CHARTS: tuple[tuple[str, tuple[tuple[str, str], ...], str], ...] = (
    ("Distance from your audio", (("mmd", "MMD² × 1000"),), "less is closer"),
    ("Variety", (("coverage", "coverage"), ("recall", "recall")), "more is better"),
    ("Partials", (("peakiness_90", "strongest tenth"), ("peakiness_50", "middle")), "dB; as real sounds have is best"),
    ("Density", (("density", "density"),), "about what real sounds have is best"),
    (
        "Nearness to single clips",
        (("nearness", "distance"), ("copies", "share of copies")),
        "1 and 0 are best",
    ),
    ("Tones of the network's own", (("artefacts", "tonal artefacts"),), "dB; less is better"),
)
"""Title, the figures of each curve with their names, and how to read it."""


@dataclass(frozen=True)
class Preview:
    """What one step left under previews/: its sounds by seed, and its picture if there is one."""

    step: int
    sounds: Mapping[int, str]
    picture: str | None


def write_page(run: Run) -> Path:
    """Writes RUN/index.html anew, by way of a temporary name, from what stands in the run folder. Returns its path."""
    path = run.path / PAGE
    write_text(path, page(run))
    return path


def page(run: Run) -> str:
    """The page's HTML."""
    rows = run.rows()
    measured = [row for row in rows if _is_number(row.get("mmd"))]
    scores = run.scores()
    best = next(iter(run.ranking()), None)
    times = {row["step"]: float(row.get("seconds", 0)) for row in rows}
    previews = chosen(found(run.previews), best)
    title = html.escape(run.path.resolve().name)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · ProducerGAN</title>
<style>{STYLE}</style>
</head>
<body>
<header><h1>{title}</h1><p>{_state(run, rows)}</p>{_summary(measured, scores, best)}</header>
<nav aria-label="On this page"><a href="#remarks">Remarks</a> <a href="#sounds">Sounds</a> \
<a href="#curves">Curves</a> <a href="#pictures">Pictures</a></nav>
<main>
<section id="remarks"><h2>Remarks</h2>{_notes(rows)}</section>
<section id="sounds"><h2>Sounds</h2>{_sounds(previews, times)}</section>
<section id="curves"><h2>Curves</h2><div class="charts">{_curves(rows, measured)}</div></section>
<section id="pictures"><h2>Pictures</h2>{_pictures(previews, times)}</section>
</main>
<script>{SCRIPT}</script>
</body>
</html>
"""


def found(folder: Path) -> list[Preview]:
    """The previews in a folder, the oldest first."""
    if not folder.is_dir():
        return []
    previews = []
    for place in sorted(folder.iterdir()):
        if place.is_dir() and (match := re.fullmatch(r"step-(\d+)", place.name)):
            names = ((re.fullmatch(r"seed-(\d+)\.wav", sound.name), sound.name) for sound in sorted(place.iterdir()))
            sounds = {int(seed[1]): f"{folder.name}/{place.name}/{name}" for seed, name in names if seed}
            picture = f"{place.name}.png"
            there = (folder / picture).is_file()
            previews.append(Preview(int(match[1]), sounds, f"{folder.name}/{picture}" if there else None))
    return sorted(previews, key=lambda preview: preview.step)


def chosen(previews: Sequence[Preview], best: int | None, most: int = MOST_STEPS) -> list[Preview]:
    """At most so many of them, the newest first: evenly spread, the first, the newest and the best among them."""
    count = len(previews)
    spread = (
        {round(place * (count - 1) / (most - 2)) for place in range(most - 1)} if count > most else set(range(count))
    )
    return [one for place, one in reversed(list(enumerate(previews))) if place in spread or one.step == best]


def _state(run: Run, rows: Sequence[Mapping[str, Any]]) -> str:
    config = run.config
    form = f"{config.sample_rate / 1000:g} kHz {'stereo' if config.channels == 2 else 'mono'}"
    length = f"{config.clip_frames / config.sample_rate:.2f} s"
    parts = [f"recipe {config.recipe}", f"{config.clip_count:,} clips of {length}, {form}"]
    if rows:
        newest = rows[-1]
        stage = newest.get("stage")
        parts += [f"stage {stage}"] if stage else []
        parts += [f"step {newest['step']:,}", f"{duration(float(newest.get('seconds', 0)))} of training"]
    else:
        parts.append("no step yet")
    return html.escape(" · ".join(parts)) + ". Reload the page for the newest."


def _summary(measured: Sequence[Mapping[str, Any]], scores: Mapping[int, float], best: int | None) -> str:
    if not measured or best is None:
        return ""
    newest = measured[-1]
    beside = beside_real(newest.get("floor") or {}) + copied(newest)
    return (
        f"<p>Distance from your audio: <b>{score(float(newest['mmd']))}</b> at step {newest['step']:,}, "
        f"best <b>{score(scores[best])}</b> at step {best:,}{beside}.</p>"
    )


def _notes(rows: Sequence[Mapping[str, Any]]) -> str:
    notes = [row for row in rows if isinstance(row.get("text"), str)][-MOST_NOTES:]
    if not notes:
        return "<p>None yet.</p>"
    items = "".join(
        f'<li{" class=alarm" if row["text"].startswith("Alarm") else ""}><span class="when">'
        f"{duration(float(row.get('seconds', 0)))}</span> {html.escape(row['text'])}</li>"
        for row in reversed(notes)
    )
    return f'<ul class="notes" tabindex="0" aria-label="Remarks, the newest first">{items}</ul>'


def _sounds(previews: Sequence[Preview], times: Mapping[int, float]) -> str:
    seeds = sorted({seed for preview in previews for seed in preview.sounds})
    if not seeds:
        return "<p>None yet.</p>"
    columns = []
    for seed in seeds:
        items = "".join(
            f"<li><span>{_when(preview.step, times)}</span>"
            f'<audio controls preload="none" src="{html.escape(preview.sounds[seed])}" '
            f'aria-label="Seed {seed}, step {preview.step}"></audio></li>'
            for preview in previews
            if seed in preview.sounds
        )
        columns.append(f'<section class="seed"><h3>Seed {seed}</h3><ol reversed>{items}</ol></section>')
    return f'<p>The same seed over time, the newest on top.</p><div class="seeds">{"".join(columns)}</div>'


def _curves(rows: Sequence[Mapping[str, Any]], measured: Sequence[Mapping[str, Any]]) -> str:
    marks = []
    stage = None
    for row in rows:
        if row.get("stage") not in (None, stage):
            if stage is not None:
                marks.append((f"{row['stage']} begins", float(row.get("seconds", 0)) / 60))
            stage = row["stage"]
    charts = []
    for title, names, reading in CHARTS:
        levels = [
            (f"{name}, real sounds" if len(names) > 1 else "real sounds", float(level))
            for key, name in names
            if measured and _is_number(level := _real(measured[-1], key))
        ]
        chart = Chart(title, [Curve(name, _points(measured, key)) for key, name in names], levels, marks, dots=True)
        charts.append(_chart(chart, reading))
    reports = [row for row in rows if "mmd" not in row]
    keys = dict.fromkeys(key for row in reports for key, value in row.items() if _is_number(value))
    for key in keys:
        if key not in ROW_KEYS:
            charts.append(_chart(Chart(key, [Curve(key, _points(reports, key))], (), marks), "of training"))
    return "".join(charts) or "<p>None yet.</p>"


def _chart(chart: Chart, reading: str) -> str:
    svg = chart.svg()
    if not svg:
        return ""
    title = html.escape(chart.title.replace("_", " "))
    title = title[0].upper() + title[1:]
    return (
        f'<figure class="chart"><figcaption><b>{title}</b> <small>{html.escape(reading)}</small></figcaption>'
        f'{svg}<div class="legend">{chart.legend()} <small>over {chart.axis}</small></div></figure>'
    )


def _pictures(previews: Sequence[Preview], times: Mapping[int, float]) -> str:
    figures = "".join(
        f'<figure><figcaption>{_when(preview.step, times)}</figcaption><a href="{html.escape(preview.picture)}">'
        f'<img loading="lazy" src="{html.escape(preview.picture)}" alt="Waveforms and spectrograms at step '
        f'{preview.step}"></a></figure>'
        for preview in previews
        if preview.picture
    )
    return f'<div class="pictures">{figures}</div>' if figures else "<p>None yet.</p>"


def _when(step: int, times: Mapping[int, float]) -> str:
    after = f" · {duration(times[step])}" if step in times else ""
    return f"step {step:,}{after}"


def _points(rows: Sequence[Mapping[str, Any]], key: str) -> list[tuple[float, float]]:
    return [(float(row.get("seconds", 0)) / 60, float(row[key])) for row in rows if _is_number(row.get(key))]


def _real(row: Mapping[str, Any], key: str) -> Any:
    """What real sounds have: all of them where that is known, else those held out."""
    return row.get(f"{key}_real", (row.get("floor") or {}).get(key))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


SCRIPT = """
document.addEventListener("play", event => {
  for (const other of document.querySelectorAll("audio")) if (other !== event.target) other.pause();
}, true);
"""

STYLE = """
:root { color-scheme: light dark; --back: #fbfaf8; --card: #fff; --text: #1d1f24; --faint: #666c78; --line: #dcdad5;
  --c0: #b4530a; --c1: #1f6fb2; --level: #2c7a3f; --alarm: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --back: #111318; --card: #1a1d24; --text: #e8e6e1; --faint: #9aa0aa;
  --line: #30343d; --c0: #f2a65a; --c1: #7db8f0; --level: #7fce92; --alarm: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1400px; padding: 1rem clamp(0.75rem, 3vw, 2rem); background: var(--back);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0; overflow-wrap: anywhere; } h2 { margin: 2rem 0 0.5rem; } h3 { margin: 0 0 0.5rem; font-size: 1rem; }
p { margin: 0.3rem 0; } header p:first-of-type, small, .when, .seed li span, figcaption { color: var(--faint); }
nav { position: sticky; top: 0; z-index: 1; padding: 0.5rem 0; background: var(--back);
  border-bottom: 1px solid var(--line); }
nav a { display: inline-block; margin-right: 1rem; padding: 0.25rem 0; color: var(--c1); }
section { scroll-margin-top: 3rem; }
:focus-visible { outline: 3px solid var(--c1); outline-offset: 2px; }
.seeds { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); gap: 1rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: 1rem; }
.pictures { display: grid; gap: 1rem; }
.seed, .chart { margin: 0; padding: 0.75rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; min-width: 0; }
.seed ol { margin: 0; padding: 0; list-style: none; max-height: 26rem; overflow-y: auto; }
.seed li { margin-bottom: 0.5rem; } .seed li span { display: block; font-size: 0.85rem; }
audio { display: block; width: 100%; height: 36px; }
.notes { margin: 0; padding: 0; list-style: none; max-height: 16rem; overflow-y: auto; }
.notes li { padding: 0.25rem 0; border-bottom: 1px solid var(--line); }
.when { display: inline-block; min-width: 6.5rem; }
.alarm { color: var(--alarm); font-weight: 600; }
.pictures figure { margin: 0; } img { width: 100%; height: auto; min-height: 6rem; border-radius: 8px;
  background: #111318; }
svg { display: block; width: 100%; height: auto; }
.grid { stroke: var(--line); } .tick { fill: var(--faint); font-size: 11px; }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
.curve.c0, .key.c0 { stroke: var(--c0); } .curve.c1, .key.c1 { stroke: var(--c1); stroke-dasharray: 7 3; }
.dot.c0 { fill: var(--c0); } .dot.c1 { fill: var(--c1); }
.level { stroke: var(--level); stroke-dasharray: 2 4; stroke-width: 2; } .mark { stroke: var(--faint); }
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; font-size: 0.85rem; }
.key::before { content: ""; display: inline-block; width: 1.2rem; margin-right: 0.4rem; vertical-align: 0.25em;
  border-top: 3px solid var(--c0); }
.key.c1::before { border-top: 3px dashed var(--c1); } .key.level::before { border-top: 3px dotted var(--level); }
"""
