"""One model in memory, whoever opens its instrument."""

import gc
import threading
import weakref

import pytest
from tiny_instrument import write_tiny_instrument

from engine import generators as module
from engine.errors import UserError
from engine.generator import Generator
from engine.generators import KEPT, Generators


def test_an_instrument_is_opened_once_whatever_its_file_is_called(tmp_path, monkeypatch):
    path = write_tiny_instrument(tmp_path / "tiny.onnx")
    (tmp_path / "copy.onnx").write_bytes(path.read_bytes())
    shared = Generators("cpu")
    first = shared.instrument(path)
    monkeypatch.chdir(tmp_path)
    assert shared.instrument(path) is first
    assert shared.generator(first) is shared.generator(first)
    assert shared.generator(shared.instrument(tmp_path / "copy.onnx")) is shared.generator(first)


def test_several_threads_that_ask_at_once_get_one_model(tmp_path):
    shared = Generators("cpu")
    instrument = shared.instrument(write_tiny_instrument(tmp_path / "tiny.onnx"))
    found: list[Generator] = []
    threads = [threading.Thread(target=lambda: found.append(shared.generator(instrument))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(map(id, found))) == 1


def test_a_file_that_changed_is_another_instrument(tmp_path):
    shared = Generators("cpu")
    path = write_tiny_instrument(tmp_path / "tiny.onnx")
    before = shared.generator(shared.instrument(path))
    write_tiny_instrument(path, amplitude=0.25)
    assert shared.generator(shared.instrument(path)) is not before


def test_the_last_few_stay_open_and_those_that_are_held(tmp_path):
    shared = Generators("cpu")
    instruments = [
        shared.instrument(write_tiny_instrument(tmp_path / f"{number}.onnx", amplitude=0.1 + number / 100))
        for number in range(KEPT + 2)
    ]
    held = shared.generator(instruments[0])
    gone = weakref.ref(shared.generator(instruments[1]))
    for instrument in instruments[2:]:
        shared.generator(instrument)
    gc.collect()
    assert gone() is None
    assert shared.generator(instruments[0]) is held


def test_what_is_wrong_is_one_sentence(tmp_path, monkeypatch):
    shared = Generators("cpu")
    with pytest.raises(UserError, match="does not exist"):
        shared.instrument(tmp_path / "nothing.onnx")
    instrument = shared.instrument(write_tiny_instrument(tmp_path / "tiny.onnx"))

    def fail(self):
        raise RuntimeError("no memory\nand a trace")

    monkeypatch.setattr(module.Generator, "warm_up", fail)
    with pytest.raises(UserError, match=r"tiny.onnx makes no sounds on cpu: no memory$"):
        shared.generator(instrument)
