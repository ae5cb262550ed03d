"""The player's favourites, by their file."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UserError
from engine.favourites import Favourites, favourites_path
from engine.sound_string import SoundString

DRUMS, TONES = "3f9a1c20b7de" + 52 * "0", "aaaaaaaaaaaa" + 52 * "0"


@pytest.fixture
def favourites(tmp_path: Path) -> Favourites:
    return Favourites(tmp_path / "new" / "favourites.txt")


def test_what_was_added_is_there_for_its_instrument_in_order(favourites: Favourites) -> None:
    kick, latent = SoundString.of_seed(DRUMS, 7), SoundString.of_latent(DRUMS, [0.5, -0.25])
    assert favourites.of(DRUMS) == []
    assert favourites.add(kick)
    assert favourites.add(SoundString.of_seed(TONES, 7))
    assert favourites.add(latent)
    again = Favourites(favourites.path)
    assert again.of(DRUMS) == [kick, latent]
    assert again.of(TONES) == [SoundString.of_seed(TONES, 7)]
    assert favourites.path.read_text().splitlines()[0] == str(kick)


def test_nothing_is_there_twice(favourites: Favourites) -> None:
    kick = SoundString.of_seed(DRUMS, 7)
    assert favourites.add(kick)
    assert not favourites.add(kick)
    assert favourites.path.read_text() == f"{kick}\n"


def test_damaged_lines_are_passed_over_and_kept(favourites: Favourites) -> None:
    favourites.path.parent.mkdir()
    good = SoundString.of_seed(DRUMS, 1)
    damaged = [b"# my kit", b"3f9a1c20b7de:z:AAAA:00000000 was a snare", b"\xff\xfe\x80", "ä\u2028b".encode()]
    favourites.path.write_bytes(b"\n".join([*damaged, f"{good} Kick\r".encode()]))
    assert favourites.of(DRUMS) == [good]
    favourites.add(other := SoundString.of_seed(DRUMS, 2))
    assert favourites.path.read_bytes() == b"\n".join([*damaged, f"{good} Kick\r\n{other}\n".encode()])


def test_a_file_that_cannot_be_read_or_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read"):
        Favourites(tmp_path).of(DRUMS)


def test_they_are_kept_in_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert favourites_path() == tmp_path / "producergan" / "favourites.txt"
