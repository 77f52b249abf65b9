from random import Random

import pytest

from hansom.bots.measures import Measures, Rate, Spread


def test_quantiles_are_right_to_four_percent() -> None:
    rng, spread, values = Random(1), Spread(), []
    for _ in range(5000):
        value = rng.expovariate(5)
        values.append(value)
        spread.add(value)
    values.sort()
    for share in (0.5, 0.9, 0.99):
        assert spread.quantile(share) == pytest.approx(values[int(share * 5000) - 1], rel=0.04)


def test_nothing_measured_has_no_quantile() -> None:
    assert Spread().quantile(0.5) is None
    assert Spread().as_dict()["p99_s"] is None


def test_a_rate_counts_whole_seconds_and_forgets_old_ones() -> None:
    rate = Rate(window_s=5)
    for tenth in range(100):
        rate.add(100 + tenth / 10)
    assert rate.a_second(110.0) == 10
    assert rate.a_second(200.0) == 0
    assert rate.total == 100


def test_bots_that_are_late_by_over_a_second_say_so() -> None:
    measures = Measures()
    for _ in range(980):
        measures.lateness.add(0.001)
    assert not measures.falling_behind
    for _ in range(20):
        measures.lateness.add(1.5)
    assert measures.falling_behind
