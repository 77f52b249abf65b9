"""How much one client may send: at once, and for long."""

from __future__ import annotations

import pytest

from services.gateway.socket.flood import Rate


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rate(clock: Clock) -> Rate:
    return Rate(per_s=10, burst=50, clock=clock)


def test_a_burst_costs_no_waiting(rate: Rate) -> None:
    bucket = rate.bucket()
    assert [rate.spend(bucket, 1) for _ in range(50)] == [0.0] * 50


def test_who_goes_on_waits_for_as_long_as_what_he_sent_takes_at_the_rate(rate: Rate, clock: Clock) -> None:
    bucket = rate.bucket()
    rate.spend(bucket, 50)
    assert rate.spend(bucket, 20) == pytest.approx(2.0)
    clock.now += 2.0
    assert rate.spend(bucket, 1) == pytest.approx(0.1)


def test_a_bucket_holds_no_more_than_a_burst_however_long_its_client_was_silent(rate: Rate, clock: Clock) -> None:
    bucket = rate.bucket()
    rate.spend(bucket, 60)
    clock.now += 86_400
    assert rate.spend(bucket, 50) == 0.0
    assert rate.spend(bucket, 60) >= 0.9


def test_the_rate_holds_over_a_long_time(rate: Rate, clock: Clock) -> None:
    bucket, sent, began = rate.bucket(), 0, clock.now
    while clock.now < began + 1000:
        clock.now += rate.spend(bucket, 7)
        sent += 7
    assert sent <= 10 * 1000 + 50 + 7
