import pytest

from trainer.measure.metrics import METRICS, Better, Verdict, metric


@pytest.mark.parametrize(
    ("key", "value", "verdict"),
    [
        ("mmd", 5, "good"),
        ("mmd", 22, "fair"),
        ("mmd", 80, "poor"),
        ("coverage", 0.9, "good"),
        ("coverage", 0.3, "poor"),
        ("peakiness_90", 7, "good"),
        ("peakiness_90", 13, "fair"),
        ("copies", 0.0, "good"),
        ("copies", 0.3, "poor"),
        ("descriptor: brightness", 30, "poor"),
    ],
)
def test_a_figure_is_judged_beside_held_out_sounds(key: str, value: float, verdict: str) -> None:
    floor, interval = (0.85, (0.8, 0.9)) if key == "coverage" else (9.0, (8.0, 10.0))
    assert metric(key).judge(value, floor, interval) is Verdict(verdict)


def test_every_verdict_has_words_and_what_is_near_has_them_for_both_sides() -> None:
    for row in METRICS:
        assert len(row.words) == (5 if row.better is Better.NEAR else 3)
        assert all(row.say(verdict, above) for verdict in Verdict for above in (False, True))
    row = metric("peakiness_90")
    assert row.say(Verdict.POOR, True) != row.say(Verdict.POOR, False)
    assert row.say(Verdict.GOOD, True) == row.say(Verdict.GOOD, False)
