"""A whole driver, put together of what the services tell of him."""

from __future__ import annotations

from typing import Any

from services.gateway.asking import ask_all, names_of
from services.gateway.routes.needs import Needs

DEADLINE_S = 2.0


def driver_of(services: Needs, driver_id: str) -> dict[str, Any]:
    """The reply of the route. Raises UnknownDriver; Unavailable while drivers itself is away."""
    own = services.drivers.call_async("get_record", {"driver_id": driver_id}, DEADLINE_S)
    one = {"driver_ids": [driver_id]}
    answers = ask_all(
        {
            "location": (services.location, "get_positions", one),
            "trips": (services.trips, "get_active_by_driver", one),
            "totals": (services.trips, "count_of_driver", {"driver_id": driver_id}),
            "payments": (services.payments, "get_earnings", {"driver_id": driver_id, "limit": 1}),
            "users": (services.users, "get_profiles", {"user_ids": [driver_id]}),
        }
    )
    driver = own.result()
    deciders = {each["by"] for each in driver["decisions"]}
    deciders |= {each["decided_by"] for each in driver["documents"] if each["decided_by"]}
    names = names_of(services.users, deciders)
    profile = answers.get("users").get("items", {}).get(driver_id, {})
    return {
        **driver,
        "email": profile.get("email"),
        "phone": profile.get("phone"),
        "decisions": [{**each, "by": _person(each["by"], names)} for each in driver["decisions"]],
        "documents": [with_names(each, names) for each in driver["documents"]],
        "position": answers.get("location").get("items", {}).get(driver_id),
        "trip": _trip(answers.get("trips").get("items", {}).get(driver_id)),
        "totals": _totals(answers.get("totals"), answers.get("payments").get("totals")),
        "missing": answers.missing,
    }


def with_names(document: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A document with the name of the operator who decided about it."""
    return {**document, "decided_by": _person(document["decided_by"], names)}


def _person(user_id: str | None, names: dict[str, str]) -> dict[str, Any] | None:
    return None if user_id is None else {"id": user_id, "name": names.get(user_id)}


def _trip(active: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if active is None else {"id": active["trip_id"], "state": active["state"]}


def _totals(counts: dict[str, Any], earned: dict[str, Any] | None) -> dict[str, Any] | None:
    """What he drove and earned; null when both are not known."""
    if not counts and earned is None:
        return None
    known = {name: counts.get(name) for name in ("trips", "completed", "cancelled")}
    money = {"earned": earned["amount"], "to_be_paid": earned["to_be_paid"]} if earned else {}
    return {**known, "earned": None, "to_be_paid": None, **money}
