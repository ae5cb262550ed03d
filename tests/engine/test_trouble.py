"""A generator's troubles in words."""

from __future__ import annotations

from engine.trouble import PAUSES, SLOW_SECONDS, Trouble


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def said(trouble: Trouble) -> list[str]:
    return [trouble.notices.get() for _ in range(trouble.notices.qsize())]


def test_failures_are_said_once_and_tried_again_ever_later() -> None:
    watch = Watch()
    trouble = Trouble(watch)
    for pause in (*PAUSES, PAUSES[-1]):
        trouble.begin()
        trouble.failed("no memory")
        assert trouble.waiting
        watch.now += pause
        assert not trouble.waiting
    (sentence,) = said(trouble)
    assert "(no memory)" in sentence
    trouble.begin()
    trouble.worked()
    assert said(trouble) == ["The instrument makes sounds again."]
    trouble.worked()
    assert said(trouble) == []


def test_sounds_that_are_no_numbers_put_nothing_off() -> None:
    trouble = Trouble(Watch())
    trouble.spoilt()
    trouble.spoilt()
    assert len(said(trouble)) == 1
    assert not trouble.waiting
    trouble.failed("x")
    assert said(trouble) == []  # it is in trouble already
    trouble.worked()
    assert len(said(trouble)) == 1


def test_a_run_that_takes_long_is_said_once() -> None:
    watch = Watch()
    trouble = Trouble(watch)
    trouble.begin()
    trouble.look()
    assert said(trouble) == []
    watch.now += SLOW_SECONDS + 0.1
    trouble.look()
    trouble.look()
    assert len(said(trouble)) == 1
    trouble.worked()
    assert len(said(trouble)) == 1
    watch.now += 99
    trouble.look()
    assert said(trouble) == []
