from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from trainer.wavegan.replay import WARM_UP, Replay


class Graph:
    """A graph of kernels that remembers what was recorded, and does it when it is replayed."""

    def __init__(self) -> None:
        self.recording = False
        self.recorded: list[tuple[Tensor, ...]] = []
        self.done: list[list[float]] = []

    def replay(self) -> None:
        self.done += [[float(tensor) for tensor in tensors] for tensors in self.recorded]


class Stream:
    def wait_stream(self, _: object) -> None:
        pass


@pytest.fixture(autouse=True)
def pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def record(graph: Graph) -> Iterator[None]:
        graph.recording = True
        yield
        graph.recording = False

    @contextmanager
    def on(_: Stream) -> Iterator[None]:
        yield

    for name, value in {"CUDAGraph": Graph, "Stream": Stream, "current_stream": Stream, "graph": record}.items():
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(torch.cuda, "stream", on)


def test_work_is_done_once_a_call_on_the_numbers_of_that_call() -> None:
    done: list[list[float]] = []

    def work(*tensors: Tensor) -> None:
        graph = replay._graph
        if graph.recording:
            graph.recorded.append(tensors)
        else:
            done.append([float(tensor) for tensor in tensors])

    replay = Replay(work)
    calls = [[float(number), number / 2] for number in range(WARM_UP + 4)]
    for numbers in calls:
        replay(*map(torch.tensor, numbers))
    assert done == calls[:WARM_UP]
    assert len(replay._graph.recorded) == 1
    assert replay._graph.done == calls[WARM_UP:]
