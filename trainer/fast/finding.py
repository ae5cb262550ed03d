"""What the encoder of a run of the recipe `fast` says of a clip."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.checkpoint import load_chosen
from trainer.fast.form import Form
from trainer.fast.generator import make_generator
from trainer.fast.networks import Encoder
from trainer.fast.spectrum import Spectrum, to_middle_and_side
from trainer.run_folder import Run


@torch.no_grad()
def find_latent(run: Run, checkpoint: str, audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The z [n, latent_dim] of clips [n, channels, frames] in the run's form: exact to what a code can hold."""
    form = Form.of(run.config)
    _, tensors = load_chosen(run, checkpoint, ("encoder_ema.", "ema."))
    encoder, generator, spectrum = Encoder(form), make_generator(run.config), Spectrum(form)
    for prefix, network in (("encoder_ema.", encoder), ("ema.", generator)):
        own = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        network.load_state_dict(own)
    code, _ = encoder(spectrum.envelope(spectrum.analyse(to_middle_and_side(torch.from_numpy(audio)))))
    z: NDArray[np.float32] = generator.density.inverse(code).numpy()
    return z
