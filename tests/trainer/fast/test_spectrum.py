import math

import pytest
import torch
from tiny_fast import tiny_form

from trainer.clip_length import LEGAL_FRAMES
from trainer.fast.form import Form
from trainer.fast.spectrum import Spectrum, to_left_and_right, to_middle_and_side


def form_of(frames: int, rate: int, channels: int = 1) -> Form:
    return Form(frames, channels, rate, latent_dim=4, dim=8, carriers=3, codes=9, blend=0.15)


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
@pytest.mark.parametrize("frames", LEGAL_FRAMES)
def test_every_legal_clip_has_a_form(frames: int, rate: int) -> None:
    form = form_of(frames, rate, channels=2)
    steps = 16
    for factor in form.factors:
        steps *= factor
    assert steps == form.steps == frames // form.hop
    assert 0.004 < form.size / rate < 0.009


def test_analysis_and_synthesis_give_the_clip_back() -> None:
    spectrum = Spectrum(tiny_form(channels=2))
    audio = torch.randn(2, 2, 16384, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(spectrum.synthesise(spectrum.analyse(audio)), audio, atol=2e-6, rtol=0)
    torch.testing.assert_close(to_left_and_right(to_middle_and_side(audio)), audio)


def test_the_envelope_of_noise_is_its_power_and_gains_lay_it_over_again() -> None:
    spectrum = Spectrum(tiny_form())
    noise = torch.randn(8, 1, 16384, generator=torch.Generator().manual_seed(1))
    flat = spectrum.envelope(spectrum.analyse(noise))
    assert abs(flat.exp().mean().item() - 1) < 0.05
    wanted = torch.linspace(-6, 0, flat.shape[1])[None, :, None] + torch.linspace(0, -6, flat.shape[2])
    loud = spectrum.analyse(noise) * spectrum.gains(wanted.expand(8, -1, -1))
    found = spectrum.envelope(spectrum.analyse(spectrum.synthesise(loud))).exp().mean(dim=0).log()
    assert (found - wanted[0])[2:-2, 2:-2].mean().abs() < 0.2
    assert (found - wanted[0])[2:-2, 2:-2].std() < 0.6


def test_a_tone_under_a_rough_envelope_has_no_hum_below_it() -> None:
    form = form_of(32768, 44100)
    spectrum = Spectrum(form)
    time = torch.arange(form.clip_frames) / form.sample_rate
    tone = sum(torch.sin(2 * math.pi * 261.6 * n * time) / n for n in range(1, 9))[None, None]
    spectra = spectrum.analyse(tone)
    envelope = spectrum.envelope(spectra)
    carrier = spectrum.synthesise(spectra / spectrum.gains(envelope))
    rough = 0.7 * torch.randn(1, form.rows, 1, generator=torch.Generator().manual_seed(0))
    heard = spectrum.synthesise(spectrum.analyse(carrier) * spectrum.gains(envelope + rough))[0, 0, 4096:-4096]
    power = torch.fft.rfft(heard * torch.hann_window(len(heard))).abs().square()
    hertz = torch.fft.rfftfreq(len(heard), 1 / form.sample_rate)
    assert power[hertz < 150].sum() < 1e-4 * power.sum()
