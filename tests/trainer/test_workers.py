"""The pool that survives its workers."""

from __future__ import annotations

import os

import pytest

from trainer.workers import ordered_map


def double_unless_deadly(number: int) -> int:
    if number == 5:
        os.abort()
    return 2 * number


def fail(number: int) -> int:
    raise OSError(28, "No space left on device")


def test_results_come_in_the_order_of_the_tasks():
    batches = [[index, index + 100] for index in range(30, 0, -1)]
    expected = [2 * number for batch in batches for number in batch if number != 5]
    batches = [[number for number in batch if number != 5] for batch in batches]
    assert list(ordered_map(double_unless_deadly, batches, lambda number: -number, processes=2)) == expected


def test_a_task_that_kills_its_worker_costs_only_itself():
    batches = [[0, 1, 2], [3, 4], [5, 6], *([number] for number in range(7, 40))]
    results = list(ordered_map(double_unless_deadly, batches, lambda number: -number, processes=2))
    assert results == [-5 if number == 5 else 2 * number for number in range(40)]


def test_what_a_task_raises_is_raised_here():
    with pytest.raises(OSError, match="No space"):
        list(ordered_map(fail, [[1], [2], [3]], lambda number: 0, processes=2))


def test_no_tasks_give_nothing():
    assert list(ordered_map(fail, [], lambda number: 0)) == []
