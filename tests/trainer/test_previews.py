from pathlib import Path

import numpy as np
import soundfile
import torch
from tiny_run import SHAPE, tiny_config

from engine.latent import from_seed
from trainer.previews import SEEDS, Previews
from trainer.run_folder import Run
from trainer.wavegan.networks import Generator


def test_previews_are_the_sounds_of_fixed_seeds(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    run = Run.create(tmp_path / "run", tiny_config())
    generator = Generator(SHAPE).requires_grad_(False)
    previews = Previews(run, 0)
    assert not previews.made(40)
    previews.make(40, generator)
    assert previews.made(40)
    previews.log(40, {"critic distance": 1.0})
    previews.close()
    for seed in SEEDS:
        audio, rate = soundfile.read(run.previews / "step-00000040" / f"seed-{seed:04d}.wav")
        expected = generator(torch.from_numpy(from_seed(seed, SHAPE.latent_dim, "uniform"))[None])[0, 0]
        assert rate == 16000
        assert np.abs(audio - expected.numpy()).max() < 1e-5
    assert (run.previews / "step-00000040.png").stat().st_size > 10_000


def test_tensorboard_has_the_sounds_and_the_figures(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = Run.create(tmp_path / "run", tiny_config())
    previews = Previews(run, 0)
    previews.make(0, Generator(SHAPE).requires_grad_(False))
    previews.log(3, {"critic distance": 1.5})
    previews.close()
    events = EventAccumulator(str(run.tensorboard)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("critic distance")] == [(3, 1.5)]
    assert len(events.Tags()["audio"]) == len(SEEDS)
