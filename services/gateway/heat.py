"""The heat map's parts, asked for all at once. One that is down is null on the map and named in `missing`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hansom.contracts.errors import Unavailable
from hansom.wire import iso
from services.gateway.geojson import Heat, demand_map
from services.gateway.routes.needs import Needs

PART_DEADLINE_S = 2.0

FORECAST = ("from", "until", "level", "history_weeks", "total")
"""What is told of the forecast of the whole city."""

HOUR = timedelta(hours=1)


def heat_map(parts: Needs, city: str, at: datetime | None, now: datetime) -> dict[str, Any]:
    """Without `at`: the last hour's requests, cars and surge now, and what the next half hour brings. With it: the hour
    that holds it, when it is past, or the forecast of the half hour from it on. Raises Invalid, UnknownCity."""
    if at is None:
        asked = {
            "demand": parts.analytics.call_async("demand", {"city": city}, PART_DEADLINE_S),
            "supply": parts.location.call_async("supply_by_segment", {}, PART_DEADLINE_S),
            "forecast": parts.analytics.call_async("forecast", {"city": city}, PART_DEADLINE_S),
            "surge": parts.pricing.call_async("surge_by_segment", {"city": city}, PART_DEADLINE_S),
        }
    elif at <= now:
        hour = at.replace(minute=0, second=0, microsecond=0)
        span = {"since": iso(hour), "until": iso(hour + HOUR)}
        asked = {"demand": parts.analytics.call_async("demand_by_hour", {"city": city, **span})}
    else:
        asked = {"forecast": parts.analytics.call_async("forecast", {"city": city, "at": iso(at)})}
    segments = parts.maps.call_async("get_segments", {"city": city})
    found, missing = _answers(asked)
    cells = _answer(segments)
    seen = {**demand_map(_heat(found), None if cells is None else frozenset(cells["cells"])), "city": city}
    told = found.get("forecast")
    forecast = None if told is None else {name: told[name] for name in FORECAST}
    return {**seen, "at": iso(at or now), "forecast": forecast, "missing": missing}


def _answers(asked: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Part → its answer, and which parts did not give one."""
    found: dict[str, Any] = {}
    missing = []
    for part, reply in asked.items():
        try:
            found[part] = reply.result()
        except Unavailable as exc:
            missing.append({"part": part, "code": exc.code})
    return found, missing


def _answer(reply: Any) -> Any:
    try:
        return reply.result()
    except Unavailable:
        return None  # then the map shows the segments of other cities too


def _heat(found: dict[str, Any]) -> Heat:
    items = {part: answer["items"] for part, answer in found.items()}
    if "surge" in found and not found["surge"]["known"]:
        items.pop("surge")
    return Heat(**items)
