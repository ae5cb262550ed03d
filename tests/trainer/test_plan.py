from dataclasses import replace

import pytest

from trainer.learner import Moment
from trainer.plan import Limits, Plan, Progress

STAGES = (("first", 0.5), ("second", 0.2), ("third", 0.3))


def walk(plan: Plan, steps: int, seconds: float = 1.0) -> list[Moment]:
    """The moments of a run whose steps all take as long."""
    progress, moments = Progress(), []
    for step in range(1, steps + 1):
        moments.append(plan.moment(progress))
        progress = plan.advance(replace(progress, step=step, seconds=step * seconds))
    return moments


def test_stages_divide_the_steps_by_their_shares() -> None:
    moments = walk(Plan("steps", 10, STAGES), 10)
    assert [moment.stage for moment in moments] == ["first"] * 5 + ["second"] * 2 + ["third"] * 3
    assert [moment.stage_step for moment in moments] == [0, 1, 2, 3, 4, 0, 1, 0, 1, 2]
    assert {(moment.stage, moment.stage_steps) for moment in moments} == {("first", 5), ("second", 2), ("third", 3)}
    assert [moment.done for moment in moments[:5]] == [0.0, 0.2, 0.4, 0.6, 0.8]


def test_stages_divide_the_time_by_their_shares() -> None:
    moments = walk(Plan("seconds", 100.0, STAGES), 10, 10.0)
    assert [moment.stage for moment in moments] == ["first"] * 5 + ["second"] * 2 + ["third"] * 3
    assert all(moment.stage_steps is None for moment in moments)
    assert [moment.done for moment in moments[5:]] == pytest.approx([0.0, 0.5, 0.0, 1 / 3, 2 / 3])


def test_the_last_stage_goes_on_after_the_end() -> None:
    for plan in (Plan("steps", 10, STAGES), Plan("seconds", 10.0, STAGES)):
        last = walk(plan, 30)[-1]
        assert (last.stage, last.done, last.step) == ("third", 1.0, 29)


def test_no_stage_is_passed_over_however_short_the_plan_or_long_the_steps() -> None:
    assert [moment.stage for moment in walk(Plan("steps", 1, STAGES), 3)] == ["first", "second", "third"]
    assert [moment.stage for moment in walk(Plan("seconds", 5.0, STAGES), 3, 60.0)] == ["first", "second", "third"]
    assert all(0 <= moment.done <= 1 for moment in walk(Plan("seconds", 5.0, STAGES), 9, 60.0))


def test_without_a_total_there_is_one_stage_and_no_end() -> None:
    last = walk(Plan(), 50)[-1]
    assert last == Moment(49, "training", 49, None, 0.0)
    assert Plan().limits == Limits()


def test_a_plans_own_end() -> None:
    assert Plan("steps", 10, STAGES).limits == Limits(steps=10)
    assert Plan("seconds", 90.0, STAGES).limits == Limits(seconds=90.0)


def test_the_stage_follows_from_the_progress_wherever_the_run_was_cut() -> None:
    plan = Plan("steps", 10, STAGES)
    whole = walk(plan, 10)
    progress = Progress()
    for step in range(10):
        progress = Progress(**vars(progress))  # as if read from a checkpoint
        assert plan.moment(progress) == whole[step]
        progress = plan.advance(replace(progress, step=step + 1))


@pytest.mark.parametrize(
    "fields",
    [
        {"unit": "miles", "total": 3, "stages": [["a", 1]]},
        {"unit": "steps", "total": 3, "stages": []},
        {"unit": "steps", "total": None, "stages": [["a", 1], ["b", 1]]},
    ],
)
def test_a_plan_that_is_none_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="plan"):
        Plan.read(fields)


def test_what_remains_is_the_nearer_end() -> None:
    progress = Progress(step=10, seconds=60.0)
    assert Limits(steps=20, seconds=100.0).remaining(progress, 2.0) == 5
    assert Limits(steps=200, seconds=100.0).remaining(progress, 2.0) == 40
    assert Limits().remaining(progress, 2.0) is None
    assert Limits(steps=5).remaining(progress, 2.0) == 0
