"""The city's roads as a simulation needs them: many places on roads and the road times between all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import urllib3
from scipy.spatial import cKDTree

from hansom.cities import Area
from hansom.values import METRES_A_DEGREE

BLOCK = 100
"""Places on a side of one OSRM table."""

SEED = 1
"""Of the places: people differ from seed to seed, the city does not."""

CLOSE_M = 25.0
"""Places nearer to each other than this are one."""

REACHED_SHARE = 0.6
"""A place from which, or to which, fewer of the others have a road is on an island and left out."""


class RoadsDown(Exception):
    """The road server does not answer."""


class RoadGrid:
    """N places on roads: `points` (N, 2) latitude and longitude, `seconds` and `metres` (N, N) from row to column.

    Where no road leads `seconds` is infinite. `plane_m` (N, 2): metres east and north of the first place.
    """

    def __init__(self, points: np.ndarray, seconds: np.ndarray, metres: np.ndarray) -> None:
        self.points, self.seconds, self.metres = points, seconds, metres
        self.plane_m = _plane_m(points, points[0])
        self._tree = cKDTree(self.plane_m)

    def __len__(self) -> int:
        return len(self.points)

    def nearest(self, points: np.ndarray) -> np.ndarray:
        """The numbers of the places nearest to (M, 2) points."""
        return np.asarray(self._tree.query(_plane_m(points, self.points[0]))[1])


def _plane_m(points: np.ndarray, origin: np.ndarray) -> np.ndarray:
    north, east = points[:, 0] - origin[0], (points[:, 1] - origin[1]) * np.cos(np.radians(origin[0]))
    return np.column_stack([east, north]) * METRES_A_DEGREE


def load_grid(osrm_url: str, area: Area, places: int, folder: Path, say: Callable[[str], None]) -> RoadGrid:
    """The grid of this area, from `folder` when it was made before, else from the road server. Raises RoadsDown."""
    key = hashlib.sha256(repr((area, places, SEED, CLOSE_M)).encode()).hexdigest()[:12]
    file = folder / f"simulation-{key}.npz"
    if file.is_file():
        with np.load(file) as kept:
            return RoadGrid(kept["points"], kept["seconds"], kept["metres"])
    say(f"asking the roads about {places} places")
    grid = build_grid(osrm_url, area, places, SEED)
    folder.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".part.npz")
    np.savez(draft, points=grid.points, seconds=grid.seconds, metres=grid.metres)
    draft.replace(file)
    return grid


def build_grid(osrm_url: str, area: Area, places: int, seed: int) -> RoadGrid:
    """About `places` places, drawn evenly over the area and put on the nearest road, with all times between them."""
    roads = _Roads(osrm_url)
    dice = np.random.default_rng(seed)
    drawn = dice.uniform((area.south, area.west), (area.north, area.east), (places, 2))
    points = _apart(np.array([point for at in drawn if (point := roads.nearest(at, area)) is not None]))
    seconds, metres = roads.tables(points)
    kept = _mainland(seconds)
    return RoadGrid(points[kept], seconds[np.ix_(kept, kept)], metres[np.ix_(kept, kept)])


def _apart(points: np.ndarray) -> np.ndarray:
    tree = cKDTree(_plane_m(points, points[0]))
    dropped: set[int] = set()
    for first, second in sorted(tree.query_pairs(CLOSE_M)):
        if first not in dropped:
            dropped.add(second)
    return points[[number for number in range(len(points)) if number not in dropped]]


def _mainland(seconds: np.ndarray) -> np.ndarray:
    reached = np.isfinite(seconds)
    return np.flatnonzero((reached.mean(axis=0) >= REACHED_SHARE) & (reached.mean(axis=1) >= REACHED_SHARE))


class _Roads:
    """OSRM, asked by a simulation: no pool of workers, no deadlines of a service."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._http = urllib3.PoolManager(maxsize=1)

    def nearest(self, at: np.ndarray, area: Area) -> tuple[float, float] | None:
        """The nearest place on a road, None when that is outside the area."""
        found = self._ask(f"/nearest/v1/driving/{at[1]:.6f},{at[0]:.6f}?number=1")
        lng, lat = found["waypoints"][0]["location"]
        inside = area.south <= lat <= area.north and area.west <= lng <= area.east
        return (lat, lng) if inside else None

    def tables(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        count = len(points)
        seconds = np.full((count, count), np.inf, dtype=np.float32)
        metres = np.full((count, count), np.inf, dtype=np.float32)
        for rows in _blocks(count):
            for columns in _blocks(count):
                found = self._table(points[rows], points[columns])
                seconds[rows, columns] = np.array(found["durations"], dtype=np.float32)
                metres[rows, columns] = np.array(found["distances"], dtype=np.float32)
        seconds[np.isnan(seconds)] = np.inf
        metres[np.isnan(metres)] = np.inf
        return seconds, metres

    def _table(self, sources: np.ndarray, destinations: np.ndarray) -> dict[str, Any]:
        path = ";".join(f"{lng:.6f},{lat:.6f}" for lat, lng in np.concatenate([sources, destinations]))
        rows = ";".join(map(str, range(len(sources))))
        columns = ";".join(map(str, range(len(sources), len(sources) + len(destinations))))
        options = f"sources={rows}&destinations={columns}&annotations=duration,distance&generate_hints=false"
        return self._ask(f"/table/v1/driving/{path}?{options}")

    def _ask(self, target: str) -> dict[str, Any]:
        try:
            answer = self._http.request("GET", self._url + target, timeout=20.0, retries=2)
            found: dict[str, Any] = orjson.loads(answer.data)
        except (urllib3.exceptions.HTTPError, orjson.JSONDecodeError) as exc:
            raise RoadsDown(f"the roads at {self._url} do not answer: {exc}") from exc
        if found.get("code") != "Ok":
            raise RoadsDown(f"the roads at {self._url} say {found.get('code')}: {found.get('message')}")
        return found


def _blocks(count: int) -> Iterator[slice]:
    for first in range(0, count, BLOCK):
        yield slice(first, min(first + BLOCK, count))
