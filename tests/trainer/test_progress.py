from typing import Any

from trainer.progress import PlainLines, Report, compare, describe
from trainer.words import duration


def test_durations_read_naturally() -> None:
    assert [duration(s) for s in (3.2, 75, 3900)] == ["3 s", "1 min 15 s", "1 h 05 min"]


def test_a_line_tells_step_speed_distance_and_time_left() -> None:
    assert describe(Report(1200, 60, 2.5, 90, "", {"critic distance": 1.2345})) == (
        "step 1,200 · 2.50 steps/s · critic distance 1.234 · 1 min 30 s left"
    )
    assert (
        describe(Report(7, 60, 0.25, None, "", {"critic distance": 1})) == "step 7 · 4.0 s/step · critic distance 1.000"
    )
    staged = Report(7, 60, 2, None, "polish", {"distance": 1, "energy": 0.25})
    told = Report(7, 60, 2, None, "", {"copies off by, in dB": 2}, 12.34)
    assert describe(told) == "step 7 · 2.00 steps/s · copies off by, in dB 2.000 · distance 12"
    assert describe(staged) == "polish · step 7 · 2.00 steps/s · distance 1.000 · energy 0.250"


def measured(minutes: float, distance: float, floor: float | None = 4.2) -> dict[str, Any]:
    return {"seconds": 60 * minutes, "mmd": distance, "floor": {} if floor is None else {"mmd": floor}}


def test_measurements_are_compared_with_those_of_ten_minutes_ago_in_words() -> None:
    rows = [measured(0, 373.4), measured(5, 25), measured(10, 18), measured(15, 14), measured(20, 12.3)]
    assert (
        compare(rows) == "The sounds are closer to your audio than 10 minutes ago: 18 → 12; held-out sounds score 4.2."
    )
    assert compare(rows[:2]).startswith("The sounds are closer to your audio than 5 minutes ago: 373 → 25;")
    assert (
        compare(rows[:1]) == "Distance of the sounds from your audio (less is closer): 373; held-out sounds score 4.2."
    )
    later = [*rows, measured(90, 12.9, None)]
    assert compare(later) == "The sounds are about as close to your audio as 1 hour ago: 12 → 13."
    assert "further from your audio than 1 hour ago: 12 → 19;" in compare([*rows, measured(85, 19)])
    few = "So few clips tell no distance between the sounds and your audio; held-out sounds score 4.2."
    assert compare([*rows, measured(85, -3.6)]) == compare([measured(0, -20)]) == few
    assert "further from your audio than 20 minutes ago: 0.0 → 2.0;" in compare([measured(0, -20), measured(20, 2)])


def test_the_held_out_sounds_scores_are_a_range_and_copies_are_told_from_the_first_measurement_on() -> None:
    row = {**measured(0, 3), "floor": {"mmd": 7.0, "mmd_low": -1.5, "mmd_high": 12.4}, "copies": 0.234}
    assert compare([row]) == (
        "Distance of the sounds from your audio (less is closer): 3.0; held-out sounds score 0.0 to 12; "
        "23% of the sounds are copies of your clips."
    )
    few = {**row, "floor": {"mmd": 0.0, "mmd_low": -3.0, "mmd_high": -1.0}, "copies": 0.004}
    assert compare([few]) == "Distance of the sounds from your audio (less is closer): 3.0; held-out sounds score 0.0."


def test_without_a_terminal_it_prints_lines(capsys) -> None:  # type: ignore[no-untyped-def]
    PlainLines().report(Report(7, 60, 0.25, None, "", {"critic distance": 1}))
    PlainLines().note("so [bold]")
    assert capsys.readouterr().out == "step 7 · 4.0 s/step · critic distance 1.000\nso [bold]\n"
