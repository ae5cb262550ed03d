"""The sampler's own test programs, in C++: no allocation and no lock, fades, fuzzing under sanitizers, threads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the programs replace glibc's functions")


def tool(name: str) -> str:
    """A build tool from beside this Python, where the dev extra puts it, or from the path."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"{name} is not installed"
    return found


def build(sanitize: str, program: str) -> Path:
    """The program, built with these sanitizers, kept from one run to the next under build/."""
    folder = ROOT / "build" / "native-tests" / (sanitize.replace(",", "-") or "plain")
    configure = [tool("cmake"), "-S", str(ROOT), "-B", str(folder), "-G", "Ninja"]
    configure += [f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}", "-DCMAKE_BUILD_TYPE=Release"]
    configure += ["-DPRODUCERGAN_NATIVE_TESTS=ON", f"-DPRODUCERGAN_SANITIZE={sanitize}"]
    for command in (configure, [tool("cmake"), "--build", str(folder), "--target", program]):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "tests" / "engine" / "native" / program


def run(program: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    options = {"ASAN_OPTIONS": "detect_leaks=1", "TSAN_OPTIONS": "halt_on_error=1"}
    options["UBSAN_OPTIONS"] = "print_stacktrace=1"
    command = [str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | options)


def succeed(program: Path, *arguments: object) -> None:
    done = run(program, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def no_allocation() -> Path:
    return build("", "no_allocation")


def test_the_audio_thread_allocates_nothing_frees_nothing_and_takes_no_lock(no_allocation: Path) -> None:
    done = run(no_allocation)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("0 violations")


@pytest.mark.parametrize("sin", ["malloc", "free", "new", "lock", "trylock", "yield"])
def test_the_detector_can_fail(no_allocation: Path, sin: str) -> None:
    done = run(no_allocation, sin)
    assert done.returncode == 1
    assert done.stdout.startswith("1 violations")


def test_a_voice_that_is_faded_twice_never_steps_up_and_ends_with_the_shorter_fade() -> None:
    succeed(build("address,undefined", "fades"))


def test_fuzzing_under_address_and_undefined_behaviour_sanitizers() -> None:
    succeed(build("address,undefined", "fuzz"), 100_000, 1)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [2, 3])
def test_fuzzing_for_long(seed: int) -> None:
    succeed(build("address,undefined", "fuzz"), 1_000_000, seed)


def test_threads_under_the_thread_sanitizer() -> None:
    succeed(build("thread", "threads"), 8_000)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_threads_for_long() -> None:
    succeed(build("thread", "threads"), 200_000)
