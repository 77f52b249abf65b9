"""What an operator sees of a car who watches a whole city."""

from __future__ import annotations

from typing import NamedTuple

from hansom.contracts.location import CAR_FREE, CAR_SILENT, CARS_ON_RIDES


class Glance(NamedTuple):
    """A driver's newest position and what he is `doing`: the state of his trip, `free` or `doubtful`.

    `at_ms`: milliseconds since 1970.
    """

    driver_id: str
    lat: float
    lng: float
    bearing_deg: float | None
    at_ms: int
    doing: str


def shown_state(glance: Glance, heard_since_ms: int) -> str:
    """The state in which a car is shown.

    `silent` is who has not reported since `heard_since_ms`, on a ride or not, and whose positions are not believed:
    where he is now, nobody knows.
    """
    if glance.at_ms < heard_since_ms:
        return CAR_SILENT
    return CARS_ON_RIDES.get(glance.doing, CAR_FREE if glance.doing == "free" else CAR_SILENT)
