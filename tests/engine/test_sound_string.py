import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UserError
from engine.latent import from_seed
from engine.sound_string import SoundString

DIGEST = "3f9a1c20b7de" + "0" * 52


@given(st.integers(0, 2**64 - 1))
def test_a_seed_comes_back(seed: int) -> None:
    text = str(SoundString.of_seed(DIGEST, seed))
    assert text == f"3f9a1c20b7de:{seed}"
    assert np.array_equal(SoundString.parse(text).latent(7, "normal"), from_seed(seed, 7, "normal"))


@given(st.lists(st.floats(-100, 100, width=32, allow_subnormal=False), min_size=1, max_size=130))
def test_a_latent_comes_back_to_the_bit(numbers: list[float]) -> None:
    z = np.array(numbers, np.float32)
    found = SoundString.parse(str(SoundString.of_latent(DIGEST, z)))
    assert found.digest == DIGEST[:12]
    assert found.latent(len(z), "normal").tobytes() == z.tobytes()


@pytest.mark.parametrize(
    "text",
    ["", "kick", "3f9a1c20b7de:", "3f9a1c20b7de:-1", "3f9a1c20b7:1", f"3f9a1c20b7de:{2**64}", "3f9a1c20b7de:z:AAAA:0"],
)
def test_what_is_no_sound_string_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"sound string"):
        SoundString.parse(text)


def test_a_damaged_one_is_refused_and_so_is_one_of_other_latents() -> None:
    text = str(SoundString.of_latent(DIGEST, np.arange(4)))
    damaged = text.replace(text[18], "A" if text[18] != "A" else "B", 1)
    with pytest.raises(UserError, match="damaged"):
        SoundString.parse(damaged)
    with pytest.raises(UserError, match="4 numbers where the instrument takes 5"):
        SoundString.parse(text).latent(5, "normal")
