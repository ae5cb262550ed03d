import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from tiny_run import tiny_config, tiny_dataset, train_tiny

from trainer.run_folder import Run
from trainer.run_page import MOST_STEPS, Preview, chosen, found, page, write_page
from trainer.sampling import write_wavs


class Reader(HTMLParser):
    """Remembers elements with their attributes, and whether all were closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attributes)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.seen if name == tag]


def preview(run: Run, step: int, seeds: int = 3) -> None:
    folder = run.previews / f"step-{step:08d}"
    folder.mkdir(parents=True)
    write_wavs(folder, range(seeds), np.zeros((seeds, 1, 100), np.float32), 16000)
    (run.previews / f"step-{step:08d}.png").write_bytes(b"png")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.create(tmp_path / "my <run> & more", tiny_config())
    for number, step in enumerate((0, 40, 90)):
        place = {"step": step, "seconds": 300.0 * number, "stage": "one" if step < 90 else "two"}
        preview(run, step)
        run.record("report", {**place, "steps_per_second": 2.0, "critic distance": 1.0 - number})
        figures = {"mmd": (300.0, 20.0, 30.0)[number], "coverage": 0.2 * number, "recall": 0.1 * number}
        run.record(
            "metrics", {**place, **figures, "peakiness_90": 9.0, "peakiness_90_real": 22.0, "floor": {"mmd": 4.5}}
        )
    run.record("note", {"step": 90, "seconds": 600.0, "stage": "two", "text": "Alarm: sounds <are> few."})
    return run


def test_the_page_shows_every_seed_over_time_by_relative_paths(run: Run) -> None:
    path = write_page(run)
    assert path == run.path / "index.html"
    reader = Reader(path.read_text(encoding="utf-8"))
    assert reader.open == []
    players = reader.of("audio")
    assert [player["src"] for player in players[:3]] == [
        f"previews/step-{step:08d}/seed-0000.wav" for step in (90, 40, 0)
    ]
    assert len(players) == 9
    for element in players + reader.of("img"):
        assert (run.path / str(element["src"])).is_file()
    assert all(player["preload"] == "none" and "controls" in player and player["aria-label"] for player in players)
    assert all(image["loading"] == "lazy" and image["alt"] for image in reader.of("img"))


def test_nothing_comes_from_elsewhere_and_every_link_leads_somewhere(run: Run) -> None:
    text = page(run)
    assert not re.search(r"https?:|//|@import|url\(", text)
    reader = Reader(text)
    ids = {attributes.get("id") for _, attributes in reader.seen}
    for link in reader.of("a"):
        target = str(link["href"])
        assert target.removeprefix("#") in ids if target.startswith("#") else (run.path / target).is_file()


def test_figures_floor_best_and_alarms_are_told(run: Run) -> None:
    text = page(run)
    reader = Reader(text)
    for words in ("30 at step 90", "best 20 at step 40", "held-out sounds score 4.5", "stage two", "10 min 00 s"):
        assert words in " ".join(reader.text.split())
    labels = [str(svg["aria-label"]) for svg in reader.of("svg")]
    assert "Distance from your audio: MMD² × 1000 30, real sounds 4.5" in labels
    assert any(label.startswith("Partials") and "real sounds 22" in label for label in labels)
    assert any(label.startswith("critic distance") for label in labels)
    assert "Alarm: sounds &lt;are&gt; few." in text
    assert "<title>two begins</title>" in text


def test_names_are_shown_and_not_obeyed(run: Run) -> None:
    text = page(run)
    assert "my &lt;run&gt; &amp; more" in text
    assert "<run>" not in text


def test_a_new_run_has_a_page_too(tmp_path: Path) -> None:
    text = page(Run.create(tmp_path / "new", tiny_config()))
    assert Reader(text).open == []
    assert text.count("None yet.") == 4


def test_rows_of_other_makers_do_not_disturb(run: Run) -> None:
    with open(run.metrics, "a", encoding="utf-8") as file:
        file.write(json.dumps({"step": 95, "mmd": None, "odd": [1], "flag": True, "loss": float("nan")}) + "\n")
        file.write('{"step": 96, "sec')
    assert Reader(page(run)).open == []


def test_of_many_steps_some_are_chosen_among_them_the_ends_and_the_best() -> None:
    previews = [Preview(step, {}, None) for step in range(0, 1000, 10)]
    steps = [one.step for one in chosen(previews, 130)]
    assert steps == sorted(steps, reverse=True)
    assert len(steps) <= MOST_STEPS
    assert {0, 130, 990} <= set(steps)
    assert [one.step for one in chosen(previews[:5], None)] == [40, 30, 20, 10, 0]
    assert chosen([], None) == []
    assert len(chosen(previews[:1], 0)) == 1


def test_only_previews_count_as_previews(run: Run) -> None:
    (run.previews / "notes.txt").write_text("x")
    (run.previews / "step-x").mkdir()
    (run.previews / "step-00000040.png").unlink()
    assert [(one.step, len(one.sounds), one.picture is None) for one in found(run.previews)] == [
        (0, 3, False),
        (40, 3, True),
        (90, 3, False),
    ]


def test_training_writes_the_page_from_its_first_check_on(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_config())
    train_tiny(run, tiny_dataset(tmp_path / "dataset"), 1)
    text = (run.path / "index.html").read_text(encoding="utf-8")
    assert "Seed 7, step 0" in text
    assert "Seed 7, step 1" in text
    assert any(str(svg["aria-label"]).startswith("critic distance") for svg in Reader(text).of("svg"))
