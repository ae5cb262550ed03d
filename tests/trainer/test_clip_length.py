from __future__ import annotations

import pytest

from engine.errors import UserError
from trainer.clip_length import LEGAL_FRAMES, round_up_frames


def test_the_table_holds_what_the_network_can_make():
    assert tuple(sorted(16 * 4**k * twice for k, twice in ((5, 1), (5, 2), (6, 1), (6, 2), (7, 1)))) == LEGAL_FRAMES


@pytest.mark.parametrize(
    ("asked", "given"), [(1, 16384), (16384, 16384), (16385, 32768), (65536, 65536), (262144, 262144)]
)
def test_lengths_are_rounded_up(asked, given):
    assert round_up_frames(asked) == given


@pytest.mark.parametrize("asked", [0, -1, 262145])
def test_impossible_lengths_are_refused(asked):
    with pytest.raises(UserError):
        round_up_frames(asked)
