import json
from dataclasses import asdict, replace

import pytest

from trainer.plan import Limits, Moment, Plan, Progress

STAGES = (("first", 0.5), ("second", 0.2), ("third", 0.3))


def walk(plan: Plan, steps: int, seconds: float = 1.0) -> list[Moment]:
    """The moments of a run whose steps all take as long."""
    progress, moments = Progress(), []
    for step in range(1, steps + 1):
        moments.append(plan.moment(progress))
        progress = plan.advance(replace(progress, step=step, seconds=step * seconds))
    return moments


def test_stages_divide_the_steps_by_their_shares() -> None:
    moments = walk(Plan(STAGES, steps=10), 10)
    assert [moment.stage for moment in moments] == ["first"] * 5 + ["second"] * 2 + ["third"] * 3
    assert [moment.stage_step for moment in moments] == [0, 1, 2, 3, 4, 0, 1, 0, 1, 2]
    assert [moment.done for moment in moments[:7]] == [0.0, 0.2, 0.4, 0.6, 0.8, 0.0, 0.5]


def test_stages_divide_the_time_by_their_shares() -> None:
    moments = walk(Plan(STAGES, seconds=100.0), 10, 10.0)
    assert [moment.stage for moment in moments] == ["first"] * 5 + ["second"] * 2 + ["third"] * 3
    assert [moment.done for moment in moments[5:]] == pytest.approx([0.0, 0.5, 0.0, 1 / 3, 2 / 3])


def test_a_plan_of_both_ends_with_whichever_is_over_first() -> None:
    plan = Plan(STAGES, steps=10, seconds=100.0)
    assert walk(plan, 10, 1.0) == walk(Plan(STAGES, steps=10), 10)
    assert walk(plan, 6, 20.0) == walk(Plan(STAGES, seconds=100.0), 6, 20.0)
    assert plan.limits == Limits(10, 100.0)


@pytest.mark.parametrize("total", range(3, 12))
def test_every_stage_gets_a_step_if_there_are_enough(total: int) -> None:
    shares = (("first", 0.85), ("second", 0.05), ("third", 0.1))
    moments = walk(Plan(shares, steps=total), total)
    assert [name for name, _ in shares] == list(dict.fromkeys(moment.stage for moment in moments))


def test_the_last_stage_goes_on_after_the_end() -> None:
    for plan in (Plan(STAGES, steps=10), Plan(STAGES, seconds=10.0)):
        last = walk(plan, 30)[-1]
        assert (last.stage, last.done, last.step) == ("third", 1.0, 29)


def test_no_stage_is_passed_over_however_short_the_plan_or_long_the_steps() -> None:
    assert [moment.stage for moment in walk(Plan(STAGES, steps=1), 3)] == ["first", "second", "third"]
    assert [moment.stage for moment in walk(Plan(STAGES, seconds=5.0), 3, 60.0)] == ["first", "second", "third"]
    assert all(0 <= moment.done <= 1 for moment in walk(Plan(STAGES, seconds=5.0), 9, 60.0))


def test_without_a_total_there_is_one_stage_and_no_end() -> None:
    last = walk(Plan(), 50)[-1]
    assert last == Moment(49, "training", 49, 0.0)
    assert Plan().limits == Limits()


def test_a_plans_own_end() -> None:
    assert Plan(STAGES, steps=10).limits == Limits(steps=10)
    assert Plan(STAGES, seconds=90.0).limits == Limits(seconds=90.0)


def test_the_stage_follows_from_the_progress_wherever_the_run_was_cut() -> None:
    plan = Plan(STAGES, steps=10)
    whole = walk(plan, 10)
    progress = Progress()
    for step in range(10):
        progress = Progress(**vars(progress))  # as if read from a checkpoint
        assert plan.moment(progress) == whole[step]
        progress = plan.advance(replace(progress, step=step + 1))


@pytest.mark.parametrize(
    "fields",
    [
        {"steps": 3, "seconds": None, "stages": []},
        {"steps": None, "seconds": None, "stages": [["a", 1], ["b", 1]]},
    ],
)
def test_a_plan_that_is_none_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="plan"):
        Plan.read(fields)
    with pytest.raises(ValueError, match="many"):
        Plan.read({**fields, "steps": "many"})


def test_a_plan_is_read_as_it_and_the_version_before_wrote_it() -> None:
    plan = Plan(STAGES, steps=10.0)
    assert Plan.read(json.loads(json.dumps(asdict(plan)))) == plan
    assert Plan.read({"unit": "steps", "total": 10.0, "stages": STAGES}) == plan
    assert Plan.read({"unit": "steps", "total": None, "stages": [["training", 1.0]]}) == Plan()


def test_what_remains_is_the_nearer_end() -> None:
    progress = Progress(step=10, seconds=60.0)
    assert Limits(steps=20, seconds=100.0).remaining(progress, 2.0) == 5
    assert Limits(steps=200, seconds=100.0).remaining(progress, 2.0) == 40
    assert Limits().remaining(progress, 2.0) is None
    assert Limits(steps=5).remaining(progress, 2.0) == 0
