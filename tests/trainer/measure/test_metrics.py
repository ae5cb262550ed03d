import pytest

from trainer.measure.metrics import METRICS, Better, Verdict, metric


@pytest.mark.parametrize(
    ("key", "value", "floor", "verdict"),
    [
        ("mmd", 8, 10, "good"),
        ("mmd", 12, 10, "good"),  # not worse for sure
        ("mmd", 22, 10, "fair"),
        ("mmd", 80, 10, "poor"),
        ("mmd", 1, -3, "good"),
        ("mmd", 60, -3, "poor"),
        ("coverage", 0.8, 0.85, "good"),
        ("coverage", 0.6, 0.85, "fair"),
        ("coverage", 0.3, 0.85, "poor"),
        ("peakiness_90", 18, 20, "good"),
        ("peakiness_90", 25, 20, "fair"),
        ("peakiness_90", 10, 20, "poor"),
        ("copies", 0.0, 0.4, "good"),
        ("copies", 0.3, 0.4, "poor"),
        ("descriptor: brightness", 3, 0.2, "poor"),
    ],
)
def test_a_figure_is_judged_beside_held_out_sounds(key: str, value: float, floor: float, verdict: str) -> None:
    margin = 0.2 * abs(value)
    assert metric(key).judge(value, (value - margin, value + margin), floor) is Verdict(verdict)


def test_an_interval_so_wide_that_all_may_be_is_told_as_such() -> None:
    for key, value, interval, floor in (
        ("mmd", -18.3, (-72.6, 72.2), 20),
        ("mmd", 80, (-20, 180), 10),
        ("coverage", 0.6, (0.0, 1.0), 0.9),
        ("peakiness_90", 20, (12, 28), 20),
    ):
        assert metric(key).judge(value, interval, floor) is Verdict.UNSURE
    assert metric("mmd").say(Verdict.UNSURE, False) == "too few sounds to tell"


def test_every_verdict_has_words_and_what_is_near_has_them_for_both_sides() -> None:
    for row in METRICS:
        assert len(row.words) == (5 if row.better is Better.NEAR else 3)
        assert all(row.say(verdict, above) for verdict in Verdict for above in (False, True))
    row = metric("peakiness_90")
    assert row.say(Verdict.POOR, True) != row.say(Verdict.POOR, False)
    assert row.say(Verdict.GOOD, True) == row.say(Verdict.GOOD, False)
