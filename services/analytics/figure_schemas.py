"""Figures by minute, demand, and counts of positions: the wire ↔ what the use cases take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hansom.contracts.analytics import FiguresReply, SegmentDemand
from hansom.wire import iso, parse_time
from services.analytics.usecases.watching import Seen


def positions_counted(reply: dict[str, Any]) -> tuple[dict[tuple[str, datetime], int], datetime]:
    """(city, minute) → positions, and until when they were counted, of `location.count_positions`."""
    return {(city, _moment(minute)): count for city, minute, count in reply["items"]}, _moment(reply["until"])


def _moment(text: str) -> datetime:
    moment = parse_time(text)
    assert moment is not None
    return moment


def figures_reply(city: str, seen: Seen, now: datetime) -> FiguresReply:
    """Figures by minute, and of the day."""
    return {
        "city": city,
        "interval_s": 60,
        "at": [iso(start) or "" for start in seen.starts],
        "until": iso(now) or "",
        "series": seen.lines,
        "today": {"since": iso(seen.since) or "", **seen.today},  # type: ignore[typeddict-item]
    }


def demand_reply(city: str, lines: list[SegmentDemand], since: datetime, until: datetime) -> dict[str, Any]:
    return {"city": city, "since": iso(since), "until": iso(until), "items": lines}


def demand_by_hour_reply(city: str, hours: list[tuple[datetime, list[SegmentDemand]]]) -> dict[str, Any]:
    """A line for each segment of each hour."""
    return {"city": city, "items": [{"hour": iso(hour), **line} for hour, lines in hours for line in lines]}
