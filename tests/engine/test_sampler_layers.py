"""Which of a key's clips a note plays: the layer that its velocity picks, and the round robin in it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sampler_rig import Rig, clip, on, write_blocks, zone

from engine import _native

LEVEL = np.full(200000, 0.5, np.float32)


def played(rig: Rig, *velocities: int) -> list[int]:
    rig.play(64 * len(velocities), [(64 * i, on(velocity=velocity)) for i, velocity in enumerate(velocities)])
    return [voice.variant for voice in rig.voices()]


def key_with(variants: int | list[int], siblings: int = 1, layers: int = 1, **parameters: float) -> Rig:
    there = range(variants) if isinstance(variants, int) else variants
    clips = {(0, 60, i): clip(100 + i, LEVEL) for i in there}
    return Rig([zone(siblings=siblings, layers=layers, **parameters)], clips)


@pytest.mark.parametrize("siblings", [2, 3, 8])
def test_round_robin_goes_round_and_never_repeats(siblings: int) -> None:
    variants = played(key_with(siblings, siblings), *[127] * 50)
    assert all(a != b for a, b in itertools.pairwise(variants))
    assert variants[:siblings] == list(range(siblings))


def test_round_robin_passes_over_a_sibling_without_a_clip() -> None:
    assert played(key_with([0, 2], siblings=3), *[127] * 6) == [0, 2, 0, 2, 0, 2]


@pytest.mark.parametrize(("layers", "firsts"), [(1, [1]), (2, [1, 65]), (3, [1, 44, 86]), (4, [1, 33, 65, 97])])
def test_velocity_picks_the_layer_in_equal_ranges(layers: int, firsts: list[int]) -> None:
    for velocity in range(1, 128):
        wanted = sum(velocity >= first for first in firsts) - 1
        assert played(key_with(layers, layers=layers), velocity) == [wanted], velocity


def test_each_layer_goes_round_by_itself() -> None:
    rig = key_with(6, siblings=3, layers=2)
    assert played(rig, 1, 127, 1, 127, 127, 1, 1, 127) == [0, 3, 1, 4, 5, 2, 0, 3]


def test_the_nearest_layer_that_has_a_clip_plays_the_softer_of_two() -> None:
    assert played(key_with([0], layers=4), 127) == [0]
    assert played(key_with([0, 3], layers=4), 40, 80) == [0, 3]
    assert played(key_with([0, 2], layers=3), 64) == [0]
    assert played(key_with([2, 3], siblings=2, layers=3), 127, 127, 1, 1) == [2, 3, 2, 3]


def test_a_layer_plays_as_soon_as_its_clip_has_come() -> None:
    rig = key_with([0], layers=2)
    assert played(rig, 127) == [0]
    assert rig.sampler.set_clip(0, 60, 1, clip(9, LEVEL))
    assert played(rig, 127) == [0, 1]
    assert rig.count("starved") == 0


def test_a_clip_whose_onset_is_not_there_yet_waits_while_another_can_play() -> None:
    late = clip(101, LEVEL, blocks=[5])
    rig = Rig([zone(siblings=2)], {(0, 60, 0): clip(100, LEVEL), (0, 60, 1): late})
    assert played(rig, 127, 127) == [0, 0]
    write_blocks(late, LEVEL, range(2))
    assert played(rig, 127, 127)[2:] == [1, 0]


def test_as_many_variants_as_there_may_be() -> None:
    assert _native.MAX_VARIANTS == _native.MAX_LAYERS * _native.MAX_SIBLINGS == 32
    rig = key_with(32, siblings=8, layers=4)
    assert played(rig, *[127] * 8, *[1] * 2) == [*range(24, 32), 0, 1]


def test_layers_out_of_range_are_refused() -> None:
    for layers in (0, 5):
        with pytest.raises(ValueError, match="1 to 4 velocity layers"):
            _native.Program([zone(layers=layers)], {}, [])
    program = _native.Program([zone(layers=4)], {}, [])
    with pytest.raises(IndexError):
        program.put(0, 60, 32, clip(1, LEVEL))


def test_a_zone_has_one_layer_unless_told_otherwise() -> None:
    row = zone()
    del row["layers"]
    rig = Rig([row], {(0, 60, 0): clip(1, LEVEL)})
    assert played(rig, 1, 127) == [0, 0]


def test_a_clip_for_another_variant_leaves_the_sounding_one_alone() -> None:
    rig = key_with(2, layers=2)
    played(rig, 127)
    assert rig.sampler.set_clip(0, 60, 0, clip(8, np.zeros(200000, np.float32)))
    np.testing.assert_array_equal(rig.play(2000), 0.5)
    assert rig.sampler.set_clip(0, 60, 1, clip(9, np.zeros(200000, np.float32)))
    assert not rig.play(2000)[-1].any()
