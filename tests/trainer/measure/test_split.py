import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.measure.split import FEWEST, split


def paths(sizes: list[int]) -> list[str]:
    return [f"/audio/kit {kit}/{sound}.wav" for kit, size in enumerate(sizes) for sound in range(size)]


@given(st.lists(st.integers(5, 15), min_size=10, max_size=40), st.integers(0, 1000))
def test_no_folder_stands_on_both_sides(sizes: list[int], seed: int) -> None:
    sources = paths(sizes)
    result = split(sources, seed)
    assert result.by == "whole folders"
    sides: dict[str, set[bool]] = {}
    for source, held in zip(sources, result.held, strict=True):
        sides.setdefault(source.rpartition("/")[0], set()).add(bool(held))
    assert all(len(side) == 1 for side in sides.values())
    wanted = max(round(len(sources) / 10), FEWEST)
    assert 0.5 * wanted < result.held.sum() <= 1.5 * wanted


def test_each_seed_holds_out_other_folders_and_the_same_again() -> None:
    sources = paths([10] * 30)
    assert len({split(sources, seed).held.tobytes() for seed in range(20)}) > 10
    assert (split(sources, 4).held == split(sources, 4).held).all()


def test_in_one_folder_or_few_the_clips_of_a_song_stay_together() -> None:
    songs = [f"/audio/{album}/{song}.flac" for album in range(2) for song in range(15) for _ in range(10)]
    result = split(songs, 0)
    assert result.by == "whole files"
    assert all(len(set(result.held[start : start + 10])) == 1 for start in range(0, len(songs), 10))


def test_a_single_song_is_halved_at_random() -> None:
    result = split(["/audio/song.wav"] * 31, 0)
    assert result.by == "random halves"
    assert result.held.sum() == 15


def test_windows_paths_have_folders_too() -> None:
    assert split([path.replace("/", "\\") for path in paths([10] * 30)], 0).by == "whole folders"


def test_layers_of_one_sound_stay_together_in_few_folders_too() -> None:
    layers, sounds = 4, 30
    files = [f"/audio/kit/{sound}-{layer}.wav" for sound in range(sounds) for layer in range(layers)]
    alike = np.repeat(np.arange(sounds), layers)
    for seed in range(20):
        by_file = split(files, seed, alike)
        assert by_file.by == "whole files"
        assert all(len(set(by_file.held[alike == sound])) == 1 for sound in range(sounds))
        assert 0.5 * FEWEST < by_file.held.sum() <= 1.5 * FEWEST
        halves = split(["/audio/song.wav"] * len(files), seed, alike)
        assert halves.by == "random halves"
        assert all(len(set(halves.held[alike == sound])) == 1 for sound in range(sounds))
        assert 0.5 * len(files) / 2 < halves.held.sum() < 1.5 * len(files) / 2


def test_files_that_share_a_sound_stand_on_one_side() -> None:
    songs = [f"/audio/{song}.flac" for song in range(40) for _ in range(5)]
    alike = np.arange(len(songs))
    alike[5 * 8] = alike[5 * 7]  # a clip of song 8 is one of song 7 again
    sides = [split(songs, seed, alike).held for seed in range(30)]
    assert all(len(set(held[35:45])) == 1 for held in sides)
    assert {bool(held[35]) for held in sides} == {False, True}


def test_where_all_is_one_sound_it_is_halved_all_the_same() -> None:
    result = split([f"/audio/{file}.wav" for file in range(50)], 0, np.zeros(50, np.int64))
    assert result.by == "random halves"
    assert result.held.sum() == 25
