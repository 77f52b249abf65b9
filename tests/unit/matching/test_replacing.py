"""Better drivers for trips whose offer nobody has seen yet."""

from __future__ import annotations

import pytest

from hansom.contracts.matching import Dropped
from hansom.values import Point
from services.matching.domain.model import Batch, FreeDriver, Proposal, Rules, WaitingTrip
from services.matching.domain.policies import policies
from services.matching.domain.pool import OpenOffer, PooledTrip, PoolView
from services.matching.domain.replacing import Improvable, ripe_offers, settle, with_standing
from services.matching.solver import solve

HERE = Point(60.17, 24.94)
GAIN_S = 30.0


def offered(trip_id: str, driver_id: str, eta_s: float) -> Improvable:
    trip = WaitingTrip(trip_id, "standard", HERE, waited_s=4.0)
    return Improvable(trip, OpenOffer(trip_id, f"offer-{trip_id}", driver_id, 20_000, 1_000, eta_s), eta_s)


def decide(
    times: dict[tuple[str, str], float], *improvable: Improvable, policy: str = "batch"
) -> tuple[Proposal, dict[str, OpenOffer]]:
    """What comes of a batch of these trips and of others that wait, with these road times."""
    others = sorted({trip_id for trip_id, _ in times} - {each.trip.trip_id for each in improvable})
    trips = [*(WaitingTrip(trip_id, "standard", HERE) for trip_id in others), *(each.trip for each in improvable)]
    drivers = tuple(FreeDriver(driver_id, HERE) for driver_id in sorted({driver_id for _, driver_id in times}))
    whole, true_s = with_standing(Batch(tuple(trips), drivers, times), improvable, GAIN_S)
    return settle(policies(solve)[policy](whole, Rules()), improvable, true_s, GAIN_S)


@pytest.mark.parametrize("policy", ["batch", "foresight"])
def test_a_much_nearer_driver_takes_over_an_offer_and_the_record_has_the_true_times(policy: str) -> None:
    proposal, replaced = decide({("t", "old"): 300.0, ("t", "new"): 100.0}, offered("t", "old", 310.0), policy=policy)
    assert replaced["t"].offer_id == "offer-t"
    rows = {row.driver_id: row for row in proposal.considered}
    assert (rows["old"].dropped, rows["old"].pickup_eta_s) == (Dropped.ANOTHER_DRIVER, 300.0)
    assert [pair.driver_id for pair in proposal.pairs] == ["new"]
    for row in rows.values():
        assert row.score == pytest.approx(sum(row.parts.values()))


def test_a_little_nearer_is_not_enough_and_leaves_no_trace() -> None:
    proposal, replaced = decide({("t", "old"): 300.0, ("t", "new"): 271.0}, offered("t", "old", 310.0))
    assert not replaced
    assert not proposal.considered


def test_a_trip_without_an_offer_gets_the_driver_before_one_that_has_one() -> None:
    times = {("t", "old"): 900.0, ("t", "new"): 100.0, ("bare", "new"): 800.0}
    proposal, replaced = decide(times, offered("t", "old", 900.0))
    assert not replaced
    assert [(pair.trip_id, pair.driver_id) for pair in proposal.pairs] == [("bare", "new")]


def test_a_driver_who_is_not_found_any_more_counts_with_what_he_promised() -> None:
    assert not decide({("t", "new"): 290.0}, offered("t", "old", 300.0))[1]
    assert decide({("t", "new"): 260.0}, offered("t", "old", 300.0))[1]


def test_only_offers_of_a_window_ago_that_can_be_bettered_are_looked_at() -> None:
    waiting = [PooledTrip(trip_id, "helsinki", "standard", HERE, 0, False) for trip_id in "abcdef"]
    offers = [
        OpenOffer("a", "o", "d", 20_000, 8_000, 300.0),
        OpenOffer("b", "o", "d", 20_000, 9_000, 300.0),
        OpenOffer("c", "o", "d", 9_999, 8_000, 300.0),
        OpenOffer("d", "o", "d", 20_000, 8_000, 30.0),
        OpenOffer("e", "", "", 20_000),
        OpenOffer("another city's", "o", "d", 20_000, 8_000, 300.0),
    ]
    view = PoolView(tuple(waiting), tuple(offers), {}, frozenset(), built=True)
    assert [offer.trip_id for offer in ripe_offers(view, 10_000, 2.0, GAIN_S)] == ["a"]
