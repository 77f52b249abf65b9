"""A trip's timeline, put together of what the services tell."""

from __future__ import annotations

from typing import Any

from services.gateway.asking import ask_all
from services.gateway.routes.needs import Needs
from services.gateway.timeline_words import words_of

ORDER = ("pricing", "matching", "trips", "payments", "ratings")
"""Of what happened at the same time, what these tell comes in this order."""

DEADLINE_S = 2.0


def timeline_of(services: Needs, trip_id: str) -> dict[str, Any]:
    """The reply of the route. Raises UnknownTrip; Unavailable while trips itself is away."""
    payload = {"trip_id": trip_id}
    beside = {name: (getattr(services, name), "get_timeline", payload) for name in ("matching", "payments", "ratings")}
    own = services.trips.call_async("get_timeline", payload, DEADLINE_S)
    answers = ask_all(beside)
    told = own.result()
    parts = {"trips": told, **answers.of}
    people = {who["id"] for part in parts.values() for item in part["items"] if (who := item["who"]) and who["id"]}
    trip = told["trip"]
    quoted = {"quote_id": trip["quote_id"], "category": trip["category"]}
    more = ask_all(
        {
            "pricing": (services.pricing, "get_timeline", quoted),
            "users": (services.users, "get_profiles", {"user_ids": sorted({*people, trip["rider_id"]})}),
        }
    )
    parts["pricing"] = more.get("pricing")
    items = [item for name in ORDER for item in parts.get(name, {}).get("items", ())]
    items.sort(key=lambda item: item["at"])
    names = {user_id: profile["name"] for user_id, profile in more.get("users").get("items", {}).items()}
    return {
        "trip_id": trip_id,
        "items": [_told(item, names) for item in items],
        "missing": answers.missing + more.missing,
    }


def _told(item: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """An item with the name of who did it, and with its words."""
    who = item["who"] and {**item["who"], "name": names.get(item["who"]["id"])}
    return {**item, "who": who, "words": words_of(item["code"], who, item["values"])}
