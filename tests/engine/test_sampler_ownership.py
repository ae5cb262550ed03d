"""Who holds clips and programs: the audio thread must never be the last to let go of what belongs to Python."""

import sys

import numpy as np

from engine import _native


def test_the_sampler_holds_no_python_reference() -> None:
    # One that it held would be given back by the audio thread, which would have to wait for the interpreter.
    sampler = _native.Sampler()
    clip = _native.Clip(1, 1, 2048, 48000.0)
    zone = {"keys": [60, 61], "shared": False, "root": 60, "siblings": 1, "parameters": {}}
    program = _native.Program([zone], {}, [])
    before = sys.getrefcount(clip), sys.getrefcount(program)
    sampler.set_program(program)
    program.put(0, 60, 0, clip)
    for key in (60, 61, 60):
        sampler.set_clip(0, key, 0, clip)
    sampler.process([(0, bytes([0x90, 61, 100]))], 64)
    assert (sys.getrefcount(clip), sys.getrefcount(program)) == before


def test_clips_are_freed_once_nobody_plays_them() -> None:
    sampler = _native.Sampler()
    sampler.prepare(48000.0)
    zone = {"keys": [60], "shared": False, "root": 60, "siblings": 1, "parameters": {}}
    sampler.set_program(_native.Program([zone], {}, []))
    sampler.process([], 64)
    assert sampler.collect() == 1  # the empty program that it began with
    for number in range(5):
        clip = _native.Clip(number, 1, 2048, 48000.0)
        clip.write(0, np.zeros((1, 2048), np.float32))
        sampler.set_clip(0, 60, 0, clip)
        del clip
        sampler.process([], 64)
        assert sampler.collect() == (1 if number else 0)  # the one before it, which its slot no longer has
