"""An offer that its driver has not seen may go to a better one; an offer that he has seen, or taken, never."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.dispatch import FAR, NEAR, Teller, World, made, request
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("matching")


def offered_far(partners: World, teller: Teller) -> tuple[str, dict[str, Any]]:
    """A trip whose only driver is far, and its offer; a much nearer driver comes right after."""
    partners.drivers["far"] = FAR
    trip_id = request(partners, teller)
    offer = made(partners, teller, trip_id)
    return trip_id, offer


def passed(partners: World, method: str, times: int = 2) -> None:
    """Wait until it was asked some more times."""
    before = partners.calls.count(method)
    eventually(lambda: partners.calls.count(method) >= before + times, why=f"{method} was not asked")


def test_a_much_nearer_driver_gets_a_trip_whose_offer_nobody_has_seen(partners: World, teller: Teller) -> None:
    trip_id, first = offered_far(partners, teller)
    partners.drivers["near"] = NEAR
    eventually(lambda: (partners.offer_of(trip_id) or first)["driver_id"] == "near")
    assert [offer["driver_id"] for offer in partners.open_offers()] == ["near"]
    other = request(partners, teller)
    assert eventually(lambda: partners.offer_of(other))["driver_id"] == "far", "he is free again"


def test_an_offer_that_was_seen_stays_with_its_driver(partners: World, teller: Teller) -> None:
    trip_id, first = offered_far(partners, teller)
    partners.shown.add(first["offer_id"])
    partners.drivers["near"] = NEAR
    passed(partners, "list_unshown_offers")
    assert partners.offer_of(trip_id) == partners.offers[first["offer_id"]]
    assert len(partners.offers) == 1


def test_an_offer_seen_at_the_last_moment_stays_and_the_better_driver_is_free_for_others(
    partners: World, teller: Teller
) -> None:
    trip_id, first = offered_far(partners, teller)
    partners.meanwhile["make_offers"] = lambda: partners.shown.add(first["offer_id"])
    partners.drivers["near"] = NEAR
    passed(partners, "make_offers", 1)
    assert partners.offers[first["offer_id"]]["open"]
    other = request(partners, teller)
    assert eventually(lambda: partners.offer_of(other))["driver_id"] == "near"
    assert partners.offer_of(trip_id) == partners.offers[first["offer_id"]]
