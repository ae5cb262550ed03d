from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from engine.instrument import Instrument
from trainer.export import checked_windows
from trainer.fast.form import Form
from trainer.fast.generator import Generator
from trainer.fast.graph import build, windowed_fourier

EXACT = 5e-6
TINY = Form(
    clip_frames=16384,
    channels=1,
    sample_rate=44100,
    latent_dim=5,
    dim=8,
    carriers=3,
    codes=30,
    blend=0.15,
    sharpness=3.0,
    overlap=2,
)


def lively_generator(form: Form) -> Generator:
    """Random in every part, and about as loud as music."""
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(1)
    generator = Generator(form, random)
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            # So that variances are about kept: a transposed convolution's output meets two of its inputs.
            inputs = 2 * parameter.shape[0] if ".convolutions." in name else parameter.shape[1:].numel()
            scale = 0.3 if parameter.dim() == 1 else inputs**-0.5
            parameter.copy_(scale * torch.randn(parameter.shape, generator=random))
        mean = torch.randn(form.codes, form.latent_dim, generator=random)
        generator.density.begin(mean, 0.5 * torch.randn(mean.shape, generator=random) - 2)
        generator.density.offsets.add_(0.3 * torch.randn(form.codes, generator=random))
        generator.density.survey(random)
        generator.levels.normal_(generator=random)
        generator.decoder.rows.weight.mul_(0.6)
        generator.decoder.rows.bias.add_(0.9)
    return generator.requires_grad_(False)


def model_of(generator: Generator, metadata: dict[str, str] | None = None) -> onnx.ModelProto:
    state = {name: tensor.numpy() for name, tensor in generator.state_dict().items()}
    return build(generator.form, state, metadata or {})


def session_of(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def window_of(session: onnxruntime.InferenceSession, z: torch.Tensor, start: int, stop: int) -> np.ndarray:
    (audio,) = session.run(["audio"], {"z": z.numpy(), "window": np.array([start, stop])})
    return audio


def latents(count: int, form: Form) -> torch.Tensor:
    return torch.randn(count, form.latent_dim, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
@pytest.mark.parametrize("frames", [16384, 32768, 65536, 131072, 262144])
def test_windows_equal_slices_of_pytorchs_whole_clip(frames: int, rate: int, channels: int) -> None:
    form = replace(TINY, clip_frames=frames, sample_rate=rate, channels=channels)
    generator = lively_generator(form)
    model = model_of(generator)
    onnx.checker.check_model(model, full_check=True)
    session = session_of(model)
    z = latents(2, form)
    expected = generator(z).numpy()
    assert 0.1 < expected.std() < 0.6
    hop = form.hop
    for start, stop in (
        *checked_windows(frames),
        (hop - 1, hop + 1),
        (frames - hop, frames),
        (frames - hop - 1, frames),
    ):
        audio = window_of(session, z, start, stop)
        assert audio.shape == (2, channels, stop - start)
        assert np.abs(audio - expected[..., start:stop]).max() < EXACT


@pytest.mark.parametrize(
    "form",
    [
        replace(TINY, latent_dim=1),
        replace(TINY, carriers=1),
        replace(TINY, codes=1),
        replace(TINY, overlap=1),
        replace(TINY, overlap=3),
        replace(TINY, overlap=8),
    ],
)
def test_forms_of_all_kinds(form: Form) -> None:
    generator = lively_generator(form)
    z = latents(3, form)
    audio = window_of(session_of(model_of(generator)), z, 100, 5000)
    assert np.abs(audio - generator(z)[..., 100:5000].numpy()).max() < EXACT


def test_a_single_clip_is_what_it_is_among_others() -> None:
    session = session_of(model_of(lively_generator(TINY)))
    z = latents(4, TINY)
    together = window_of(session, z, 1000, 3000)
    for index in range(4):
        assert np.abs(window_of(session, z[index : index + 1], 1000, 3000) - together[index]).max() < EXACT


def test_loud_sounds_stay_within_full_scale() -> None:
    generator = lively_generator(replace(TINY, channels=2))
    generator.carriers.mul_(30)
    audio = window_of(session_of(model_of(generator)), latents(1, TINY), 0, 16384)
    assert np.abs(audio).max() == 1.0


def test_an_unwanted_carrier_keeps_its_least_share() -> None:
    generator = lively_generator(replace(TINY, carriers=2))
    generator.decoder.shares.weight.zero_()
    generator.decoder.shares.bias.copy_(torch.tensor([20.0, 0.0]))
    generator.carriers[0] = 0
    generator.carriers[1] *= 100
    z = latents(1, TINY)
    audio = window_of(session_of(model_of(generator)), z, 0, 16384)
    assert np.abs(audio).max() > 1e-3
    assert np.abs(audio - generator(z).numpy()).max() < EXACT


def test_only_carriers_within_reach_are_read() -> None:
    generator = lively_generator(TINY)
    hop = TINY.hop
    z = latents(1, TINY)
    expected = window_of(session_of(model_of(generator)), z, 20 * hop, 30 * hop)
    generator.carriers[..., : 19 * hop] = torch.nan
    generator.carriers[..., 31 * hop :] = torch.nan
    session = session_of(model_of(generator))
    assert np.array_equal(window_of(session, z, 20 * hop, 30 * hop), expected)
    assert np.isnan(window_of(session, z, 20 * hop - 1, 30 * hop)).any()
    assert np.isnan(window_of(session, z, 20 * hop, 30 * hop + 1)).any()


def test_a_beginning_takes_a_small_part_of_the_numbers_of_the_whole() -> None:
    form = replace(TINY, clip_frames=32768, dim=64, carriers=16)
    model = model_of(lively_generator(form))
    names = [name for node in model.graph.node for name in node.output if name != "audio"]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = session_of(model)

    def numbers(stop: int) -> int:
        return sum(
            value.size for value in session.run(None, {"z": latents(1, form).numpy(), "window": np.array([0, stop])})
        )

    assert numbers(1024) < 0.1 * numbers(32768)


def test_the_engine_opens_it(tmp_path: Path) -> None:
    form = replace(TINY, channels=2)
    fields = {
        "producergan.format": "1",
        "name": "Tiny",
        "sample_rate": str(form.sample_rate),
        "channels": str(form.channels),
        "clip_frames": str(form.clip_frames),
        "latent_dim": str(form.latent_dim),
        "prior": "normal",
        "directions": "{}",
        "favourites": "[]",
        "provenance": "{}",
        "licence": "none needed",
    }
    generator = lively_generator(form)
    model = model_of(generator, fields)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    assert {node.domain for node in model.graph.node} == {""}
    path = tmp_path / "tiny.onnx"
    path.write_bytes(model.SerializeToString())
    z = latents(1, form)
    assert np.abs(Instrument.open(path).generate(z[0].numpy()) - generator(z).numpy()).max() < EXACT


def test_half_precision_carriers_are_most_of_the_file() -> None:
    form = Form(
        clip_frames=32768, channels=1, sample_rate=44100, latent_dim=16, dim=128, carriers=128, codes=2048, blend=0.15
    )
    size = model_of(lively_generator(form)).ByteSize()
    assert 2 * 128 * 32768 < size < 12_000_000


@pytest.mark.parametrize("frames", [16384, 131072])
def test_the_decoders_layers_are_those_of_pytorch(frames: int) -> None:
    form = replace(TINY, clip_frames=frames)
    decoder = Generator(form, torch.Generator()).decoder
    layers = form.layers
    for layer, module in zip(layers, [*decoder.convolutions, decoder.rows], strict=True):
        assert (layer.inputs, layer.outputs, layer.stride) == (
            module.in_channels,
            module.out_channels,
            module.stride[0],
        )
        assert (layer.kernel, layer.padding) == (module.kernel_size[0], module.padding[0])
    assert layers[-1].frames == form.steps


def test_the_fourier_matrix_has_the_powers_of_a_fourier_transform_and_its_own_way_back() -> None:
    matrix, bins = windowed_fourier(16)
    windows = np.random.default_rng(0).standard_normal((5, 16)).astype(np.float32)
    numbers = windows @ matrix
    power = np.zeros((5, 9))
    np.add.at(power.T, bins, np.square(numbers).T)
    window = np.sin(np.pi * (np.arange(16) + 0.5) / 16)
    wanted = np.square(np.abs(np.fft.rfft(windows * window))) / 16 * np.array([1, *[2] * 7, 1])
    assert np.allclose(power, wanted, atol=1e-5)
    assert np.allclose(numbers @ matrix.T, windows * np.square(window), atol=1e-5)
