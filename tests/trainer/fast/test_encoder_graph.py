from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from tiny_fast import FRAMES, tiny_clips, tiny_fast_config, tiny_fast_dataset
from tiny_run import train_tiny

from engine.instrument import Instrument
from trainer.export import export
from trainer.fast.finding import find_latent
from trainer.run_folder import Run


@pytest.mark.parametrize("channels", [1, 2])
def test_the_encoder_beside_an_instrument_says_what_pytorch_says(channels: int, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_fast_config(channels=channels))
    train_tiny(run, tiny_fast_dataset(tmp_path / "dataset", channels=channels), 20)
    path = tmp_path / "mine.onnx"
    export(run, path, "last", None, "Mine", "MIT")
    model = onnx.load(tmp_path / "mine.encoder.onnx")
    onnx.checker.check_model(model, full_check=True)
    told = {entry.key: entry.value for entry in model.metadata_props}
    assert told["kind"] == "encoder"
    assert told["instrument"] == Instrument.open(path).digest
    assert (told["channels"], told["clip_frames"], told["latent_dim"]) == (str(channels), str(FRAMES), "3")
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    clips = tiny_clips(6, channels, seed=3)
    (found,) = session.run(["z"], {"audio": clips})
    np.testing.assert_allclose(found, find_latent(run, "last", clips), atol=1e-4)
    assert np.abs(found - found[0]).max() > 0.01  # not the same for every sound
