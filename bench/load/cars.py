"""Cars of the location bench: where each is, and its next position as a finished frame. No sockets here.

A car drives straight on at a steady speed and turns back at the border of the area, so no step is a jump. A frame takes
about 4 µs to make, as the client must not be what is measured.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import cos, degrees, pi, radians, sin
from random import Random

from hansom.bots import frames
from hansom.values import EARTH_RADIUS_M

SPEED_MPS = 8.0
_POSITION = (
    '{"method":"report_position","data":{"lat":%.6f,"lng":%.6f,"at":"%s","seq":%d,'
    '"bearing_deg":%d,"speed_mps":8.0,"accuracy_m":6.0}}'
)


@dataclass(frozen=True, slots=True)
class Box:
    """Where cars drive, degrees."""

    south: float
    west: float
    north: float
    east: float


class Car:
    """One driver's car."""

    __slots__ = ("bearing_deg", "box", "id", "lat", "lng", "north", "seq", "trip_id", "west_east")

    def __init__(self, driver_id: str, trip_id: str, box: Box, step_m: float, rng: Random) -> None:
        """`step_m`: how far it gets between two reports."""
        self.id, self.trip_id, self.box, self.seq = driver_id, trip_id, box, 0
        self.lat, self.lng = rng.uniform(box.south, box.north), rng.uniform(box.west, box.east)
        self.bearing_deg = rng.randrange(360)
        angle = self.bearing_deg * pi / 180
        self.north = degrees(step_m * cos(angle) / EARTH_RADIUS_M)
        self.west_east = degrees(step_m * sin(angle) / EARTH_RADIUS_M / cos(radians(self.lat)))

    def move(self) -> None:
        """On to where the next report is made."""
        box = self.box
        lat, lng = self.lat + self.north, self.lng + self.west_east
        if not box.south <= lat <= box.north:
            self.north, lat = -self.north, self.lat - self.north
        if not box.west <= lng <= box.east:
            self.west_east, lng = -self.west_east, self.lng - self.west_east
        self.lat, self.lng = lat, lng
        self.seq += 1

    def report(self, at: str) -> bytes:
        """The masked text frame of its position at that time (RFC 3339)."""
        text = _POSITION % (self.lat, self.lng, at, self.seq, self.bearing_deg)
        return text_frame(text.encode())


def text_frame(payload: bytes) -> bytes:
    """A client's text frame with a mask of its own, as the standard asks."""
    return frames.encode(frames.TEXT, payload)


def now_text(now_s: float) -> str:
    """A Unix time as a phone writes it."""
    return datetime.fromtimestamp(now_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def echo_frame(size: int) -> bytes:
    """A frame for the bare socket with as many bytes of data as a position has."""
    head = b'{"method":"echo","data":{"payload":"'
    return text_frame(head + b"x" * max(0, size - len(head) - 3) + b'"}}')


def random_phase(rng: Random, cars: Sequence[Car]) -> list[Car]:
    """The cars in the order in which they report."""
    return rng.sample(cars, len(cars))


def seeded(*words: object) -> Random:
    """Randomness that is the same in each run of one seed, whatever process it is in."""
    return Random(":".join(map(str, words)) or os.urandom(8).hex())
