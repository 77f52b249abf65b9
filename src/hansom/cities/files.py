"""The files that a city is served from, in `CITY_DATA/<city>/`: their form, and reading them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from hansom.values import Point

VERSION = 1
"""Of the files' form and of what goes into them: raise it and cities are prepared anew."""

SEGMENTS_FILE = "segments.json"
PLACES_FILE = "places.json"


@dataclass(frozen=True, slots=True)
class Place:
    """A place with a name. `also` are its other names; `weight` how much it is asked for, 0 to 1."""

    name: str
    kind: str
    point: Point
    also: tuple[str, ...] = ()
    weight: float = 0.5


def read_segments(folder: Path) -> list[str]:
    """The city's H3 cells. Raises OSError, ValueError when the file is of another version or damaged."""
    return list(_read(folder / SEGMENTS_FILE)["cells"])


def read_places(folder: Path) -> list[Place]:
    """The city's places. Raises OSError, ValueError when the file is of another version or damaged."""
    rows = _read(folder / PLACES_FILE)["places"]
    return [Place(name, kind, Point(lat, lng), tuple(also), weight) for name, kind, lat, lng, weight, also in rows]


def _read(path: Path) -> dict[str, Any]:
    content = orjson.loads(path.read_bytes())
    if content.get("version") != VERSION:
        raise ValueError(f"{path} is of another version: prepare the city again")
    return content
