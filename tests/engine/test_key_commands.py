"""Single keys of the terminal: learning, copying, pasting, favourites, presets."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tiny_instrument import write_tiny_instrument

from engine.controls import Controls
from engine.errors import UserError
from engine.key_commands import COMMANDS, KeyCommands, free_name
from engine.preset import Preset
from engine.sound_string import SoundString


class Desk:
    """Key commands over controls that obey at once."""

    def __init__(self, folder: Path, latent_dim: int = 8, later: bool = False) -> None:
        favourites = [{"seed": 7, "descriptors": {}}]
        path = write_tiny_instrument(folder / "x.onnx", favourites=favourites, latent_dim=latent_dim)
        self.waiting: list[Callable[[Controls], object]] = []
        self.controls = Controls(Preset.for_instrument(path), random.Random(1))
        self.digest = self.controls.preset.opened.digest
        self.said: list[str] = []
        self.kept: list[SoundString] = []
        self.steps: list[int] = []
        player: Any = SimpleNamespace(controls=self.controls, do=self._later if later else self._now)
        programs: Any = SimpleNamespace(step=self.steps.append)
        self.commands = KeyCommands(player, programs, self, None, self.said.append, self._find, lambda work: work())

    def _now(self, action: Callable[[Controls], object]) -> None:
        action(self.controls)

    def _later(self, action: Callable[[Controls], object]) -> None:
        self.waiting.append(action)

    def obey(self) -> None:
        for action in self.waiting:
            action(self.controls)

    def of(self, digest: str) -> list[SoundString]:
        return list(self.kept)

    def add(self, string: SoundString) -> bool:
        self.kept.append(string)
        return True

    def _find(self, path: Path) -> SoundString:
        if "bad" in path.name:
            raise UserError("There is no sound in it.")
        return SoundString.of_seed(self.digest, 99)

    def press(self, keys: str) -> None:
        for key in keys:
            assert self.commands.press(key)

    def play(self, key: int) -> None:
        self.controls.handle(bytes((0x90, key, 100)))

    def move(self, controller: int, value: int) -> None:
        self.controls.handle(bytes((0xB0, controller, value)))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_each_key_stands_once_in_the_table() -> None:
    keys = [command.key for command in COMMANDS]
    assert len(set(keys)) == len(keys)
    assert "q" not in keys


def test_q_ends(desk: Desk) -> None:
    assert not desk.commands.press("q")


def test_learn_a_controller(desk: Desk) -> None:
    desk.press("m")
    assert "press its number" in desk.commands.help()
    desk.press("9x2")
    desk.move(77, 5)
    assert "CC 77 moves it" in desk.commands.help()
    desk.press("ri")  # no new seed while learning; turned round
    desk.move(77, 127)
    desk.press("<t\n")  # where it stands is its lowest; soft take-over; done
    assert desk.said == [f"CC 77 moves {desk.controls.preset.macros[1].name} now."]
    learnt = desk.controls.preset.macros[1]
    assert (learnt.minimum, learnt.maximum, learnt.pick_up) == (1.0, 0.0, True)


def test_learning_is_left_with_escape(desk: Desk) -> None:
    for keys in ("m\x1b", "m1\x1b"):
        desk.press(keys)
        assert desk.controls.learning is None
    desk.press("m1\n")
    assert desk.said == ["No controller was moved; move the one that is to be learnt."]


def test_copy_and_paste(desk: Desk) -> None:
    desk.press("c")
    assert "Play a key first" in desk.said[-1]
    desk.play(40)
    desk.press("c")
    string = desk.said[-1]
    desk.play(50)
    desk.press(f"vq{string}")
    assert string in desk.commands.help()
    desk.press("\x7f" * (len(string) + 1) + string + "\n")
    sounds = desk.controls.sounds()
    assert sounds[0, 50, 0] == sounds[0, 40, 0]


def test_paste_says_what_is_wrong(desk: Desk) -> None:
    desk.play(40)
    before = desk.controls.preset
    desk.press("vnonsense\n")
    assert "not a sound string" in desk.said[-1]
    desk.press("v\n")
    desk.press("v123\x1b")
    assert desk.controls.preset is before


def test_a_recording_is_pasted_as_its_nearest_sound(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "kick.wav").touch()
    (tmp_path / "bad.wav").touch()
    desk.play(40)
    desk.press(f"v'{tmp_path / 'kick.wav'}'\n")
    assert desk.controls.preset.zones[0].source.origin(desk.controls.preset.zones[0].keys, 40) == 99
    desk.press(f"v{tmp_path / 'bad.wav'}\n")
    assert desk.said[-1] == "There is no sound in it."


def test_a_long_sound_string_is_pasted_whole(tmp_path: Path) -> None:
    desk = Desk(tmp_path, latent_dim=1000)
    desk.play(40)
    desk.move(1, 100)
    desk.press("c")
    text = desk.said[-1]
    assert len(text) > 4096
    desk.play(50)
    desk.press(f"v{text}\n")
    assert desk.said[-1] == "D3 has the sound now."
    assert str(desk.controls.copy()) == text


@pytest.mark.parametrize("text", ["x" * 5000, "~nobody-of-this-name/x.wav", "/"])
def test_what_is_neither_a_sound_nor_a_file(desk: Desk, text: str) -> None:
    desk.press(f"v{text}\n")
    assert "not a sound string" in desk.said[-1]


def test_favourites_that_cannot_be_read_are_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(digest: str) -> list[SoundString]:
        raise UserError("The favourites cannot be read.")

    monkeypatch.setattr(desk, "of", fail)
    desk.play(40)
    desk.press("g")
    assert desk.said == ["The favourites cannot be read."]


def test_keys_that_come_at_once_are_taken_in_their_order(tmp_path: Path) -> None:
    desk = Desk(tmp_path, later=True)
    desk.press("m1q")  # the q is no end: a controller is being learnt
    desk.obey()
    assert desk.controls.learning is not None


def test_favourites(desk: Desk) -> None:
    desk.press("f")
    assert "Play a key first" in desk.said[-1]
    desk.play(40)
    desk.press("rf")
    kept = desk.controls.sounds()[0, 40, 0]
    desk.play(50)
    desk.press("g")
    assert desk.controls.sounds()[0, 50, 0] == kept  # the player's own first
    desk.press("g")
    assert str(desk.controls.copy()) == f"{desk.digest[:12]}:7"  # then the instrument's
    desk.press("gu")
    assert str(desk.controls.copy()) == f"{desk.digest[:12]}:7"


def test_presets_are_stepped_through(desk: Desk) -> None:
    desk.press("nnp")
    assert desk.steps == [1, 1, -1]


def test_save_finds_a_name_that_is_free(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny-1.toml").touch()
    assert free_name("tiny") == Path("tiny-2.toml")
    desk.press("s")
    assert desk.said == ["Saved as tiny-2.toml."]
    assert Preset.load(tmp_path / "tiny-2.toml").name == "tiny-2"


def test_another_preset_is_saved_under_another_name(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    desk.press("ss")
    desk.controls = Controls(replace(desk.controls.preset, name="other"), random.Random(1))
    desk.press("s")
    assert desk.said == ["Saved as tiny-1.toml.", "Saved as tiny-1.toml.", "Saved as other-1.toml."]


def test_nothing_else_does_anything(desk: Desk) -> None:
    before: tuple[Any, Callable[..., Any]] = (desk.controls.preset, desk.controls.version)
    desk.press("xyz\x1b\n1 ")
    assert (desk.controls.preset, desk.controls.version) == before
    assert not desk.said
    assert not desk.commands.press("q")
