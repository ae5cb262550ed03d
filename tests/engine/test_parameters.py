"""The table of sampler parameters, and values as presets write them."""

from __future__ import annotations

import pytest

from engine import parameters

ROWS = parameters.table()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_row_holds_together(row: parameters.Parameter) -> None:
    assert row.minimum <= row.default <= row.maximum
    assert row.scope in ("zone", "play")
    assert row.label
    assert len(row.choices) in (0, row.maximum - row.minimum + 1)
    for value in (row.minimum, row.default, row.maximum):
        assert row.read(row.written(value)) == value


def test_ids_are_unique() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)


def test_a_host_may_automate_what_shapes_a_sound_not_what_belongs_to_the_preset() -> None:
    main = {scope: [row.id for row in parameters.of_scope(scope).values() if row.main] for scope in ("zone", "play")}
    assert {"gain_db", "pan", "tune", "attack", "release", "cutoff", "resonance"} < set(main["zone"])
    assert {"master_gain_db", "glide"} < set(main["play"])
    assert len(main["zone"]) <= 16
    assert not {"channel", "mpe_members", "limiter"} & set(main["play"])  # the preset's or the player's own


def test_numbers_read_as_they_are_written_in_the_table() -> None:
    assert parameters.of_scope("zone")["release"].minimum == 0.01


def test_words_and_switches() -> None:
    zone, play = parameters.of_scope("zone"), parameters.of_scope("play")
    assert [zone["mode"].read(word) for word in ("one-shot", "gated", "loop")] == [0, 1, 2]
    assert play["limiter"].read(True) == play["limiter"].read("on") == 1
    assert play["limiter"].written(0.0) is False


@pytest.mark.parametrize(
    ("identity", "value"),
    [("pan", 1.5), ("pan", "left"), ("pan", True), ("pan", float("nan")), ("choke", 1.5), ("choke", float("inf"))],
)
def test_other_values_are_refused(identity: str, value: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        parameters.of_scope("zone")[identity].read(value)


@pytest.mark.parametrize("value", ["sometimes", 1, [], True])
def test_other_words_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be 'one-shot' or 'gated' or 'loop'"):
        parameters.of_scope("zone")["mode"].read(value)
