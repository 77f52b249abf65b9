"""Demand and supply as a map: one polygon a segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import h3


def demand_map(demand: Sequence[Mapping[str, Any]], supply: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """GeoJSON (RFC 7946) of the segments with demand or supply.

    `demand`: `{segment, requests, unmet, ...}` each; `supply`: segment → numbers of cars, `{free, busy}`.
    """
    by_segment: dict[str, dict[str, Any]] = {row["segment"]: dict(row) for row in demand}
    for segment, cars in supply.items():
        by_segment.setdefault(segment, {"segment": segment}).update(cars)
    features = [_feature(segment, row) for segment, row in sorted(by_segment.items()) if h3.is_valid_cell(segment)]
    return {"type": "FeatureCollection", "features": features}


def _feature(segment: str, row: dict[str, Any]) -> dict[str, Any]:
    ring = [[lng, lat] for lat, lng in h3.cell_to_boundary(segment)]
    return {
        "type": "Feature",
        "id": segment,
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        "properties": {"requests": 0, "unmet": 0, "free": 0, "busy": 0, **row},
    }
