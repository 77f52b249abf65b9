"""Cities, as configuration: where they are, what they cost, how finely they are divided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hansom.cities.added import added_cities
from hansom.contracts.maps import UnknownCity
from hansom.values import Point

__all__ = [
    "Area",
    "City",
    "SegmentSizes",
    "UnknownCity",
    "categories_of",
    "cities",
    "cities_ever",
    "city_at",
    "city_of",
    "city_settings",
    "osrm_urls",
]

FINEST = 11
"""The finest H3 resolution of a segment: about 60 m across."""


@dataclass(frozen=True, slots=True)
class Area:
    """A box in WGS 84 degrees, borders included. It does not cross the 180th meridian."""

    south: float
    west: float
    north: float
    east: float

    def holds(self, point: Point) -> bool:
        return self.south <= point.lat <= self.north and self.west <= point.lng <= self.east

    def overlaps(self, other: Area) -> bool:
        """Whether they share more than a border."""
        return max(self.south, other.south) < min(self.north, other.north) and max(self.west, other.west) < min(
            self.east, other.east
        )

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
    """One entry of `CITIES`. `categories` says, for a car of each category, which categories it may carry.

    `payout_minimum`: minor units; what a driver is owed waits until it is as much. A retired city is served no longer;
    what was ridden there is still paid and shown.
    """

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
    payout_minimum: int = 0
    retired: bool = False

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
            payout_minimum=int(raw.get("payout_minimum", 0)),
            retired=bool(raw.get("retired", False)),
        )


def city_settings(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Settings of all cities by their key: `CITIES`, and what `./hansom city add` keeps in `CITY_DATA`.

    Retired cities are among them. Raises ValueError for a damaged file.
    """
    folder = config.get("CITY_DATA")
    return {**(added_cities(Path(folder)) if folder else {}), **config["CITIES"]}


def osrm_urls(text: str) -> dict[str, str]:
    """Road servers by city, from `OSRM_URLS`: `turku=http://127.0.0.1:5001 lahti=http://127.0.0.1:5002`.

    Raises ValueError.
    """
    pairs = [word.partition("=") for word in text.split()]
    wrong = [name for name, _, url in pairs if not name or not url.startswith(("http://", "https://"))]
    if wrong:
        raise ValueError(f"OSRM_URLS is not of the form city=http://host:port ...: {', '.join(wrong)}")
    return {name: url for name, _, url in pairs}


def cities(config: Mapping[str, Any]) -> dict[str, City]:
    """All cities that are served, by their key, the default city first."""
    return {key: city for key, city in cities_ever(config).items() if not city.retired}


def cities_ever(config: Mapping[str, Any]) -> dict[str, City]:
    """The same with the retired ones, which are not served, but whose rides still have to be paid and shown."""
    default, urls = config.get("DEFAULT_CITY"), osrm_urls(config.get("OSRM_URLS") or "")
    known = city_settings(config)
    return {
        key: City.from_settings(key, known[key], urls.get(key) or config.get("OSRM_URL") or "")
        for key in sorted(known, key=lambda key: key != default)
    }


def categories_of(config: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """What a car of each category may carry, over all cities; where they differ, the default city says it."""
    known: dict[str, tuple[str, ...]] = {}
    for city in cities(config).values():
        known = {**city.categories, **known}
    return known


def city_of(config: Mapping[str, Any], name: str) -> City:
    """The city with this key, retired or not. Raises UnknownCity."""
    found = cities_ever(config).get(name)
    if found is None:
        raise UnknownCity(details={"city": [f"{name} is not a city here."]})
    return found


def city_at(config: Mapping[str, Any], point: Point) -> City | None:
    """The city whose service area holds the point, or None: not every place on earth is served."""
    for city in cities(config).values():
        if city.service_area.holds(point):
            return city
    return None
