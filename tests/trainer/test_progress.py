from trainer.progress import PlainLines, describe, duration
from trainer.training import Report


def test_durations_read_naturally() -> None:
    assert [duration(s) for s in (3.2, 75, 3900)] == ["3 s", "1 min 15 s", "1 h 05 min"]


def test_a_line_tells_step_speed_distance_and_time_left() -> None:
    assert describe(Report(1200, 60, 2.5, 90, 1.2345, 0.1)) == (
        "step 1,200 · 2.50 steps/s · critic distance 1.234 · 1 min 30 s left"
    )
    assert describe(Report(7, 60, 0.25, None, 1, 0.1)) == "step 7 · 4.0 s/step · critic distance 1.000"


def test_without_a_terminal_it_prints_lines(capsys) -> None:  # type: ignore[no-untyped-def]
    PlainLines().report(Report(7, 60, 0.25, None, 1, 0.1))
    PlainLines().note("so [bold]")
    assert capsys.readouterr().out == "step 7 · 4.0 s/step · critic distance 1.000\nso [bold]\n"
