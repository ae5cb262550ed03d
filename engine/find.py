"""Finds the sound of an instrument that is nearest to a recording, by the encoder beside it; needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.data import ENCODER_SUFFIX
from engine.errors import UserError
from engine.instrument import Instrument
from engine.latent import PRIORS, Latent
from engine.one_shot import read_one_shot

if TYPE_CHECKING:
    import onnxruntime


def find(path: Path, instrument: Instrument) -> Latent:
    """The latent whose sound is most like that of a file: float32 [latent_dim], within the prior's limits.

    What the encoder says at first hearing: `trainer find` goes on searching from there. Raises UserError if the file
    has no sound, or no encoder of this instrument is beside it. [thread-safe]
    """
    clip = read_one_shot(path, instrument.sample_rate, instrument.channels, instrument.clip_frames)
    session = _open_encoder(instrument)
    z = np.asarray(session.run(["z"], {"audio": clip[None]})[0][0], np.float32)
    if not np.isfinite(z).all():
        raise UserError(f"The encoder of {instrument.name} cannot tell what {path} is like; name another sound.")
    row = PRIORS[instrument.prior]
    return np.asarray(np.clip(z, row.low, row.high), np.float32)


def _open_encoder(instrument: Instrument) -> onnxruntime.InferenceSession:
    """A session of NAME.encoder.onnx, made for this very instrument. Raises UserError if there is none."""
    from engine.session import open_session

    path = instrument.path.with_suffix(ENCODER_SUFFIX)
    if not path.is_file():
        raise UserError(
            f"There is no encoder {path} beside the instrument: 'trainer export' writes one for the recipe fast; "
            "'trainer find' searches without one."
        )
    session, _ = open_session(path.read_bytes(), str(path), "cpu")
    told = session.get_modelmeta().custom_metadata_map
    shapes = {value.name: value.shape[1:] for value in (*session.get_inputs(), *session.get_outputs())}
    wanted = {"audio": [instrument.channels, instrument.clip_frames], "z": [instrument.latent_dim]}
    # An instrument that was exported again, or renamed over another, may lie beside what was made for the old one.
    if told.get("kind") != "encoder" or told.get("instrument") != instrument.digest or shapes != wanted:
        raise UserError(
            f"{path} is the encoder of another instrument than {instrument.path}; export the instrument again."
        )
    return session
