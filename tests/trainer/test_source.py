from pathlib import Path

import numpy as np
import pytest
from tiny_instrument import write_tiny_instrument
from tiny_run import tiny_config, tiny_dataset, train_tiny

from engine.errors import UserError
from trainer.export import export
from trainer.run_folder import Run
from trainer.source import Source


def test_a_run_and_its_instrument_make_the_same_sounds(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_config())
    train_tiny(run, tiny_dataset(tmp_path / "dataset"), 1)
    export(run, tmp_path / "a.onnx", "best", None, None, "x")
    ours, theirs = Source.open(run.path), Source.open(tmp_path / "a.onnx")
    assert (ours.step, theirs.step) == (1, None)
    for field in ("sample_rate", "channels", "clip_frames", "latent_dim", "prior"):
        assert getattr(ours, field) == getattr(theirs, field)
    seeds = [3, 2**64 - 1]
    assert np.abs(ours.sounds(seeds) - theirs.sounds(seeds)).max() < 1e-4
    assert Source.open(run.path, "0").step == 0
    with pytest.raises(UserError, match=r"a\.onnx is an instrument file and has no checkpoints"):
        Source.open(tmp_path / "a.onnx", "last")


def test_what_is_neither_is_refused(tmp_path: Path) -> None:
    for path, words in ((tmp_path, "is not a run"), (tmp_path / "none.onnx", "does not exist")):
        with pytest.raises(UserError, match=words):
            Source.open(path)
    instrument = write_tiny_instrument(tmp_path / "a.onnx", channels=2)
    assert Source.open(instrument).sounds([1, 2, 3]).shape == (3, 2, 16384)
