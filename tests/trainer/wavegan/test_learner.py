import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tiny_run import SETTINGS, tiny_config

from engine.errors import UserError
from trainer.clips import Clips
from trainer.plan import Moment
from trainer.wavegan.learner import WaveganLearner


def learner(clips: NDArray[np.float32] | None = None, **changes: float) -> WaveganLearner:
    torch.set_num_threads(1)
    config = tiny_config(settings={**SETTINGS, **changes}, seed=1)
    data = np.zeros((3, 1, 16384), np.float32) if clips is None else clips
    return WaveganLearner(config, Clips(data, torch.device("cpu")), torch.device("cpu"))


def first(count: int) -> NDArray[np.int64]:
    return np.arange(count)


def moment(step: int) -> Moment:
    return Moment(step, "training", step, 0.0)


def test_a_step_is_five_critic_steps_each_on_fresh_clips_and_latents_then_one_of_the_generator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained = learner(critic_steps=5)
    latents: list[torch.Tensor] = []
    events: list[str] = []
    generate, adam_g, adam_d = trained.raw.forward, trained.generator_adam.step, trained.discriminator_adam.step
    monkeypatch.setattr(trained.raw, "forward", lambda z, *_: (latents.append(z), generate(z))[1])
    monkeypatch.setattr(trained.generator_adam, "step", lambda: (events.append("generator"), adam_g())[1])
    monkeypatch.setattr(trained.discriminator_adam, "step", lambda: (events.append("critic"), adam_d())[1])
    drawn = iter(range(100))

    def counted(count: int) -> NDArray[np.int64]:
        events.append(f"clips {next(drawn)}")
        return first(count)

    trained.step(counted, moment(0))
    assert events == [word for i in range(5) for word in (f"clips {i}", "critic")] + ["generator"]
    assert len(latents) == 6
    assert len({tuple(z.flatten().tolist()) for z in latents}) == 6
    assert all(float(z.min()) >= -1 and float(z.max()) < 1 for z in latents)


@pytest.mark.parametrize("limit", [0, 2])
def test_phase_shuffle_draws_a_shift_of_its_own_for_each_call_and_each_of_four_layers(
    monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    trained = learner(critic_steps=4, phase_shuffle=limit)
    critic, drawn = trained.discriminator, list[list[int]]()
    score, slope = critic.forward, critic.slope
    monkeypatch.setattr(critic, "forward", lambda x, shifts, *_: (drawn.append(shifts.tolist()), score(x, shifts))[1])
    monkeypatch.setattr(critic, "slope", lambda x, shifts, *_: (drawn.append(shifts.tolist()), slope(x, shifts))[1])
    for number in range(2):
        trained.step(first, moment(number))
    assert len(drawn) == 2 * (3 * 4 + 1)
    if limit == 0:
        assert not any(drawn)
        return
    assert {len(shifts) for shifts in drawn} == {4}
    assert {shift for shifts in drawn for shift in shifts} == {-2, -1, 0, 1, 2}
    assert len({tuple(shifts) for shifts in drawn}) > 20


def test_adam_is_the_papers() -> None:
    trained = learner(lr=1e-4)
    for adam in (trained.generator_adam, trained.discriminator_adam):
        assert adam.param_groups[0]["lr"] == 1e-4
        assert adam.param_groups[0]["betas"] == (0.5, 0.9)


def test_the_running_mean_follows_the_generator() -> None:
    trained = learner()
    for number in range(3):
        trained.step(first, moment(number))
    for mean, raw in zip(trained.ema.parameters(), trained.raw.parameters(), strict=True):
        assert not mean.requires_grad
        assert mean.grad_fn is None
        assert float((mean - raw).detach().abs().max()) < 0.01
    assert any(
        not torch.equal(mean, raw) for mean, raw in zip(trained.ema.parameters(), trained.raw.parameters(), strict=True)
    )


def test_the_critic_learns_to_tell_loud_noise_from_the_generator() -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (3, 1, 16384)).astype(np.float32)
    trained = learner(noise, critic_steps=5, lr=1e-3)
    trained.step(first, moment(0))
    before = trained.figures()["critic distance"]
    for number in range(8):
        trained.step(first, moment(number))
    assert trained.figures()["critic distance"] > before + 0.5


def test_weights_that_do_not_fit_are_refused() -> None:
    trained = learner()
    state = trained.state()
    state["generator.dense.weight"] = torch.zeros(3, 3)
    with pytest.raises(UserError, match="generator"):
        trained.restore_weights(state)


def test_weights_that_are_no_numbers_are_seen() -> None:
    trained = learner()
    assert trained.weights_finite()
    with torch.no_grad():
        trained.discriminator.dense.bias.fill_(float("nan"))
    assert not trained.weights_finite()
