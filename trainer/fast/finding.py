"""What the encoder of a run of the recipe `fast` says of a clip."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.checkpoint import load_chosen
from trainer.fast.form import Form
from trainer.fast.networks import Encoder
from trainer.fast.spectrum import Spectrum
from trainer.fast.transport import Transport
from trainer.network_state import below
from trainer.run_folder import Run


@torch.no_grad()
def find_latent(run: Run, checkpoint: str, audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The z [n, latent_dim] of clips [n, channels, frames] in the run's form: exact to what a code can hold."""
    form = Form.of(run.config)
    _, tensors = load_chosen(run, checkpoint, ("encoder_ema.", "ema.density."))
    encoder, density = Encoder(form), Transport(form.codes, form.latent_dim, form.blend, form.variety)
    encoder.load_state_dict(below("encoder_ema", tensors))
    density.load_state_dict(below("ema.density", tensors))
    code, _ = encoder(Spectrum(form).envelope_of(torch.from_numpy(audio)))
    z: NDArray[np.float32] = density.inverse(code).numpy()
    return z
