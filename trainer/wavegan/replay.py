"""A whole piece of work on a GPU as one recorded graph of kernels: the processor has nothing to launch but that."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3  # calls before recording: optimisers make their state, and cuDNN chooses its kernels


class Replay:
    """Calls `work(*tensors)` again and again, from the fourth time on by replaying what the GPU was told to do.

    `work` returns nothing, keeps its results in tensors that it changes in place, and neither waits for the GPU nor
    brings anything to it. The tensors have the same shapes each time and are on the GPU.
    """

    def __init__(self, work: Callable[..., None]) -> None:
        self._work = work
        self._calls = 0
        self._graph = torch.cuda.CUDAGraph()
        self._inputs: list[Tensor] = []

    def __call__(self, *tensors: Tensor) -> None:
        """Does the work."""
        self._calls += 1
        if self._calls <= WARM_UP:
            stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                self._work(*tensors)
            torch.cuda.current_stream().wait_stream(stream)
            return
        if not self._inputs:
            self._inputs = [tensor.clone() for tensor in tensors]
            with torch.cuda.graph(self._graph):
                self._work(*self._inputs)
        for own, new in zip(self._inputs, tensors, strict=True):
            own.copy_(new)
        self._graph.replay()
