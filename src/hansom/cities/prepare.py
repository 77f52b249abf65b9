"""Makes the files that a city is served from: its segments and its places. OSRM's road data is made beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hansom.cities import City
from hansom.cities.divide import divide
from hansom.cities.edges import edges_of
from hansom.cities.extract import Extract, read
from hansom.cities.files import EDGES_FILE, PLACES_FILE, SEGMENTS_FILE, VERSION, Place, write_file

__all__ = ["VERSION", "build"]


def build(source: Path | Extract, out: Path, city: City | Mapping[str, Any]) -> None:
    """Write `segments.json`, `places.json` and `edges.json` for a city into the folder `out`.

    `source` is an OpenStreetMap extract that covers the service area, as a file or already read; `city` a City or its
    entry in the settings.
    Each file appears whole or not at all. Raises OSError, RuntimeError for an unreadable extract, ValueError for one
    without roads.
    """
    if not isinstance(city, City):
        city = City.from_settings(str(city.get("key") or out.name), city)
    extract = source if isinstance(source, Extract) else read(source)
    if not any(city.service_area.holds(point) for road in extract.roads for point in road):
        raise ValueError("it has no roads for cars in the service area")
    segments = divide(city.service_area, city.segment_sizes, extract.roads)
    places = [_row(place) for place in extract.places if city.service_area.holds(place.point)]
    out.mkdir(parents=True, exist_ok=True)
    write_file(out / SEGMENTS_FILE, {"city": city.key, "cells": segments})
    write_file(out / PLACES_FILE, {"city": city.key, "places": places})
    write_file(out / EDGES_FILE, {"city": city.key, "edges": edges_of(extract.roads)})


def _row(place: Place) -> list[object]:
    """A compact row: `[name, kind, lat, lng, weight, other names]`."""
    lat, lng = round(place.point.lat, 6), round(place.point.lng, 6)
    return [place.name, place.kind, lat, lng, place.weight, list(place.also)]
