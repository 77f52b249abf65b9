"""Demand and supply as a map: one polygon a segment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import h3

CALM = {"multiplier": 1.0, "reason": None, "code": "normal", "values": None}
"""Surge where there is none."""

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Heat:
    """What is known of a city's segments; None: not asked for, or the part that knows it is down.

    `demand`: `{segment, requests, unmet, ...}` each; `supply`: segment → numbers of cars, `{free, busy}`; `forecast`:
    `{segment, requests, usual, ...}` each; `surge`: segment → `{multiplier, reason, code, values}`, those above 1.0.
    """

    demand: Rows | None = None
    supply: Mapping[str, Mapping[str, int]] | None = None
    forecast: Rows | None = None
    surge: Mapping[str, Mapping[str, Any]] | None = None


def demand_map(heat: Heat, segments: Collection[str] | None = None) -> dict[str, Any]:
    """GeoJSON (RFC 7946) of the segments of which anything is known; `segments`: only these."""
    rows: dict[str, dict[str, Any]] = {}
    for row in heat.demand or ():
        rows.setdefault(row["segment"], {}).update(row)
    for segment, cars in (heat.supply or {}).items():
        rows.setdefault(segment, {}).update(cars)
    for row in heat.forecast or ():
        rows.setdefault(row["segment"], {}).update(forecast=row["requests"], usual=row["usual"])
    for segment, surge in (heat.surge or {}).items():
        rows.setdefault(segment, {}).update(surge={name: surge[name] for name in CALM})
    blank = _blank(heat)
    wanted = [name for name in sorted(rows) if h3.is_valid_cell(name) and (segments is None or name in segments)]
    features = [_feature(name, {"segment": name, **blank, **rows[name]}) for name in wanted]
    return {"type": "FeatureCollection", "features": features}


def _blank(heat: Heat) -> dict[str, Any]:
    """What a segment has that no part names: nothing, or null where the part did not answer."""
    return {
        **dict.fromkeys(("requests", "unmet"), None if heat.demand is None else 0),
        **dict.fromkeys(("free", "busy"), None if heat.supply is None else 0),
        **dict.fromkeys(("forecast", "usual"), None if heat.forecast is None else 0.0),
        "surge": None if heat.surge is None else CALM,
    }


def _feature(segment: str, properties: dict[str, Any]) -> dict[str, Any]:
    ring = [[lng, lat] for lat, lng in h3.cell_to_boundary(segment)]
    return {
        "type": "Feature",
        "id": segment,
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        "properties": properties,
    }
