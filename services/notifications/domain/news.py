"""Which user hears of what has happened, under which name, and how much of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class News:
    """An event of one user's stream."""

    user_id: str
    event: str
    data: dict[str, Any]
    trip_id: str | None = None


Data = Mapping[str, Any]


def _to_rider(event: str, data: Data) -> News:
    trip = dict(data["trip"])
    return News(trip["rider_id"], event, {"trip": trip, "trip_id": trip["id"]}, trip["id"])


def _to_driver(event: str, data: Data, driver_id: str) -> News:
    """The driver's copy has no PIN: he is told it by his rider."""
    trip = {**data["trip"], "pin": None}
    return News(driver_id, event, {"trip": trip, "trip_id": trip["id"]}, trip["id"])


def _both(event: str) -> Callable[[Data], list[News]]:
    """To the rider and to the driver who has the trip, or had it until this event."""

    def news(data: Data) -> list[News]:
        told = [_to_rider(event, data)]
        driver_id = data.get("driver_id") or data["trip"].get("driver_id")
        if driver_id:
            told.append(_to_driver(event, data, driver_id))
        return told

    return news


def _returned(data: Data) -> list[News]:
    """To the rider, whose driver is gone, and to that driver, on all his devices: he is free. Both are told why."""
    told = [_to_rider("driver_cancelled", data), _to_driver("trip_returned", data, data["former_driver_id"])]
    return [replace(news, data={**news.data, "reason": data.get("reason")}) for news in told]


def _rider(event: str) -> Callable[[Data], list[News]]:
    return lambda data: [_to_rider(event, data)]


def _flat(event: str, whom: str) -> Callable[[Data], list[News]]:
    """The event's own data, to the user whose id stands in the field `whom`."""

    def news(data: Data) -> list[News]:
        told = {name: value for name, value in data.items() if name not in ("driver_id", "rider_id")}
        return [News(data[whom], event, told, data.get("trip_id"))]

    return news


def _charged(event: str, of_tip: str) -> Callable[[Data], list[News]]:
    """To the rider: `event` of what a trip costs, `of_tip` of a tip. Before there were tips, nobody said what of."""
    of_trip, tip = _flat(event, "rider_id"), _flat(of_tip, "rider_id")
    return lambda data: tip(data) if data.get("kind") == "tip" else of_trip(data)


def _refunded(data: Data) -> list[News]:
    """To the rider, and to the driver what he bears of it."""
    told = {name: data[name] for name in ("refund_id", "trip_id", "amount", "reason", "credit_note_number")}
    news = [News(data["rider_id"], "payment_refunded", told, data["trip_id"])]
    if data["from_driver"]["amount_minor"]:
        borne = {**told, "amount": data["from_driver"], "credit_note_number": None}
        news.append(News(data["driver_id"], "payment_refunded", borne, data["trip_id"]))
    return news


NEWS: dict[str, Callable[[Data], list[News]]] = {
    "trips.trip_assigned": _both("trip_assigned"),
    "trips.driver_arrived": _both("driver_arrived"),
    "trips.trip_started": _both("trip_started"),
    "trips.trip_changed": _both("trip_changed"),
    "trips.trip_completed": _both("trip_completed"),
    "trips.trip_cancelled": _both("trip_cancelled"),
    "trips.trip_expired": _rider("trip_expired"),
    "trips.trip_returned": _returned,
    "trips.trip_settled": _both("trip_settled"),
    "trips.offer_made": _flat("offer_made", "driver_id"),
    "trips.offer_withdrawn": _flat("offer_withdrawn", "driver_id"),
    "payments.payment_captured": _charged("payment_captured", "tip_charged"),
    "payments.payment_failed": _charged("payment_failed", "tip_failed"),
    "payments.payment_refunded": _refunded,
    "payments.debt_settled": _flat("debt_settled", "rider_id"),
    "payments.tip_received": _flat("tip_received", "driver_id"),
    "payments.payout_sent": _flat("payout_sent", "driver_id"),
    "payments.payout_failed": _flat("payout_failed", "driver_id"),
    "analytics.demand_hinted": _flat("demand_hint", "driver_id"),
}
"""Event → its news. What is not named here is nobody's news (`trip_requested`: the rider did it himself)."""


def news_of(name: str, data: Data) -> list[News]:
    """The news of an event called `<publisher>.<type>`. Raises KeyError when its data is not what it should be."""
    tell = NEWS.get(name)
    return tell(data) if tell is not None else []
