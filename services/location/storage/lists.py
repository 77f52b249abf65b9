"""Segment → spots → drivers in Redis, read: for searches and for counts. The scripts of live.py write them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from redis import Redis
from redis.commands.core import Script

from hansom.segments import extent
from services.location.domain.search import Listed, Place, Search, Spot

CELLS_AT_ONCE = 1000

_LUA = Path(__file__).parent / "lua"


def script(redis: Redis, name: str) -> Script:
    """One of the scripts in lua/, with what all of them share."""
    return redis.register_script((_LUA / "driver.lua").read_text() + (_LUA / f"{name}.lua").read_text())


class Lists:
    """Every method raises RedisError when Redis is down."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self._look = script(redis, "look")

    def search(self, searches: Sequence[Search]) -> None:
        """Run searches that have begun, together: each segment and each spot is read once."""
        spots: dict[str, list[Spot]] = {}
        cars: dict[str, list[Listed]] = {}
        active = list(searches)
        while active:
            bands = [(search, band) for search in active if (band := search.next_segments())]
            self._read_spots({segment for _, band in bands for segment in band} - spots.keys(), spots)
            for search, band in bands:
                for segment in band:
                    search.chart(spots[segment])
            active = looking = [search for search, _ in bands]
            while looking:
                looking = self._look_closer(looking, cars)

    def _look_closer(self, searches: Sequence[Search], cars: dict[str, list[Listed]]) -> list[Search]:
        """Let each search look at the cars of the spots that it wants; gives those that wanted any."""
        wants = [(search, wanted) for search in searches if (wanted := search.next_spots())]
        missing = {spot.place.name for _, wanted in wants for spot in wanted} - cars.keys()
        cars.update((name, _cars(flat)) for name, flat in self._read("free", missing))
        for search, wanted in wants:
            for spot in wanted:
                search.offer(spot, cars.get(spot.place.name, ()))
            search.settle()
        return [search for search, _ in wants]

    def _read_spots(self, segments: Collection[str], spots: dict[str, list[Spot]]) -> None:
        spots.update((segment, []) for segment in segments)
        spots.update((segment, _spots(flat)) for segment, flat in self._read("spots:free", segments))

    def _read(self, prefix: str, names: Collection[str]) -> Iterable[tuple[str, str]]:
        """(name, fields and values a line each) of those hashes that hold any; others cost no more than their name."""
        wanted = list(names)
        for first in range(0, len(wanted), CELLS_AT_ONCE):
            piece = wanted[first : first + CELLS_AT_ONCE]
            answer: Any = self._look(args=[f"{prefix}:{name}" for name in piece])
            for number, flat in couples(answer):
                yield piece[number], flat

    def spots_in(self, segments: Collection[str], kind: str) -> dict[str, list[Spot]]:
        """The spots of each segment that hold cars of a kind, and how many. Nothing is read of the cars themselves."""
        spots: dict[str, list[Spot]] = {segment: [] for segment in segments}
        spots.update((segment, _spots(flat)) for segment, flat in self._read(f"spots:{kind}", segments))
        return spots

    def count_by_segment(self, segments: Collection[str], kind: str) -> dict[str, int]:
        """How many cars of a kind (`free`, `busy`, `doubtful`) are in each segment that has any."""
        found = self._read(f"spots:{kind}", segments)
        return {segment: sum(map(int, flat.split("\n")[1::2])) for segment, flat in found}


def couples(flat: Sequence[Any]) -> Iterable[tuple[Any, Any]]:
    """A script's flat answer, two by two."""
    return zip(flat[::2], flat[1::2], strict=True)


def _cars(flat: str) -> list[Listed]:
    lines = flat.split("\n")
    return [_listed(driver_id, packed) for driver_id, packed in zip(lines[::2], lines[1::2], strict=True)]


def _listed(driver_id: str, packed: str) -> Listed:
    at, _, lat, lng, _ = packed.split(";", 4)
    return Listed(driver_id, int(at), float(lat), float(lng), packed)


def _spots(flat: str) -> list[Spot]:
    lines = flat.split("\n")
    return [_spot(name, cars) for name, cars in zip(lines[::2], lines[1::2], strict=True)]


@lru_cache(maxsize=200_000)
def _spot(name: str, cars: str) -> Spot:
    """A spot with so many cars: the same few come again and again."""
    return Spot(*_place(name), int(cars))


@lru_cache(maxsize=200_000)
def _place(name: str) -> tuple[Place, tuple[str, ...]]:
    cell, categories = name.split("|")
    return Place(name, *extent(cell)), tuple(categories.split(",")) if categories else ()
