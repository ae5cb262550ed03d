"""Several processes, on one machine or on several, that train one run together, each on its part of every batch.

Every process holds the whole networks and draws the same random numbers for the whole batch, so that the result does
not depend on how many there are. Rank 0 leads: it alone knows the run's folder and the clock, and tells the others
before each step where that stands. Gradients are averaged in one piece.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed

from engine.errors import UserError

PATIENCE = 600.0  # seconds without a word from the others: the leader makes previews and measures in between
Rows = TypeVar("Rows", Tensor, NDArray[np.int64])
Value = TypeVar("Value")


class Team:
    """One process's place among `size`; ranks count from 0. Alone, every method does nothing.

    Every method is called by all processes alike, in the same order. All but `share` raise UserError when another
    process has ended or is silent for too long.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank = rank
        self.size = size

    @property
    def leads(self) -> bool:
        """Whether this process keeps the run."""
        return self.rank == 0

    def check_batch(self, batch: int, parts: int = 1) -> None:
        """Raises UserError unless a batch, and each of its equal parts, can be shared equally."""
        if self.size > 1 and batch % (parts * self.size):
            raise UserError(
                f"A batch of {batch} clips cannot be shared equally by {self.size} processes; begin a run with a "
                f"--set batch that {parts * self.size} divides, or use another number of processes."
            )

    def share(self, rows: Rows) -> Rows:
        """This process's rows of what was drawn for the whole batch."""
        part = len(rows) // self.size
        return rows[self.rank * part : (self.rank + 1) * part]

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Puts in each tensor the mean over all processes. One message for all of them."""
        if self.size == 1:
            return
        with torch.no_grad():
            flat = torch.cat([tensor.flatten() for tensor in tensors])
            with _together():
                distributed.all_reduce(flat)
            flat /= self.size
            for tensor, mean in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
                tensor.copy_(mean.view_as(tensor))

    def hear(self, value: Value) -> Value:
        """The leader's value, whatever the others give. It travels as a pickle, tensors on the CPU."""
        if self.size == 1:
            return value
        box = [value]
        with _together():
            distributed.broadcast_object_list(box, device=torch.device("cpu"))
        return box[0]


SOLO = Team()


@contextlib.contextmanager
def joined(device: torch.device, patience: float = PATIENCE) -> Iterator[Team]:
    """The team that `torchrun` has started this process in, as its environment variables say; without it, SOLO.

    Raises UserError if the others do not come within `patience` seconds, or there are more processes than GPUs.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield SOLO
        return
    backend = "gloo"
    if device.type == "cuda":
        backend = "cpu:gloo,cuda:nccl"
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise UserError(
                f"This machine has {torch.cuda.device_count()} GPUs and more processes; start one for each GPU."
            )
        torch.cuda.set_device(local)
    # Optimisers import it, and it keeps hold of the group that it finds: its threads would outlive Python, and abort.
    importlib.import_module("torch.distributed.nn.functional")
    with _together():
        distributed.init_process_group(backend, timeout=timedelta(seconds=patience))
    try:
        yield Team(distributed.get_rank(), size)
    finally:
        distributed.destroy_process_group()


@contextlib.contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise UserError(
            "Another process of this training has ended or does not answer, so this one has stopped too; start all of "
            "them again, and they go on from the last checkpoint."
        ) from error
