from dataclasses import replace

import numpy as np
import torch
from tiny_fast import FRAMES, RATE, tiny_clips, tiny_form

from trainer.clips import Clips
from trainer.fast.carriers import choose, likings, look
from trainer.fast.form import default_carriers
from trainer.fast.spectrum import Spectrum


def bells(pitches: list[float], copies: int) -> np.ndarray:
    """`copies` sounds of each pitch, hardly different: [sounds, 1, FRAMES]."""
    random = np.random.default_rng(0)
    time = np.arange(FRAMES) / RATE
    sounds = [
        np.sin(2 * np.pi * pitch * time) * np.exp(-6 * time) + 0.001 * random.standard_normal(FRAMES)
        for pitch in pitches
        for _ in range(copies)
    ]
    return np.stack(sounds).astype(np.float32)[:, None]


def test_every_kind_of_sound_lends_a_carrier_and_likes_it_best() -> None:
    clips = Clips(bells([200.0, 440.0, 1000.0], 5), torch.device("cpu"))
    form = tiny_form(count=15, carriers=3)
    spectrum = Spectrum(form)
    choice = choose(clips, 3, form, spectrum, seed=0)
    assert sorted(index // 5 for index in choice.indices) == [0, 1, 2]
    liking = likings(clips, choice, form, spectrum).batch(np.arange(15))
    torch.testing.assert_close(liking.sum(dim=1), torch.ones(15))
    kinds = [choice.indices[best] // 5 for best in liking.argmax(dim=1).tolist()]
    assert kinds == [index // 5 for index in range(15)]


def test_carriers_are_spent_on_partials_rather_than_on_noise() -> None:
    # Noises and faint bells of one level and one decay: all that tells them apart is what stands out.
    random = np.random.default_rng(1)
    time = np.arange(FRAMES) / RATE
    noise = random.standard_normal((48, 1, FRAMES))
    noise[40:] += 0.7 * np.sin(2 * np.pi * np.geomspace(300, 3000, 8)[:, None, None] * time)
    sounds = 0.15 * noise / noise.std(axis=2, keepdims=True) * np.exp(-6 * time)
    clips = Clips(sounds.astype(np.float32), torch.device("cpu"))
    form = tiny_form(count=48, carriers=9)

    def bells_that_lend(partials: float) -> int:
        chosen = choose(clips, 9, replace(form, partials=partials), Spectrum(form), seed=0)
        return sum(index >= 40 for index in chosen.indices)

    assert bells_that_lend(form.partials) == 8
    assert bells_that_lend(0.0) < 8


def test_the_shortest_clips_at_the_highest_rate_have_a_fine_spectrum() -> None:
    form = replace(tiny_form(count=12, carriers=3), sample_rate=192_000)
    views = look(torch.from_numpy(tiny_clips(12)), form, Spectrum(form))
    assert all(view.isfinite().all() for view in views.all())


def test_the_choice_is_the_same_each_time_and_works_for_few_clips_in_stereo() -> None:
    clips = Clips(tiny_clips(8, 2), torch.device("cpu"))
    form = tiny_form(count=8, channels=2)
    assert form.carriers == 8
    first, second = (choose(clips, 8, form, Spectrum(form), seed=1).indices for _ in range(2))
    assert first == second
    assert sorted(first) == list(range(8))


def test_carriers_take_no_more_room_than_an_instrument_has() -> None:
    assert default_carriers(32768, 1, 1000) == 128
    assert default_carriers(32768, 1, 50) == 25
    assert default_carriers(262144, 2, 1000) == 8
    assert default_carriers(16384, 1, 9) == 8
