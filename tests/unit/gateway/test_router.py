"""Paths to routes."""

from __future__ import annotations

import pytest

from hansom.contracts.errors import NotFound
from hansom.contracts.gateway import MethodNotAllowed, UnknownPath
from services.gateway.http.router import Router


@pytest.fixture
def router() -> Router:
    router = Router()
    router.add("GET", "/v1/me", "me")
    router.add("PATCH", "/v1/me", "change")
    router.add("GET", "/v1/me/trips", "mine")
    router.add("GET", "/v1/trips/{trip_id}", "trip")
    router.add("POST", "/v1/trips/{trip_id}/cancel", "cancel")
    return router


def test_a_path_leads_to_its_route_with_its_ids(router: Router) -> None:
    assert router.match("GET", "/v1/me") == ("me", {})
    assert router.match("GET", "/v1/me/trips") == ("mine", {})
    assert router.match("POST", "/v1/trips/abc-1/cancel") == ("cancel", {"trip_id": "abc-1"})


def test_head_goes_where_get_goes(router: Router) -> None:
    assert router.match("HEAD", "/v1/me") == ("me", {})


@pytest.mark.parametrize("path", ["/", "", "/v1", "/v1/", "/v1/me/", "/v1/trips", "/v1/trips/", "/v1/trips/a/b", "*"])
def test_a_path_that_is_none_is_unknown(router: Router, path: str) -> None:
    with pytest.raises(UnknownPath):
        router.match("GET", path)


@pytest.mark.parametrize("trip_id", ["\0", "a b", "é", "a" * 65, "..%2f", "a'b"])
def test_an_id_that_can_be_nobodys_is_not_found(router: Router, trip_id: str) -> None:
    with pytest.raises(NotFound):
        router.match("GET", f"/v1/trips/{trip_id}")


def test_a_wrong_method_is_told_the_right_ones(router: Router) -> None:
    with pytest.raises(MethodNotAllowed) as raised:
        router.match("DELETE", "/v1/me")
    assert raised.value.details == {"allow": ["GET", "PATCH", "HEAD"]}


def test_two_routes_in_one_place_are_a_mistake(router: Router) -> None:
    with pytest.raises(ValueError, match="taken"):
        router.add("GET", "/v1/trips/{other}", "again")
