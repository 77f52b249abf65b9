"""Adding a city to a stack: its settings from its extract and the user's wishes, its files, and its running."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hansom.cities import City
from hansom.cities.added import NAME, write_city
from hansom.stack.cities import OWN_EXTRACT, build, default_city, drafted, locked, replace, served, settings_of, told
from hansom.stack.home import Home
from hansom.stack.probes import NOT_YET, osrm_answers
from hansom.stack.problems import StackProblem
from hansom.stack.progress import Progress

BYTES_FOR_ONE = 16
"""So many bytes a byte of the extract becomes while OSRM works on it."""

REMARK = """\
A city of this Hansom, added by ./hansom city add {name}. The form is that of an entry of CITIES in config.yaml.
The tariffs are those of {default} in {currency}: amounts in minor units. Change them here, then ./hansom up."""


@dataclass(frozen=True)
class Wishes:
    """What the user says of a new city; what is empty is taken from the extract.

    `service_area`: south, west, north, east in degrees. `dense`, `sparse`: H3 resolutions of the smallest and the
    largest segments. `osrm_url`: the user's own road server of this city.
    """

    title: str = ""
    currency: str = ""
    time_zone: str = ""
    service_area: tuple[float, float, float, float] | None = None
    dense: int | None = None
    sparse: int | None = None
    osrm_url: str = ""


def check_name(home: Home, name: str) -> None:
    """Raises StackProblem when a new city cannot be called that."""
    if not NAME.fullmatch(name):
        raise StackProblem(
            f"{name!r} is no name for a city: up to 40 of a-z, 0-9, _ and -, a letter first, such as new-york."
        )
    if name in served(home):
        raise StackProblem(f"{name} is a city here already: ./hansom city list shows all.")


def check_extract(home: Home, extract: Path) -> None:
    """Raises StackProblem when the file cannot be an extract, or there is no room for what it becomes."""
    try:
        with open(extract, "rb") as file:
            start = file.read(64)
    except IsADirectoryError:
        raise StackProblem(f"{extract} is a folder: give an .osm.pbf file.") from None
    except OSError as exc:
        raise StackProblem(f"{extract} cannot be read: {exc.strerror}.") from exc
    # a file is a row of blobs: 4 bytes of length, then a header whose first field is the blob's type
    if b"OSMHeader" not in start:
        raise StackProblem(f"{extract} is not an .osm.pbf file. Extracts are at download.geofabrik.de, for one.")
    size, free = extract.stat().st_size, shutil.disk_usage(home.cities).free
    if size * BYTES_FOR_ONE > free:
        raise StackProblem(
            f"{extract} may become {size * BYTES_FOR_ONE / 1e9:.1f} GB, and {home.cities} has {free / 1e9:.1f} GB free."
        )


def add(
    home: Home, name: str, extract: Path, wishes: Wishes, progress: Progress, *, roads: bool = True
) -> dict[str, Any]:
    """Make a city of an extract. Gives its settings; nothing is there before everything is. Raises StackProblem.

    Services that run take it up when they are started again.
    """
    check_name(home, name)
    check_extract(home, extract)
    check_wishes(wishes)
    with locked(home, progress), drafted(home, name) as draft:
        check_name(home, name)
        with told(extract, name), progress.step(f"Reading {extract.name}"):
            own = draft / OWN_EXTRACT
            shutil.copy2(extract, own)
            settings, read = _settings(home, name, own, wishes)
        settings["source"] = str(extract.absolute())
        build(own, draft, name, settings, progress, roads=roads and not wishes.osrm_url, read=read)
        with told(extract, name):
            remark = REMARK.format(name=name, default=_default(home)[0], currency=settings["currency"])
            write_city(draft, settings, remark)
            replace(home, name, draft)
    return settings


def check_wishes(wishes: Wishes) -> None:
    """Raises StackProblem for what no extract can make right."""
    from hansom.cities import deriving

    if wishes.currency and not deriving.is_currency_code(wishes.currency):
        raise StackProblem(f"--currency {wishes.currency}: there is no such ISO 4217 code.")
    if wishes.time_zone and not deriving.is_time_zone(wishes.time_zone):
        raise StackProblem(f"--time-zone {wishes.time_zone}: there is no such IANA time zone.")
    if wishes.osrm_url:
        _check_roads(wishes.osrm_url)


def _check_roads(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise StackProblem(f"--osrm-url {url} is no http:// address.")
    try:
        osrm_answers(url)
    except NOT_YET as exc:
        raise StackProblem(f"No OSRM answers at {url} ({type(exc).__name__}).") from exc


def _settings(home: Home, name: str, pbf: Path, wishes: Wishes) -> tuple[dict[str, Any], Any]:
    """A new city's settings, and its extract as it was read. Raises StackProblem, ValueError, OSError, RuntimeError."""
    from hansom.cities import Area, deriving
    from hansom.cities.extract import read

    found = read(pbf)
    area = Area(*wishes.service_area) if wishes.service_area else deriving.area_of_roads(found.roads, found.bounds)
    if not any(area.holds(point) for road in found.roads for point in road):
        raise ValueError("it has no roads for cars in the service area")
    sizes = deriving.segment_sizes(area)
    zone = wishes.time_zone or deriving.time_zone_of(found.roads, area)
    default = _default(home)[1]
    settings: dict[str, Any] = {
        "name": wishes.title or name.replace("-", " ").replace("_", " ").title(),
        "currency": wishes.currency or deriving.currency_in(zone),
        "time_zone": zone,
        "extract": OWN_EXTRACT,
        "source": str(pbf),
        "added_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "service_area": [area.south, area.west, area.north, area.east],
        "segment_sizes": {
            "dense": wishes.dense if wishes.dense is not None else max(sizes.dense, wishes.sparse or 0),
            "sparse": wishes.sparse if wishes.sparse is not None else min(sizes.sparse, wishes.dense or sizes.sparse),
        },
        "categories": default["categories"],
        "surge_cap": float(default.get("surge_cap", 1.0)),
        "tariffs": list(default.get("tariffs", ())),
    }
    if wishes.osrm_url:
        settings["osrm_url"] = wishes.osrm_url.rstrip("/")
    _check_beside_others(home, name, settings)
    return settings, found


def _check_beside_others(home: Home, name: str, settings: Mapping[str, Any]) -> None:
    """Raises StackProblem when the city does not fit to those that there are, ValueError for impossible sizes."""
    area = City.from_settings(name, settings).service_area
    for key, other in settings_of(home).items():
        there = City.from_settings(key, other)
        if key == name and there.currency != settings["currency"]:
            raise StackProblem(
                f"{name} was served in {there.currency} before, and rides there are kept: use another name, or "
                f"--currency {there.currency}."
            )
        if key != name and not there.retired and there.service_area.overlaps(area):
            south, west, north, east = settings["service_area"]
            raise StackProblem(
                f"The service area {south},{west},{north},{east} overlaps that of {key}, and a place is in one city: "
                f"give --service-area south,west,north,east."
            )


def _default(home: Home) -> tuple[str, dict[str, Any]]:
    known, key = served(home), default_city(home)
    return (key, known[key]) if key in known else next(iter(known.items()))


def described(home: Home, name: str, settings: Mapping[str, Any]) -> str:
    """One line on a city that was made."""
    from hansom.cities.files import read_measures, read_places, read_segments

    folder = home.cities / name
    facts = [str(settings["currency"]), str(settings["time_zone"])]
    facts.append(f"{len(read_segments(folder)):,} segments")
    facts.append(f"{len(read_places(folder)):,} places")
    try:
        measures = read_measures(folder)
        facts.append(f"roads {measures.detour:.2f} times the straight line at {measures.speed_mps * 3.6:.0f} km/h")
    except FileNotFoundError:
        facts.append("roads not measured")
    return f"{settings['name']}: {', '.join(facts)}"
