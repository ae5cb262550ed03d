import numpy as np
import pytest

from trainer.measure.evaluation import evaluate
from trainer.measure.metrics import Verdict
from trainer.measure.yardstick import Yardstick

RATE, FRAMES = 44100, 16384


def drums(count: int, seed: int, kit: int = 0) -> np.ndarray:
    """Decaying noise and bells, [count, 1, FRAMES]; a kit has its own character."""
    random = np.random.default_rng((seed, kit))
    time = np.arange(FRAMES) / RATE
    pitch = random.uniform(200, 700, (count, 1)) * np.random.default_rng(kit).uniform(0.8, 1.25)
    decay = np.exp(-time / random.uniform(0.02, 0.15, (count, 1)))
    bell = sum(np.sin(2 * np.pi * ratio * pitch * time) for ratio in (1, 1.6, 2.2, 2.9, 3.7, 4.4, 5.3, 6.5))
    tone = random.uniform(0, 1, (count, 1)) ** 2 * bell
    return ((0.1 * random.standard_normal((count, FRAMES)) + 0.1 * tone) * decay)[:, None].astype(np.float32)


CLIPS = np.concatenate([drums(20, 1, kit) for kit in range(15)])
SOURCES = [f"/kits/{index // 20}/{index}.wav" for index in range(len(CLIPS))]


@pytest.fixture(scope="module")
def yardstick() -> Yardstick:
    return Yardstick(CLIPS, RATE, SOURCES, 0)


def maker(audio: np.ndarray):
    return lambda first, count: audio[first : first + count]


def test_new_sounds_of_the_same_kind_measure_like_held_out_ones(yardstick: Yardstick) -> None:
    audio = np.concatenate([drums(10, 2, kit) for kit in range(15)])
    figures = yardstick.measure(maker(audio), 150)
    assert figures["mmd"] < yardstick.floor["mmd"] + 1
    assert figures["coverage"] > 0.7
    assert figures["copies"] == 0
    assert figures["nearness"] == pytest.approx(1, abs=0.2)
    assert figures["peakiness_50"] == pytest.approx(figures["peakiness_50_real"], abs=1.5)
    assert set(yardstick.floor) - set(figures) == {"mmd_low", "mmd_high"}
    assert yardstick.floor["mmd_low"] < yardstick.floor["mmd"] < yardstick.floor["mmd_high"]


def test_noise_measures_far_away_and_copies_are_counted(yardstick: Yardstick) -> None:
    noise = 0.1 * np.random.default_rng(3).standard_normal((60, 1, FRAMES)).astype(np.float32)
    assert yardstick.measure(maker(noise), 60)["mmd"] > 50
    half = np.concatenate([CLIPS[:30] * 0.7, drums(30, 4)])
    assert yardstick.measure(maker(half), 60)["copies"] == pytest.approx(0.5)


def test_the_same_arguments_give_the_same_figures(yardstick: Yardstick) -> None:
    again = Yardstick(CLIPS, RATE, SOURCES, 0)
    audio = maker(drums(40, 5))
    assert again.measure(audio, 40) == yardstick.measure(audio, 40)
    assert again.floor == yardstick.floor


def test_what_a_generator_breaks_is_measured_all_the_same(yardstick: Yardstick) -> None:
    for value in (np.nan, np.inf, 0.0):
        broken = np.full((20, 1, FRAMES), value, np.float32)
        assert all(np.isfinite(list(yardstick.measure(maker(broken), 20).values())))


@pytest.mark.parametrize("count", [4, 8, 30])
def test_few_clips_are_a_yardstick_too(count: int) -> None:
    yardstick = Yardstick(np.repeat(CLIPS[:count], 2, axis=1), RATE, SOURCES[:count], 1)
    figures = yardstick.measure(maker(np.repeat(drums(40, 6), 2, axis=1)), 40)
    assert all(np.isfinite(list((figures | yardstick.floor).values())))


def test_many_clips_are_sampled_and_never_held_whole(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.measure.yardstick.MOST_CLIPS", 50)
    np.save(tmp_path / "clips.npy", CLIPS)
    mapped = np.load(tmp_path / "clips.npy", mmap_mode="r")
    yardstick = Yardstick(mapped, RATE, SOURCES, 2)
    assert len(yardstick.real.peakiness) == 50
    assert np.isfinite(yardstick.measure(maker(drums(20, 7)), 20)["mmd"])


def test_an_evaluation_tells_good_from_poor_with_intervals_and_floors() -> None:
    yardstick = Yardstick(CLIPS, RATE, SOURCES, 0, descriptors=True)
    good = evaluate(yardstick, maker(np.concatenate([drums(8, 8, kit) for kit in range(15)])), 120)
    noise = np.random.default_rng(9).standard_normal((120, 1, FRAMES)) * np.exp(-np.arange(FRAMES) / 3000) * 0.2
    poor = evaluate(yardstick, maker(noise.astype(np.float32)), 120)
    assert good.held_out == "whole folders"
    figures = [{figure.metric.key: figure for figure in one.figures} for one in (good, poor)]
    for key in ("mmd", "coverage", "recall", "peakiness_90"):
        assert figures[0][key].verdict is Verdict.GOOD, key
        assert figures[1][key].verdict is Verdict.POOR, key
        low, high = figures[0][key].interval
        assert low <= figures[0][key].value <= high
        assert figures[0][key].floor_interval[0] < figures[0][key].floor_interval[1]
    assert poor.p_value < 0.01
    assert "frechet" in figures[0]
    assert any(key.startswith("descriptor: ") for key in figures[0])
    assert figures[1]["peakiness_90"].says.startswith("partials are lost")


def test_below_200_clips_there_is_no_frechet_distance() -> None:
    yardstick = Yardstick(CLIPS[:100], RATE, SOURCES[:100], 0)
    keys = [figure.metric.key for figure in evaluate(yardstick, maker(drums(60, 10)), 60).figures]
    assert "mmd" in keys
    assert "frechet" not in keys


def test_velocity_layers_in_one_folder_are_no_held_out_sounds() -> None:
    # Random files would hold out layers of what is left, and call the floor nearer than any new sound can be.
    hits = drums(30, 7)
    layers = np.concatenate([hits, 0.5 * hits, 0.25 * hits])
    sources = [f"/audio/kit/{layer}-{hit}.wav" for layer in range(3) for hit in range(len(hits))]
    yardstick = Yardstick(layers, 44_100, sources)
    for number in range(3):
        assert yardstick.splits[number].by == "whole files"
        assert yardstick.held_out_copies(number) == 0
