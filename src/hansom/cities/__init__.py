"""Cities, as configuration: where they are, what they cost, how finely they are divided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hansom.contracts.errors import NotFound, error
from hansom.values import Point

__all__ = ["Area", "City", "SegmentSizes", "UnknownCity", "cities", "city_at", "city_of"]

FINEST = 11
"""The finest H3 resolution of a segment: about 60 m across."""


@error
class UnknownCity(NotFound):
    code = "unknown_city"
    message = "There is no such city in the settings."


@dataclass(frozen=True, slots=True)
class Area:
    """A box in WGS 84 degrees, borders included. It does not cross the 180th meridian."""

    south: float
    west: float
    north: float
    east: float

    def holds(self, point: Point) -> bool:
        return self.south <= point.lat <= self.north and self.west <= point.lng <= self.east

    @property
    def centre(self) -> Point:
        return Point((self.south + self.north) / 2, (self.west + self.east) / 2)


@dataclass(frozen=True, slots=True)
class SegmentSizes:
    """H3 resolutions of the smallest and the largest segment, and how many metres of road are too many for one."""

    dense: int
    sparse: int
    road_m: float = 1500.0


@dataclass(frozen=True, slots=True)
class City:
    """One entry of `CITIES`. `categories` says, for a car of each category, which categories it may carry."""

    key: str
    name: str
    currency: str
    time_zone: str
    service_area: Area
    segment_sizes: SegmentSizes
    categories: Mapping[str, tuple[str, ...]]
    surge_cap: float = 1.0
    tariffs: tuple[Mapping[str, Any], ...] = ()
    extract: str = ""
    osrm_url: str = ""
    languages: tuple[str, ...] = field(default=())

    @classmethod
    def from_settings(cls, key: str, raw: Mapping[str, Any], default_osrm_url: str = "") -> City:
        """A city from its settings. Raises KeyError, ValueError when they are incomplete or wrong."""
        south, west, north, east = (float(edge) for edge in raw["service_area"])
        if not (-90 <= south < north <= 90 and -180 <= west < east <= 180):
            raise ValueError(f"city {key}: service_area is not south, west, north, east")
        sizes = raw["segment_sizes"]
        dense, sparse = int(sizes["dense"]), int(sizes["sparse"])
        if not 0 <= sparse <= dense <= FINEST:
            raise ValueError(f"city {key}: segment_sizes are H3 resolutions, sparse <= dense <= {FINEST}")
        return cls(
            key=key,
            name=str(raw["name"]),
            currency=str(raw["currency"]),
            time_zone=str(raw["time_zone"]),
            service_area=Area(south, west, north, east),
            segment_sizes=SegmentSizes(dense, sparse, float(sizes.get("road_m", 1500))),
            categories={name: tuple(carries) for name, carries in raw["categories"].items()},
            surge_cap=float(raw.get("surge_cap", 1.0)),
            tariffs=tuple(raw.get("tariffs", ())),
            extract=str(raw.get("extract", "")),
            osrm_url=str(raw.get("osrm_url") or default_osrm_url).rstrip("/"),
            languages=tuple(raw.get("languages", ())),
        )


def cities(config: Mapping[str, Any]) -> dict[str, City]:
    """All cities of the settings by their key, the default city first."""
    default = config.get("DEFAULT_CITY")
    keys = sorted(config["CITIES"], key=lambda key: key != default)
    return {key: City.from_settings(key, config["CITIES"][key], config.get("OSRM_URL") or "") for key in keys}


def city_of(config: Mapping[str, Any], name: str) -> City:
    """The city with this key. Raises UnknownCity."""
    raw = config["CITIES"].get(name)
    if raw is None:
        raise UnknownCity(details={"city": [f"{name} is not a city here."]})
    return City.from_settings(name, raw, config.get("OSRM_URL") or "")


def city_at(config: Mapping[str, Any], point: Point) -> City | None:
    """The city whose service area holds the point, or None: not every place on earth is served."""
    for city in cities(config).values():
        if city.service_area.holds(point):
            return city
    return None
