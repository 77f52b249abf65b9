"""Who will be free soon near a waiting trip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.location.domain.finishing import Finishing, FinishingWindow, soonest
from services.location.storage.finishing import FinishingRides
from services.location.usecases.near import Town


def find_finishing(
    requests: Sequence[Mapping[str, Any]], window: FinishingWindow, town: Town
) -> dict[str, list[Finishing]]:
    """Drivers about to finish for each waiting trip (`trip_id`, `point`, `category`, `exclude`), soonest first.

    Nothing when none are asked for. Raises RedisError.
    """
    drivers = FinishingRides(town.cars.redis).within(window) if window.within_s else []
    if not drivers:
        return {}
    return {
        request["trip_id"]: soonest(
            request["point"],
            request["category"],
            frozenset(request["exclude"]),
            drivers,
            town.straight_mps(request["point"]),
        )
        for request in requests
    }
