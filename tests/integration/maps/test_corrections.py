"""Times as they turned out to be: learnt corrections are applied, and each kind of time has its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hansom.contracts.errors import ServiceUnknown
from hansom.values import Point
from services.maps import usecases
from services.maps.domain.corrections import Corrections
from services.maps.storage.atlas import Atlas

PICKUP, DROPOFF = Point(60.1660, 24.9370), Point(60.1770, 24.9520)
A, B = (60.1690, 24.9402), (60.1750, 24.9495)
RUSH, QUIET = datetime(2026, 11, 20, 6, 30, tzinfo=UTC), datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
"""Half past eight and half past nine in Helsinki."""

FACTORS = {
    "helsinki": {
        "pickup": [1.0] * 8 + [2.0] + [1.0] * 15,
        "trip": [1.0] * 8 + [1.5] + [1.0] * 15,
    }
}


class Analytics:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def eta_corrections(self, payload: dict[str, Any], deadline_s: float) -> dict[str, Any]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"items": self.answer, "made_at": None}


@pytest.fixture
def learnt(atlas: Atlas) -> Any:
    usecases.learn_corrections(atlas, Analytics(FACTORS))
    yield atlas
    atlas.corrections = Corrections()


def test_a_route_is_corrected_by_the_hour_of_its_city(learnt: Atlas) -> None:
    quiet, rush = (usecases.find_route(learnt, PICKUP, DROPOFF, {}, at) for at in (QUIET, RUSH))
    assert (quiet.correction, rush.correction) == (1.0, 1.5)
    assert rush.duration_s == pytest.approx(1.5 * quiet.duration_s, abs=1)
    assert rush.distance_m == quiet.distance_m


def test_pickups_and_trips_have_corrections_of_their_own(learnt: Atlas) -> None:
    def eta_s(kind: str, at: datetime) -> float:
        return usecases.find_etas(learnt, [(A, B)], kind, at)[0][0] or 0.0

    assert eta_s("pickup", RUSH) == pytest.approx(2 * eta_s("pickup", QUIET), abs=0.2)
    assert eta_s("trip", RUSH) == pytest.approx(1.5 * eta_s("trip", QUIET), abs=0.2)
    quiet, rush = (usecases.road_table(learnt, [A], [B], at).durations_s[0][0] or 0 for at in (QUIET, RUSH))
    assert rush == pytest.approx(2 * quiet, abs=0.2)


def test_what_was_learnt_stays_while_analytics_is_away(learnt: Atlas) -> None:
    usecases.learn_corrections(learnt, Analytics(ServiceUnknown()))
    assert usecases.find_route(learnt, PICKUP, DROPOFF, {}, RUSH).correction == 1.5
    usecases.learn_corrections(learnt, Analytics({}))
    assert usecases.find_route(learnt, PICKUP, DROPOFF, {}, RUSH).correction == 1.0
