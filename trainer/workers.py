"""Mapping a function over tasks with a pool of processes that survives a worker's death."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from engine.platform import available_cores

Task = TypeVar("Task")
Result = TypeVar("Result")

BATCHES_AHEAD = 4
"""How many batches a worker may be ahead of the reader, so that what waits to be read is bounded."""


def ordered_map(
    work: Callable[[Task], Result],
    batches: Sequence[Sequence[Task]],
    crashed: Callable[[Task], Result],
    processes: int = 0,
) -> Generator[Result, None, None]:
    """Yields `work(task)` for each task, in the order of the tasks; `crashed(task)` where it kills its process.

    A batch goes to a worker in one piece: handing over is dear beside small tasks. `work` is a module's function; what
    it raises is raised here. `processes`: 0 for one on each core.
    """
    processes = min(processes or available_cores(), max(1, len(batches)))
    others = set(multiprocessing.active_children())
    waiting = deque(batches)
    while waiting:
        with _pool(processes) as pool:
            running: deque[tuple[Sequence[Task], Future[list[Result]]]] = deque()
            try:
                while waiting or running:
                    while waiting and len(running) < processes * BATCHES_AHEAD:
                        running.append((waiting[0], pool.submit(_each, work, waiting[0])))
                        waiting.popleft()
                    results = running[0][1].result()
                    running.popleft()
                    yield from results
            except BrokenProcessPool:
                # A dead worker takes the whole pool with it, and nobody says whose task it was.
                pass
            except (KeyboardInterrupt, GeneratorExit):
                for process in set(multiprocessing.active_children()) - others:
                    process.terminate()
                raise
            finally:
                for _, future in running:
                    future.cancel()
        # So what was on its way is done again, one task at a time.
        yield from _one_by_one(work, [task for batch, _ in running for task in batch], crashed)


def _each(work: Callable[[Task], Result], batch: Sequence[Task]) -> list[Result]:
    return [work(task) for task in batch]


def _one_by_one(
    work: Callable[[Task], Result], tasks: Sequence[Task], crashed: Callable[[Task], Result]
) -> Iterator[Result]:
    waiting = deque(tasks)
    while waiting:
        with _pool(1) as pool:
            try:
                while waiting:
                    result = pool.submit(work, waiting[0]).result()
                    waiting.popleft()
                    yield result
            except BrokenProcessPool:
                yield crashed(waiting.popleft())


def _pool(processes: int) -> ProcessPoolExecutor:
    # Spawned, not forked: the same on every system, and no thread of the parent is torn in two.
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    # glibc hands every freed block of any size back to the system, and asks for it anew with the next file, until it
    # has seen a large one freed. That was a fifth of the time for short files.
    bytearray(2**24)
    # Decoders written in C print their warnings; what matters of them comes back as an exception.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    # Ctrl-C goes to every process of the terminal; the parent sees to it that the workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A parent that is killed cannot.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
