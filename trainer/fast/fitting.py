"""What the recipe `fast` works out from all clips rather than learns: carriers, density and levels.

The same for the same networks, whenever and however often it is done: its random numbers are the same each time.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from trainer.clips import Clips
from trainer.fast import carriers
from trainer.fast.envelopes import Envelopes
from trainer.fast.form import Form
from trainer.fast.generator import Generator
from trainer.fast.networks import Encoder
from trainer.fast.spectrum import FLOOR, to_middle_and_side
from trainer.fast.transport import DRAWS

FITS = 300  # steps of a density from nothing, after which its cells are about alike
CLIPPED = 8.0  # largest sample of a carrier; its RMS is about 1
LEVELLED, LEVELLED_FRAMES = 512, 1 << 24  # sounds by which levels are set, and their frames altogether, at the most
LEVELLED_AT_ONCE = 16
LEVEL_SECONDS = 0.05  # over which levels are the same


class Fitting:
    """Fits a generator to clips under an encoder; `choice` is the clips that lend carriers (None: noise stays)."""

    def __init__(
        self,
        clips: Clips,
        form: Form,
        envelopes: Envelopes,
        choice: carriers.Choice | None,
        encoder: Encoder,
        seed: int,
    ) -> None:
        self._clips = clips
        self._form = form
        self._envelopes = envelopes
        self._choice = choice
        self._encoder = encoder
        self._seed = seed

    @torch.no_grad()
    def make_carriers(self, generator: Generator) -> None:
        """Takes from the clips that lend carriers what the decoder says of them; what is left is flat."""
        if self._choice is None:
            return
        spectrum, random = generator.spectrum, self._random()
        for place, index in enumerate(self._choice.indices):
            audio = to_middle_and_side(self._clips.batch(np.array([index])))
            spectra = spectrum.analyse(audio)
            code, _ = self._encoder(spectrum.envelope(spectra))
            floor = spectrum.analyse(FLOOR * torch.randn(audio.shape, generator=random).to(audio))
            flat = spectrum.synthesise((spectra + floor) / spectrum.gains(generator.decoder(code)[0]))
            generator.carriers[place] = flat[0].clamp(-CLIPPED, CLIPPED).half()

    @torch.no_grad()
    def begin_density(self, generator: Generator) -> None:
        """Makes a density of the clips' codes, fitted well enough to be heard."""
        parts = [self._encoder(self._envelopes.batch(part)) for part in carriers.parts(self._known())]
        mean, log_variance = (torch.cat(column) for column in zip(*parts, strict=True))
        generator.density.begin(mean, log_variance)
        random = self._random()
        for index in range(FITS):
            generator.density.fit(torch.randn(DRAWS, self._form.latent_dim, generator=random).to(mean), index / FITS)

    @torch.no_grad()
    def end_density(self, generator: Generator) -> None:
        """Finds the middles of the density's cells, which it wants before it is used."""
        generator.density.survey(self._random())

    @torch.no_grad()
    def set_levels(self, generator: Generator) -> None:
        """Makes the sounds as loud as the clips on average, in each band at each time. Carriers and density come first.

        Borrowed carriers leak, and what lies between two codes dies away sooner than either. Each sound is compared
        with the clip in whose cell it lies: since all cells are alike, that is the mean of all clips, with far less
        left to chance.
        """
        form, known, random = self._form, self._known(), self._random()
        generator.levels.zero_()
        total = torch.zeros_like(generator.levels)
        most = LEVELLED_FRAMES // (form.clip_frames * form.channels)
        rounds = max(1, min(LEVELLED, most) // LEVELLED_AT_ONCE)
        for _ in range(rounds):
            z = torch.randn(LEVELLED_AT_ONCE, form.latent_dim, generator=random).to(total)
            cells = generator.density.shares(z).argmax(dim=1).cpu().numpy()
            heard = generator.spectrum.envelope_of(generator(z))
            total += (self._envelopes.batch(known[cells]) - heard).mean(dim=0)
        half = max(1, round(LEVEL_SECONDS * form.sample_rate / form.hop / 2))
        padded = functional.pad(total / rounds, (half, half), mode="replicate")
        generator.levels.copy_(functional.avg_pool1d(padded, 2 * half + 1, stride=1))

    def _known(self) -> NDArray[np.int64]:
        """The clips whose codes the density knows, in its order."""
        return torch.randperm(len(self._clips), generator=self._random())[: self._form.codes].numpy()

    def _random(self) -> torch.Generator:
        return torch.Generator().manual_seed(self._seed)
