import errno
import json
from pathlib import Path

import pytest
from tiny_run import SHAPE, tiny_config

from engine.errors import UserError
from trainer.plan import Plan
from trainer.run_folder import Run, set_aside
from trainer.wavegan.layers import Shape


def test_a_run_is_opened_as_it_was_created(tmp_path: Path) -> None:
    created = Run.create(tmp_path / "run", tiny_config())
    opened = Run.open(tmp_path / "run")
    assert opened.config.settings == created.config.settings
    assert Shape.of(opened.config) == SHAPE
    assert opened.config.version
    assert opened.config.plan == Plan()


def test_the_plan_is_kept_and_older_runs_have_none(tmp_path: Path) -> None:
    plan = Plan((("first", 0.25), ("second", 0.75)), seconds=90.0)
    Run.create(tmp_path / "run", tiny_config(plan=plan))
    assert Run.open(tmp_path / "run").config.plan == plan
    path = tmp_path / "run/config.json"
    fields = json.loads(path.read_text())
    del fields["plan"], fields["settings"]["critic_steps"]
    path.write_text(json.dumps(fields))
    older = Run.open(tmp_path / "run").config
    assert older.plan == Plan()
    assert older.settings["critic_steps"] == 5


def test_rows_are_kept_by_kind_and_forgotten_after_a_step(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_config())
    assert run.rows() == []
    for step in range(4):
        run.record("report", {"step": step, "seconds": 1.0 * step})
    for step, distance in ((0, 9.0), (2, 3.0), (3, float("nan"))):
        run.record("metrics", {"step": step, "seconds": 1.0 * step, "mmd": distance})
    with run.metrics.open("a") as file:
        file.write('{"kind": "report", "step": 4, "sec')
    assert [row["step"] for row in run.rows("report")] == [0, 1, 2, 3]
    assert run.scores() == {0: 9.0, 2: 3.0}
    run.forget_after(1)
    assert [(row["kind"], row["step"]) for row in run.rows()] == [("report", 0), ("report", 1), ("metrics", 0)]
    run.record("report", {"step": 2, "seconds": 2.0})  # on a line of its own
    assert [row["step"] for row in run.rows("report")] == [0, 1, 2]


def test_an_empty_folder_may_become_a_run_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    Run.create(tmp_path / "empty", tiny_config())
    (tmp_path / "file").write_text("mine")
    for place in ("empty", "file", "none/run"):
        with pytest.raises(UserError):
            Run.create(tmp_path / place, tiny_config())
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "damaged"),
        ("[1]", "damaged"),
        ('{"format": 99}', "format 99"),
        ('{"format": 1, "recipe": "wavegan"}', "damaged"),
        ('{"format": 1, "recipe": "wavegan", "settings": {}, "plan": {"unit": "miles"}}', "damaged"),
    ],
)
def test_a_config_that_cannot_be_used_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(UserError, match=words):
        Run.open(tmp_path)


def test_setting_aside_takes_the_first_free_name(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / "run").mkdir()
        assert set_aside(tmp_path / "run") == tmp_path / f"run-old-{number}"


def test_the_folder_that_the_user_is_in_cannot_be_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="own name"):
        set_aside(Path())


def test_a_run_that_could_not_be_created_for_want_of_space_can_be_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("trainer.run_folder.write_text", full)
        with pytest.raises(OSError, match="No space"):
            Run.create(tmp_path / "run", tiny_config())
    Run.create(tmp_path / "run", tiny_config())
    assert Run.exists(tmp_path / "run")
