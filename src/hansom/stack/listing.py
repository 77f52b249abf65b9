"""What `./hansom city list` shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hansom.cities.files import read_places, read_segments
from hansom.stack.cities import default_city, served
from hansom.stack.environment import read_env_file
from hansom.stack.home import Home
from hansom.stack.probes import NOT_YET, osrm_answers


@dataclass(frozen=True)
class CityRow:
    """A city at this moment. `segments` and `places` are None before it is prepared; `osrm`: how its road server is."""

    city: str
    name: str
    currency: str
    time_zone: str
    source: str
    segments: int | None
    places: int | None
    osrm: str
    osrm_url: str
    default: bool
    service_area: list[float]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def list_cities(home: Home, configured: Mapping[str, Any]) -> list[CityRow]:
    """All cities that are served, the default city first. Raises StackProblem."""
    from hansom.cities import cities

    default, values = default_city(home), read_env_file(home.env_file)
    known = served(home, configured)
    config = {
        "CITIES": known,
        "DEFAULT_CITY": default,
        "OSRM_URLS": values.get("OSRM_URLS", ""),
        "OSRM_URL": values.get("OSRM_URL", ""),
    }
    return [
        CityRow(
            city=key,
            name=city.name,
            currency=city.currency,
            time_zone=city.time_zone,
            source=str(known[key].get("source") or city.extract),
            segments=_count(read_segments, home.cities / key),
            places=_count(read_places, home.cities / key),
            osrm=_road_server(city.osrm_url),
            osrm_url=city.osrm_url,
            default=key == default,
            service_area=list(known[key]["service_area"]),
        )
        for key, city in cities(config).items()
    ]


def _count(reader: Any, folder: Path) -> int | None:
    try:
        return len(reader(folder))
    except (OSError, ValueError, KeyError):
        return None


def _road_server(url: str) -> str:
    if not url:
        return "never started"
    try:
        osrm_answers(url)
    except NOT_YET:
        return "does not answer"
    return "answers"
