"""The plugin's own test programs, in C++: no allocation, no system call; fuzzing as host, as project, as engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_build import build_program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the programs use what only Linux has")


def run(program: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    options = {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"} | options
    command = [str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def succeed(program: Path, *arguments: object) -> str:
    done = run(program, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout, end="")
    return done.stdout


def test_the_audio_thread_allocates_nothing_takes_no_lock_and_makes_no_system_call() -> None:
    said = succeed(build_program("no_allocation"))
    assert said.startswith("0 violations, 0 system calls")
    assert "not watched" not in said, "the kernel does not report the system calls of a thread here"


@pytest.mark.parametrize("sin", ["malloc", "free", "new", "lock", "trylock", "yield", "call"])
def test_the_detector_can_fail(sin: str) -> None:
    done = run(build_program("no_allocation"), 200, sin)
    assert done.returncode == 1, done.stdout + done.stderr
    if sin == "call":
        assert ", 1 system calls" in done.stdout
    else:
        assert done.stdout.startswith("1 violations")


def test_scenes_clips_and_the_library_by_themselves() -> None:
    succeed(build_program("parts"))


def test_a_host_that_does_everything_wrong() -> None:
    succeed(build_program("fuzz"), "play", 4000, 1)


def test_projects_that_are_damaged_in_every_way() -> None:
    succeed(build_program("fuzz"), "state", 800, 1)


def test_ten_thousand_frames_of_an_engine_that_says_what_it_likes() -> None:
    succeed(build_program("link_fuzz"), 10_000, 1)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [2, 3])
def test_all_of_it_for_long_under_address_and_undefined_behaviour_sanitizers(seed: int) -> None:
    succeed(build_program("fuzz", "address,undefined"), "play", 40_000, seed)
    succeed(build_program("fuzz", "address,undefined"), "state", 4_000, seed)
    succeed(build_program("link_fuzz", "address,undefined"), 20_000, seed)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_frames_of_an_engine_that_says_what_it_likes() -> None:
    succeed(build_program("link_fuzz"), 100_000, 10)
