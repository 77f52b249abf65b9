"""The maps service over RPC: what a wrong question is told."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from hansom.contracts.errors import Invalid
from hansom.contracts.maps import UnknownCity

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]
HERE, THERE = {"lat": 60.166, "lng": 24.937}, {"lat": 60.177, "lng": 24.952}


def test_a_route_has_what_the_contract_says(ask: Ask) -> None:
    reply = ask("route", {"pickup": HERE, "dropoff": THERE})
    assert set(reply) == {"city", "distance_m", "duration_s", "line", "estimated", "correction"}
    assert set(reply["line"][0]) == {"lat", "lng"}
    assert isinstance(reply["distance_m"], int)


@pytest.mark.parametrize(
    ("method", "payload", "field"),
    [
        ("route", {"pickup": HERE}, "dropoff"),
        ("route", {"pickup": {"lat": "60", "lng": 24.9}, "dropoff": THERE}, "pickup.lat"),
        ("route", {"pickup": {"lat": math.nan, "lng": 24.9}, "dropoff": THERE}, "pickup.lat"),
        ("route", {"pickup": {"lat": 60.17, "lng": 181}, "dropoff": THERE}, "pickup.lng"),
        ("table", {"sources": [[60.17, 24.94]]}, "destinations"),
        ("table", {"sources": [[60.17]], "destinations": []}, "sources"),
        ("table", {"sources": [[math.inf, 1]], "destinations": []}, "sources.0"),
        ("table", {"sources": [[60, 24]] * 1001, "destinations": []}, "sources"),
        ("etas", {"pairs": [[[60.17, 24.94]]]}, "pairs"),
        ("etas", {}, "pairs"),
        ("etas", {"pairs": [], "kind": "return"}, "kind"),
        ("match_trace", {"points": [{"lat": 60.17, "lng": 24.94}]}, "points.0"),
        ("match_trace", {"points": [{"lat": 60.17, "lng": 24.94, "at": "noon"}]}, "points.0"),
        ("match_trace", {}, "points"),
        ("search_places", {"q": ""}, "q"),
        ("search_places", {"q": "x" * 101}, "q"),
        ("search_places", {"q": "x", "limit": 0}, "limit"),
        ("nearest", {"point": {"lat": 0, "lng": 0}}, "point"),
        ("check_points", {"points": {"pickup": HERE, "dropoff": {"lat": 1, "lng": 1}}}, "dropoff"),
    ],
)
def test_a_wrong_question_is_answered_with_the_field_that_is_wrong(
    ask: Ask, method: str, payload: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        ask(method, payload)
    assert list(caught.value.details) == [field]


def test_points_of_one_city_are_its(ask: Ask) -> None:
    assert ask("check_points", {"points": {"pickup": HERE, "dropoff": THERE}}) == {"city": "helsinki"}


def test_segments_are_listed_by_city(ask: Ask) -> None:
    city = ask("get_segments", {"city": "helsinki"})
    cells, rates = city["cells"], city["rates"]
    assert rates["detour"] > 1 and rates["speed_mps"] > 1
    assert ask("segment_of", {"points": [[60.17, 24.94]]})["segments"][0] in cells
    with pytest.raises(UnknownCity):
        ask("get_segments", {"city": "atlantis"})


def test_places_are_found_as_one_types(ask: Ask) -> None:
    items = ask("search_places", {"q": "rautatientor", "near": HERE, "limit": 3})["items"]
    assert items[0]["name"] == "Rautatientori"
    assert set(items[0]) == {"name", "kind", "point"}
