"""A run or an instrument as what both are: something that makes sounds out of latents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data import ENCODER_SUFFIX
from engine.errors import UserError
from engine.instrument import Instrument
from engine.latent import from_seeds

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """Makes sounds, and says of what form they are."""

    path: Path
    sample_rate: int
    channels: int
    clip_frames: int
    latent_dim: int
    prior: str
    step: int | None
    """Of the checkpoint; None for an instrument."""
    digest: str
    """What names it in a sound string: an instrument's digest; for a run, one of its config and weights."""
    render: Callable[[Floats], Floats] = field(repr=False)
    """z [n, latent_dim] → float32 [n, channels, frames]; a few at a time, please: all are in memory."""
    encode: Callable[[Floats], Floats | None] = field(repr=False)
    """What its encoder says of a clip [1, channels, frames]: z [1, latent_dim]; None where there is none.

    A run's own, or for an instrument the file NAME.encoder.onnx beside it, if it was made for the same instrument.
    Raises UserError if that file is damaged.
    """

    @classmethod
    def open(cls, path: Path, checkpoint: str | None = None) -> Source:
        """Opens a run (its checkpoint `best`, `last` or a step; the best unless told) or an instrument.

        Raises UserError if it is neither, or a checkpoint is asked of an instrument.
        """
        if Path(path).is_dir():
            from trainer.export import load_generator
            from trainer.learner import part
            from trainer.rendering import render
            from trainer.run_folder import Run

            run = Run.open(path)
            config = run.config
            generator, step = load_generator(run, checkpoint or "best", config.row.weights)
            identity = hashlib.sha256(json.dumps(asdict(config), sort_keys=True).encode())
            for tensor in generator.state_dict().values():
                identity.update(tensor.numpy().tobytes())
            encoder = config.row.encoder
            return cls(
                run.path,
                config.sample_rate,
                config.channels,
                config.clip_frames,
                config.latent_dim,
                config.row.prior,
                step,
                identity.hexdigest(),
                lambda z: render(generator, z),
                lambda clip: part(encoder)(run, str(step), clip) if encoder else None,
            )
        instrument = Instrument.open(path)
        if checkpoint is not None:
            raise UserError(f"{path} is an instrument file and has no checkpoints; leave out --checkpoint.")
        return cls(
            instrument.path,
            instrument.sample_rate,
            instrument.channels,
            instrument.clip_frames,
            instrument.latent_dim,
            instrument.prior,
            None,
            instrument.digest,
            instrument.generate,
            lambda clip: _encoded_beside(instrument, clip),
        )

    def sounds(self, seeds: Iterable[int]) -> Floats:
        """The sounds of seeds: float32 [seeds, channels, frames]."""
        return self.render(from_seeds(seeds, self.latent_dim, self.prior))


def _encoded_beside(instrument: Instrument, clip: Floats) -> Floats | None:
    from engine.session import open_session

    path = instrument.path.with_suffix(ENCODER_SUFFIX)
    if not path.is_file():
        return None
    session, _ = open_session(path.read_bytes(), str(path), "cpu")
    # An instrument that was exported again, or renamed over another, may lie beside what was made for the old one.
    if session.get_modelmeta().custom_metadata_map.get("instrument") != instrument.digest:
        return None
    z: Floats = session.run(["z"], {"audio": clip})[0]
    return z
