"""The files that a city is served from, in `CITY_DATA/<city>/`: their form, reading and writing them."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from hansom.values import Point

VERSION = 1
"""Of the files' form and of what goes into them: raise it and cities are prepared anew."""

SEGMENTS_FILE = "segments.json"
PLACES_FILE = "places.json"
EDGES_FILE = "edges.json"
MEASURES_FILE = "measures.json"


@dataclass(frozen=True, slots=True)
class Place:
    """A place with a name. `also` are its other names; `weight` how much it is asked for, 0 to 1."""

    name: str
    kind: str
    point: Point
    also: tuple[str, ...] = ()
    weight: float = 0.5


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured on a city's roads: how much longer than the straight line they are (median of road / straight,
    at least 1), how fast they are driven (median of metres per second over whole drives), and on how many drives."""

    detour: float
    speed_mps: float
    pairs: int


def read_segments(folder: Path) -> list[str]:
    """The city's H3 cells. Raises OSError, ValueError when the file is of another version or damaged."""
    return list(_read(folder / SEGMENTS_FILE)["cells"])


def read_places(folder: Path) -> list[Place]:
    """The city's places. Raises OSError, ValueError when the file is of another version or damaged."""
    rows = _read(folder / PLACES_FILE)["places"]
    return [Place(name, kind, Point(lat, lng), tuple(also), weight) for name, kind, lat, lng, weight, also in rows]


def read_edges(folder: Path) -> list[list[int]]:
    """The edges of the city's roads (`hansom.cities.edges`). Raises OSError, ValueError for a damaged file."""
    return list(_read(folder / EDGES_FILE)["edges"])


def read_measures(folder: Path) -> Measures:
    """The city's measures. Raises OSError (FileNotFoundError: never measured), ValueError for a damaged file."""
    content = _read(folder / MEASURES_FILE)
    try:
        found = Measures(float(content["detour"]), float(content["speed_mps"]), int(content["pairs"]))
    except (KeyError, TypeError) as exc:
        raise ValueError(f"{folder / MEASURES_FILE} is damaged: prepare the city again") from exc
    if not (found.detour >= 1 and found.speed_mps > 0):
        raise ValueError(f"{folder / MEASURES_FILE} holds impossible measures: prepare the city again")
    return found


def write_measures(folder: Path, measures: Measures) -> None:
    """Write `measures.json`, whole or not at all. Raises OSError."""
    write_file(folder / MEASURES_FILE, asdict(measures))


def write_file(path: Path, content: dict[str, Any]) -> None:
    """Write one of a city's files in the present version, whole or not at all. Raises OSError."""
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    unfinished.write_bytes(orjson.dumps({"version": VERSION, **content}))
    unfinished.replace(path)


def _read(path: Path) -> dict[str, Any]:
    content = orjson.loads(path.read_bytes())
    if content.get("version") != VERSION:
        raise ValueError(f"{path} is of another version: prepare the city again")
    return content
