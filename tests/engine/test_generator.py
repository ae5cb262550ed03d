"""The generator: whole blocks, few shapes, the same to the byte, and providers that are not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_instrument import write_tiny_instrument

from engine import _native, latent, session
from engine._native import BLOCK_FRAMES
from engine.clip_store import ClipStore
from engine.errors import UserError
from engine.generator import BATCHES, Generator
from engine.instrument import Instrument
from engine.preset import Preset
from engine.supply import Supply


def latents(count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.stack([latent.from_seed(seed, 8, "uniform") for seed in range(count)])


class Recording:
    """Notes the shapes that the session is asked for."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.shapes: list[tuple[int, int]] = []

    def run(self, names: list[str], feeds: dict[str, Any]) -> Any:
        self.shapes.append((len(feeds["z"]), int(feeds["window"][1] - feeds["window"][0])))
        return self.inner.run(names, feeds)


def recorded(generator: Generator) -> Recording:
    recording = Recording(generator._session)
    generator._session = recording  # type: ignore[assignment]
    return recording


@pytest.mark.parametrize("frames", [16384, 10 * 1024 + 300, 900])
def test_every_stretch_of_blocks_is_a_slice_of_the_whole(tmp_path: Path, frames: int) -> None:
    instrument = Instrument.open(write_tiny_instrument(tmp_path / "x.onnx", frames=frames, channels=2))
    generator = Generator(instrument, "cpu")
    whole = instrument.generate(latents(3))
    for first in range(generator.block_total):
        for count in range(1, generator.block_total - first + 1):
            audio = generator.generate(latents(3), first, count)
            begin, end = first * BLOCK_FRAMES, min((first + count) * BLOCK_FRAMES, frames)
            assert audio.shape == (3, 2, end - begin)
            np.testing.assert_allclose(audio, whole[:, :, begin:end], atol=1e-6)


@pytest.mark.parametrize("frames", [16384, 10 * 1024 + 300])
def test_the_shapes_are_few(tmp_path: Path, frames: int) -> None:
    instrument = Instrument.open(write_tiny_instrument(tmp_path / "x.onnx", frames=frames))
    generator = Generator(instrument, "cpu")
    recording = recorded(generator)
    for first in range(generator.block_total):
        for count in range(1, generator.block_total - first + 1):
            generator.generate(latents(1), first, count)
    powers = {1024, 2048, 4096, 8192, frames}
    assert {shape[1] for shape in recording.shapes} <= powers


@pytest.mark.parametrize("frames", [1024, 16384, 65536 + 5, 262144])
def test_at_most_six_lengths_in_four_batch_sizes(frames: int, tmp_path: Path) -> None:
    generator = Generator(Instrument.open(write_tiny_instrument(tmp_path / "x.onnx", frames=frames)), "cpu")
    recording = recorded(generator)
    for first in range(0, generator.block_total, 3):
        for count in {1, 2, 3, 5, 9, 33, generator.block_total} & set(range(1, generator.block_total - first + 1)):
            for size in (1, 2, 3, 5, 16, 17):
                audio = generator.generate(latents(size), first, count)
                assert audio.shape[2] == min((first + count) * BLOCK_FRAMES, frames) - first * BLOCK_FRAMES
    assert len({length for _, length in recording.shapes}) <= 6
    assert len({batch for batch, _ in recording.shapes}) <= 4


def test_a_batch_is_not_padded_beyond_its_half(tiny_path: Path) -> None:
    generator = Generator(Instrument.open(tiny_path), "cpu")
    assert [generator.filled(count) for count in (1, 2, 3, 5, 7, 8, 15, 16, 40)] == [1, 2, 3, 4, 4, 8, 15, 16, 16]


def test_batches_are_padded_and_split(tiny_path: Path) -> None:
    generator = Generator(Instrument.open(tiny_path), "cpu")
    recording = recorded(generator)
    alone = [generator.generate(row, 2, 2) for row in latents(37)]
    assert {shape[0] for shape in recording.shapes} == {1}
    recording.shapes.clear()
    together = generator.generate(latents(37), 2, 2)
    assert [shape[0] for shape in recording.shapes] == [16, 16, 16]
    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-6)


def test_with_one_batch_size_company_changes_nothing(tiny_path: Path) -> None:
    generator = Generator(Instrument.open(tiny_path), "cpu", batches=(4,))
    recording = recorded(generator)
    alone = generator.generate(latents(1), 0, 16)
    company = generator.generate(latents(3), 0, 16)
    assert {shape[0] for shape in recording.shapes} == {4}
    assert alone[0].tobytes() == company[0].tobytes()
    again = Generator(Instrument.open(tiny_path), "cpu", batches=(4,)).generate(latents(1), 0, 16)
    assert again.tobytes() == alone.tobytes()


def test_warm_up_runs_every_batch_size_and_block_count(tiny_path: Path) -> None:
    generator = Generator(Instrument.open(tiny_path), "cpu")
    recording = recorded(generator)
    generator.warm_up()
    assert {batch for batch, frames in recording.shapes if frames == BLOCK_FRAMES} == set(BATCHES)
    assert {frames for batch, frames in recording.shapes if batch == 1} == {1024 << power for power in range(5)}


@pytest.mark.parametrize(("first", "count"), [(-1, 1), (16, 1), (0, 0)])
def test_blocks_outside_the_clip_are_refused(tiny_path: Path, first: int, count: int) -> None:
    with pytest.raises(ValueError, match="blocks"):
        Generator(Instrument.open(tiny_path), "cpu").generate(latents(1), first, count)


def test_auto_takes_what_is_there(tiny_path: Path) -> None:
    generator = Generator(Instrument.open(tiny_path))
    assert generator.provider in session.present_providers()


@pytest.mark.parametrize("name", ["tpu", "CPU"])
def test_a_provider_that_is_not_there_is_named_with_those_that_are(tiny_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=rf"{name}.*not there.*cpu"):
        Generator(Instrument.open(tiny_path), name)


def test_a_silent_fall_back_is_found_out(tiny_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An onnxruntime that lists CUDA but, its libraries missing, quietly computes on the CPU."""
    real = session._onnxruntime()

    class Pretending:
        SessionOptions = real.SessionOptions

        @staticmethod
        def get_available_providers() -> list[str]:
            return ["CUDAExecutionProvider", "CPUExecutionProvider"]

        @staticmethod
        def InferenceSession(model: bytes, options: Any, providers: Any) -> Any:
            return real.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    monkeypatch.setattr(session, "_onnxruntime", lambda: Pretending)
    instrument = Instrument.open(tiny_path)
    with pytest.raises(UserError, match=r"'cuda' would not start"):
        Generator(instrument, "cuda")
    assert Generator(instrument, "auto").provider == "cpu"


def test_a_gpu_computes_a_sweep(tiny_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An onnxruntime that says that it computes by CUDA: the options it is given, and the supply's way through it."""
    real = session._onnxruntime()
    asked: list[Any] = []
    shapes: set[tuple[int, int]] = set()

    class Session:
        def __init__(self, model: bytes, options: Any, providers: Any) -> None:
            asked.append(providers)
            self._session = real.InferenceSession(model, options, providers=["CPUExecutionProvider"])

        def get_providers(self) -> list[str]:
            return ["CUDAExecutionProvider", "CPUExecutionProvider"]

        def run(self, names: list[str], feeds: dict[str, Any]) -> Any:
            shapes.add((len(feeds["z"]), int(feeds["window"][1] - feeds["window"][0])))
            return self._session.run(names, feeds)

    class Cuda:
        SessionOptions = real.SessionOptions
        InferenceSession = Session

        @staticmethod
        def get_available_providers() -> list[str]:
            return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    monkeypatch.setattr(session, "_onnxruntime", lambda: Cuda)
    instrument = Instrument.open(tiny_path)
    generator = Generator(instrument, "cuda")
    generator.warm_up()
    assert generator.provider == "cuda"
    (name, options), _ = asked[0]
    assert name == "CUDAExecutionProvider"
    assert options["use_tf32"] == "0"
    preset = Preset.for_instrument(tiny_path)
    sampler = _native.Sampler()
    supply = Supply(ClipStore(generator), sampler, 48000)
    supply.want(preset, preset.parameters({}), preset.sounds({}))
    assert supply.begin()
    for step in range(40):
        supply.want(preset, preset.parameters({}), preset.sounds({1: step / 40}))
        sampler.process([(0, bytes((0x90, 36 + step, 100)))], 480)
        for _ in range(4):
            supply.make(supply.jobs(supply.voices()))
    assert supply.store.generated > 100
    assert len({batch for batch, _ in shapes}) <= 4
    assert len({frames for _, frames in shapes}) <= 6


def test_the_audio_thread_keeps_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)), raising=False)
    assert session.default_threads() == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    assert session.default_threads() == 1


def test_importing_it_is_light() -> None:
    code = "import sys, engine, engine.preset, engine.generator; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"onnx", "onnxruntime", "torch"} & set(modules)
