"""Keys as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.keys import format_keys, key_name, parse_key, parse_keys


@pytest.mark.parametrize(
    ("text", "key"),
    [("60", 60), ("C4", 60), ("c4", 60), ("C-1", 0), ("G9", 127), ("F#3", 54), ("Bb2", 46), ("A4", 69), ("Cb4", 59)],
)
def test_a_key(text: str, key: int) -> None:
    assert parse_key(text) == key


@pytest.mark.parametrize("text", ["", "H4", "C", "128", "G#9", "Cb-1", "-3", "4C", "C##4"])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        parse_key(text)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("36", [36]),
        ("36-39", [36, 37, 38, 39]),
        ("C2-D2", [36, 37, 38]),
        ("C-1-D-1", [0, 1, 2]),
        (" 44, 42 , 46-47", [42, 44, 46, 47]),
    ],
)
def test_keys(text: str, keys: list[int]) -> None:
    assert parse_keys(text) == tuple(keys)


def test_a_range_that_runs_backwards_says_how_it_is_written() -> None:
    with pytest.raises(ValueError, match="51-36 runs backwards; write 36-51"):
        parse_keys("51-36")


@pytest.mark.parametrize("text", ["", "36-", "36-40-50", "36;38", "36,"])
def test_what_is_no_keys(text: str) -> None:
    with pytest.raises(ValueError, match="no key or range"):
        parse_keys(text)


@given(st.sets(st.integers(0, 127), min_size=1))
def test_keys_go_round_through_text(keys: set[int]) -> None:
    assert parse_keys(format_keys(sorted(keys))) == tuple(sorted(keys))


@given(st.integers(0, 127))
def test_names_are_read_back(key: int) -> None:
    assert parse_key(key_name(key)) == key
