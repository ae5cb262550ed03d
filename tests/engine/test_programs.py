"""Presets of a folder by program number, opened beside play."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click_instrument import write_click_preset

from engine.clip_store import ClipStore
from engine.generator import Generator
from engine.generators import Generators
from engine.preset import Preset
from engine.programs import Programs, presets_in

DEADLINE_S = 20.0


class Desk:
    """Programs over a folder of three presets, and what they loaded and said."""

    def __init__(self, folder: Path) -> None:
        path = write_click_preset(folder)
        for name in ("B loud", "a soft", "c"):
            (folder / f"{name}.toml").write_text(path.read_text().replace('"Clicks"', f'"{name}"'))
        path.unlink()
        self.folder = folder
        self.loaded: list[tuple[Preset, ClipStore]] = []
        self.said: list[str] = []
        self._news = threading.Condition()
        first = Preset.load(folder / "c.toml")
        self.store = ClipStore(Generator(first.opened, "cpu", 1))
        self.programs = Programs(folder, first, self.store, Generators("cpu"), self._load, self._say)

    def _load(self, *loaded: Any) -> None:
        self.loaded.append(loaded)  # type: ignore[arg-type]

    def _say(self, sentence: str) -> None:
        with self._news:
            self.said.append(sentence)
            self._news.notify()

    def until(self, condition: Callable[[], bool]) -> None:
        with self._news:
            assert self._news.wait_for(condition, DEADLINE_S)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.programs.close()


def test_programs_are_the_folders_presets_by_name(desk: Desk) -> None:
    assert [path.stem for path in presets_in(desk.folder)] == ["a soft", "B loud", "c"]
    desk.programs.ask(1)
    desk.until(lambda: desk.said == ["Preset B loud."])
    ((preset, store),) = desk.loaded
    assert preset.name == "B loud"
    assert store is desk.store  # the same instrument: its session and clips


def test_the_next_and_the_one_before_go_round(desk: Desk) -> None:
    desk.programs.begin_at(desk.folder / "c.toml")
    for by, name in ((1, "a soft"), (-1, "c"), (-1, "B loud")):
        desk.programs.step(by)
        desk.until(lambda name=name: desk.said[-1:] == [f"Preset {name}."])


def test_a_program_that_is_not_there(desk: Desk) -> None:
    desk.programs.ask(3)
    assert desk.said == ["There is no preset for program 4: there are 3, from 1."]
    assert not desk.loaded


def test_a_preset_that_is_wrong_leaves_the_old_one(desk: Desk) -> None:
    (desk.folder / "a soft.toml").write_text("format = 1")
    desk.programs.ask(0)
    desk.until(lambda: bool(desk.said))
    assert desk.said[0].startswith("The preset stays as it is: ")
    assert not desk.loaded
    desk.programs.ask(1)
    desk.until(lambda: desk.said[-1] == "Preset B loud.")


def test_of_several_at_once_the_newest_is_loaded(desk: Desk) -> None:
    for number in (0, 1, 0, 1, 2):
        desk.programs.ask(number)
    desk.until(lambda: desk.said[-1:] == ["Preset c."])
    assert desk.loaded[-1][0].name == "c"


def test_an_instrument_that_changed_on_disk_is_opened_again(desk: Desk, tmp_path: Path) -> None:
    write_click_preset(tmp_path / "other", amplitude=0.001)
    (tmp_path / "other" / "clicks.onnx").replace(desk.folder / "clicks.onnx")
    desk.programs.ask(0)
    desk.until(lambda: bool(desk.said))
    assert desk.loaded[0][1] is not desk.store
