"""Promo codes for tests: codes, quotes with them, and what becomes of their trips."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook

from hansom.events import Event
from tests.support.pricing_world import DROPOFF, PICKUP

Call = Callable[[str, dict[str, Any]], dict[str, Any]]

OPS = {"user_id": "ops-1", "role": "ops"}
TWO_EUROS = {"amount_minor": 200, "currency": "EUR"}


def a_code(call: Call, **more: Any) -> str:
    """A new code: two euros off, once a rider, unless `more` says otherwise."""
    code = f"T-{uuid4().hex[:10].upper()}"
    call("create_promo", {"code": code, "kind": "fixed", "amount": TWO_EUROS, "actor": OPS, **more})
    return code


def a_quote(call: Call, code: str | None = None, rider: str = "rider-1") -> dict[str, Any]:
    return call("quote", {"rider_id": rider, "pickup": PICKUP, "dropoff": DROPOFF, "promo_code": code})


def a_request(quote: dict[str, Any], trip_id: str | None = None, *, first_ride: bool = False) -> dict[str, Any]:
    """What trips asks when it writes a trip."""
    asked = {"trip_id": trip_id or uuid4().hex, "rider_id": quote["rider_id"], "quote_id": quote["id"]}
    return {**asked, "category": "standard", "first_ride": first_ride}


def an_event(
    type_: str,
    trip_id: str,
    *,
    rider: str = "rider-1",
    started: bool = False,
    ended_early: bool | None = None,
    **data: Any,
) -> Event:
    """An event of trips, as far as pricing reads it. `ended_early` None: of a version that did not tell."""
    trip: dict[str, Any] = {
        "id": trip_id,
        "rider_id": rider,
        "city": "helsinki",
        "pickup": PICKUP,
        "requested_at": "2026-03-02T12:00:00Z",
        "started_at": "2026-03-02T12:05:00Z" if started else None,
    }
    if ended_early is not None:
        trip["ended_early"] = ended_early
    return Event(uuid4().hex, type_, 1, datetime.now(UTC), "trips", trip_id, {"trip": trip, **data})


def tell(service: ServiceContainer, *events: Event) -> None:
    """The service hears of these."""
    with entrypoint_hook(service, "on_events") as hear:
        hear(list(events))


def uses(call: Call, code: str) -> int:
    """How often a code is reserved or used."""
    return call("get_promo", {"code": code})["uses"]


def breaches(call: Call) -> dict[str, list[str]]:
    """What pricing's audit finds broken."""
    return {check["name"]: check["breaches"] for check in call("audit", {})["checks"] if check["breaches"]}
