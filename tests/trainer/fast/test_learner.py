import math
import operator
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from tiny_fast import FRAMES, tiny_clips, tiny_fast_config, tiny_fast_dataset, tiny_learner, without_extras
from tiny_run import Clock, Memory

from engine.errors import UserError
from trainer import checkpoint
from trainer.clips import ClipOrder, Clips
from trainer.fast.carriers import Views
from trainer.fast.envelopes import varied
from trainer.fast.fitting import Fitting
from trainer.fast.learner import FastLearner
from trainer.launch import Request
from trainer.launch import train as launch
from trainer.learner import WEIGHTS, part
from trainer.plan import Limits, Progress
from trainer.recipes import find_recipe
from trainer.run_folder import Run, RunConfig
from trainer.training import Training, make_step

STEPS = 40
BORDERS = {"representation": 0, "density": 34, "adversarial": 36}  # the first step of each stage
FIGURES = {
    "representation": {"copies off by, in dB", "nats in a code"},
    "density": {"unevenness of the density"},
    "adversarial": {"copies off by, in dB", "realness of its sounds", "realness of your clips"},
}


@pytest.fixture(autouse=True, scope="module")
def cheap() -> Iterator[None]:
    with without_extras():
        yield


def begun(run: Run, dataset: Path) -> Training:
    torch.set_num_threads(1)
    clips = np.load(dataset / "clips.npy") if dataset.exists() else tiny_fast_dataset(dataset).clips
    return Training(run, clips, torch.device("cpu"), Memory(), Clock())


def train(run: Run, dataset: Path, steps: int) -> Training:
    training = begun(run, dataset)
    training.run_until(Limits(steps=steps), lambda: False)
    return training


def newest(run: Run) -> dict[str, torch.Tensor]:
    return checkpoint.load_newest(run.checkpoints)[1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run through all stages."""
    folder = tmp_path_factory.mktemp("whole")
    run = Run.create(folder / "run", tiny_fast_config(steps=STEPS))
    train(run, folder / "dataset", STEPS)
    return run


def test_the_stages_follow_each_other_and_tell_how_they_come_on(whole: Run) -> None:
    rows = whole.rows("report")
    assert [row["stage"] for row in rows] == ["representation"] * 34 + ["density"] * 2 + ["adversarial"] * 4
    for row in rows:
        figures = FIGURES[row["stage"]]
        assert figures < row.keys()
        assert not (set().union(*FIGURES.values()) - figures) & row.keys()
    assert newest(whole)["stage"] == 2


def make_steps(learner: FastLearner, config: RunConfig, count: int, progress: Progress = Progress()) -> Progress:  # noqa: B008
    order = ClipOrder(config.clip_count, config.seed)
    for _ in range(count):
        drawn = make_step(learner, order, config, progress)
        progress = config.plan.advance(replace(progress, step=progress.step + 1, drawn=drawn))
    return progress


def test_in_the_adversarial_stage_the_decoder_alone_is_trained() -> None:
    config = tiny_fast_config(steps=STEPS)
    learner = tiny_learner(config, tiny_clips())
    progress = make_steps(learner, config, BORDERS["adversarial"])
    before = {name: tensor.clone() for name, tensor in learner.state().items()}
    make_steps(learner, config, 2, progress)
    after = learner.state()
    changed = {name for name in before if not torch.equal(after[name], before[name])}
    assert {name for name in changed if name.startswith("generator.")} == {
        f"generator.decoder.{name}" for name, _ in learner.generator("raw").decoder.named_parameters()
    }
    assert {"ema.decoder.rows.weight", "ema.carriers"} <= changed  # what is exported fits together
    for same in ("generator.carriers", ".density.", "encoder"):
        assert not [name for name in changed if same in name]


@pytest.mark.parametrize("channels", [1, 2])
def test_the_generator_can_be_heard_at_any_time_and_fits_the_recipes(channels: int) -> None:
    config = tiny_fast_config(channels=channels)
    learner = tiny_learner(config, tiny_clips(channels=channels))
    z = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    generator = part(find_recipe("fast").generator)(config)
    for weights, prefix in WEIGHTS.items():
        audio = learner.generator(weights)(z)
        assert audio.shape == (2, channels, FRAMES)
        assert audio.isfinite().all()
        assert audio.abs().max() <= 1
        tensors = learner.state().items()
        generator.load_state_dict({k.removeprefix(prefix): v for k, v in tensors if k.startswith(prefix)})
        torch.testing.assert_close(generator(z), audio)


def test_a_listen_changes_nothing() -> None:
    config = tiny_fast_config(steps=STEPS)
    deaf, heard = (tiny_learner(config, tiny_clips()) for _ in range(2))
    progress = Progress()
    for _ in range(STEPS):
        heard.generator("ema")
        make_steps(deaf, config, 1, progress)
        progress = make_steps(heard, config, 1, progress)
    expected = deaf.state()
    assert [name for name, tensor in heard.state().items() if not torch.equal(tensor, expected[name])] == []


def test_every_stage_stays_on_its_device_and_never_waits_for_it() -> None:
    # PyTorch's meta device has no numbers: mixing it with the CPU, or asking for a value, is an error, as a GPU's user
    # would find. What is worked out once, or when somebody listens, does ask: the choice of carriers, and the levels.
    config = tiny_fast_config(steps=STEPS, augment=0.5)
    clips, meta = tiny_clips(), torch.device("meta")
    choice = tiny_learner(config, clips)._fitting._choice
    assert choice is not None
    views = Views(*(view.to(meta) for view in choice.views.all()))
    with (
        patch("trainer.fast.carriers.choose", lambda *_: replace(choice, views=views)),
        patch.object(Fitting, "set_levels"),
    ):
        learner = FastLearner(config, Clips(clips, meta), meta)
        make_steps(learner, config, STEPS)
    for name, network in learner._networks().items():
        assert {tensor.device for tensor in network.state_dict().values()} == {meta}, name


@pytest.mark.parametrize("channels", [1, 2])
def test_sounds_are_as_loud_as_the_clips_on_average(channels: int) -> None:
    config = tiny_fast_config(steps=400, channels=channels)
    clips = tiny_clips(channels=channels)
    learner = tiny_learner(config, clips)
    make_steps(learner, config, 100)
    with patch("trainer.fast.fitting.LEVELLED", 256):
        generator = learner.generator("ema")
    z = torch.randn(256, 3, generator=torch.Generator().manual_seed(1))
    of = generator.spectrum.envelope_of
    wanted = of(torch.from_numpy(clips)).mean(dim=0)

    def off() -> float:
        heard = torch.cat([of(generator(part)) for part in z.split(32)]).mean(dim=0)
        return float((heard - wanted).square().mean().sqrt())

    with torch.no_grad():
        levelled = off()
        generator.levels.zero_()
        assert levelled < 0.7 * off()


def test_copies_come_nearer_to_the_clips() -> None:
    config = tiny_fast_config(steps=400)
    learner = tiny_learner(config, tiny_clips())
    progress = make_steps(learner, config, 10)
    first = learner.figures()["copies off by, in dB"]
    make_steps(learner, config, 200, progress)
    learner.figures()
    make_steps(learner, config, 10, progress)
    assert learner.figures()["copies off by, in dB"] < 0.5 * first


def test_new_clips_take_over_what_was_learnt_but_lend_carriers_of_their_own() -> None:
    old = tiny_learner(tiny_fast_config(), tiny_clips())
    new = tiny_learner(tiny_fast_config(count=16), tiny_clips(16, seed=7))
    own = new.state()
    new.restore_weights(old.state())
    state, given = new.state(), old.state()
    assert torch.equal(state["ema.decoder.dense.weight"], given["ema.decoder.dense.weight"])
    assert torch.equal(state["encoder.dense.weight"], given["encoder.dense.weight"])
    assert state["ema.carriers"].shape == own["ema.carriers"].shape
    assert state["ema.density.codes"].shape[0] == 16
    with pytest.raises(UserError, match="does not fit"):
        tiny_learner(tiny_fast_config(dim=16), tiny_clips()).restore_weights(given)


@pytest.mark.parametrize("stage", BORDERS)
def test_a_run_goes_on_from_another_on_other_clips_whatever_its_stage(stage: str, whole: Run, tmp_path: Path) -> None:
    other = Run.create(tmp_path / "other", whole.config)
    train(other, tmp_path / "dataset", max(1, BORDERS[stage] + 1))
    more = tiny_fast_dataset(tmp_path / "more", 20, seed=9)
    launch(request(more.path, tmp_path / "run", other, steps=3))
    tensors = checkpoint.load(Run.open(tmp_path / "run").checkpoints / "step-00000000.safetensors")[1]
    assert torch.equal(tensors["ema.decoder.dense.weight"], newest(other)["ema.decoder.dense.weight"])
    assert tensors["ema.density.codes"].shape == (20, 3)
    assert tensors["ema.carriers"].shape[0] == 10
    assert checkpoint.load_newest(tmp_path / "run/checkpoints")[0].step == 3


def request(dataset: Path, output: Path, source: Run, steps: int = 1, overrides: tuple[str, ...] = ()) -> Request:
    return Request(dataset, output, source=source.path, steps=steps, overrides=overrides, device="cpu")


@pytest.mark.parametrize(
    ("changes", "overrides", "words"),
    [
        ({"channels": 2}, (), ["mono", "stereo"]),
        ({"rate": 22050}, (), ["16000 Hz", "22050 Hz"]),
        ({}, ("dim=16",), ["dim 8", "dim 16"]),
        ({}, ("latent_dim=5",), ["latent_dim 3", "latent_dim 5"]),
    ],
)
def test_a_run_of_another_shape_is_refused_naming_both(
    whole: Run, tmp_path: Path, changes: dict[str, int], overrides: tuple[str, ...], words: list[str]
) -> None:
    dataset = tiny_fast_dataset(tmp_path / "dataset", **changes)
    with pytest.raises(UserError) as caught:
        launch(request(dataset.path, tmp_path / "run", whole, overrides=overrides))
    assert all(word in str(caught.value) for word in words)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("begin", "part_of"),
    [(5, "_raw.decoder.dense.bias"), (35, "_ema.density.offsets"), (37, "_raw.decoder.dense.bias")],
)
def test_no_number_stops_training_with_a_sentence_and_a_good_checkpoint(
    begin: int, part_of: str, tmp_path: Path
) -> None:
    run = Run.create(tmp_path / "run", tiny_fast_config(steps=STEPS))
    training = train(run, tmp_path / "dataset", begin)
    with torch.no_grad():
        operator.attrgetter(part_of)(training._learner).fill_(math.nan)
    good = f"step-{begin:08d}.safetensors is the last good checkpoint"
    with pytest.raises(UserError, match=rf"no longer numbers after step {begin + 1}.*{good}"):
        training.run_until(Limits(steps=STEPS), lambda: False)
    assert all(tensor.isfinite().all() for tensor in newest(run).values())
    assert train(run, tmp_path / "dataset", STEPS).progress.step == STEPS


def test_small_sets_are_varied_and_large_ones_are_not() -> None:
    random = torch.randn(64, 6, generator=torch.Generator().manual_seed(0))
    envelope = torch.zeros(64, 20, 4)
    changed = varied(envelope, random, 0.6).abs().sum(dim=(1, 2)) > 0
    assert 0.4 < changed.float().mean() < 0.8
    assert not varied(envelope, random, 0.0).any()
    for count, augment, wanted in ((12, -1.0, True), (300, -1.0, False), (300, 0.5, True), (12, 0.0, False)):
        clips = np.resize(tiny_clips(), (count, 1, FRAMES))
        learner = tiny_learner(tiny_fast_config(count=count, augment=augment, batch=64), clips)
        vary = learner._variation(32, 32)
        assert bool(vary(envelope).any()) is wanted
        torch.testing.assert_close(vary(envelope + 1), vary(envelope) + 1)


def test_an_odd_batch_is_trained_on_in_every_stage() -> None:
    config = tiny_fast_config(steps=STEPS, batch=5)
    make_steps(tiny_learner(config, tiny_clips()), config, STEPS)


def test_more_carriers_than_clips_are_refused_before_there_is_a_run(tmp_path: Path) -> None:
    dataset = tiny_fast_dataset(tmp_path / "dataset")
    with pytest.raises(UserError, match="carriers=13: only 12 clips"):
        launch(Request(dataset.path, tmp_path / "run", "fast", ("carriers=13",), device="cpu"))
    assert not (tmp_path / "run").exists()


def test_with_noise_for_a_head_nothing_of_the_clips_is_lent() -> None:
    config = tiny_fast_config(head="noise")
    ours, theirs = (tiny_learner(config, tiny_clips(seed=seed)) for seed in (1, 2))
    for learner in (ours, theirs):
        make_steps(learner, config, STEPS)
    assert torch.equal(ours.generator("ema").carriers, theirs.generator("ema").carriers)
