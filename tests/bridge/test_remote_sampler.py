"""How old a report of voices is: what its clock tells beside when it came."""

import pytest

from bridge.remote_sampler import OLDEST_SECONDS, RemoteSampler

RATE = 48000
ROW = [7, 1, 0, 60, 60, 0, 0, 100.0, 1.0, 0, 0, 0, False, False, False]


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def remote(clock):
    return RemoteSampler(None, None, clock)


def report(remote, clock, sent_at, came_at, rows=(ROW,)):
    """A report of the output's frame at `sent_at` seconds that comes at `came_at`."""
    clock.now = 100.0 + came_at
    remote.hear(round(sent_at * RATE), list(rows), RATE)


def test_a_report_ages_from_when_the_voices_stood_so(remote, clock):
    report(remote, clock, 0.0, 0.0)
    assert remote.age() == 0
    clock.now += 0.02
    assert remote.age() == pytest.approx(0.02)
    report(remote, clock, 0.05, 0.08)  # it was 30 ms longer on its way than the first
    assert remote.age() == pytest.approx(0.03, abs=1e-3)
    report(remote, clock, 0.10, 0.10)
    assert remote.age() == pytest.approx(0.0, abs=1e-3)


def test_it_never_counts_as_older_than_says_anything(remote, clock):
    report(remote, clock, 0.0, 0.0)
    clock.now += 60
    assert remote.age() == OLDEST_SECONDS


def test_an_output_that_stood_still_or_jumped_begins_anew(remote, clock):
    report(remote, clock, 0.0, 0.0)
    report(remote, clock, 0.01, 5.0)
    assert remote.age() == pytest.approx(0.0, abs=1e-6)
    report(remote, clock, 100.0, 5.1)
    assert remote.age() == pytest.approx(0.0, abs=1e-6)


def test_two_clocks_that_run_apart_do_not_add_up(remote, clock):
    for second in range(3600):
        report(remote, clock, second, second * (1 + 1e-4))
    assert remote.age() < 0.01


def test_where_nothing_sounds_nothing_ages(remote, clock):
    assert remote.age() == 0
    report(remote, clock, 0.0, 0.0, rows=())
    clock.now += 1
    assert remote.age() == 0
    assert remote.voices() == (0, [])


def test_a_row_is_what_a_sampler_reports(remote, clock):
    report(remote, clock, 0.01, 0.01, [[*ROW[:8], 1e4, 500, 400, 20, True, True, False]])
    clock_frames, (voice,) = remote.voices()
    assert clock_frames == 480
    assert (voice.voice, voice.program, voice.zone, voice.key, voice.position) == (7, 1, 0, 60, 100.0)
    assert voice.step == 64  # six octaves up, as far as any sampler goes
    assert not voice.looping  # a loop that ends before it begins is none
    assert voice.reverse
