"""Operators switch surge and cap it, and each change is kept."""

from __future__ import annotations

from typing import Any

import eventlet
import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from redis import Redis
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hansom.contracts.errors import Invalid
from hansom.contracts.maps import UnknownCity
from hansom.store import engine_for
from tests.integration.pricing.conftest import Call

HELSINKI = {"city": "helsinki"}


@pytest.fixture(autouse=True)
def nothing_set(pricing_settings: dict[str, Any], service: ServiceContainer) -> None:
    """Surge as nobody has set it yet."""
    engine = engine_for(pricing_settings, "pricing")
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE surge_settings, surge_changes"))
    engine.dispose()


def set_surge(call: Call, ops: str = "ops-1", **wanted: Any) -> dict[str, Any]:
    return call("set_surge", {**HELSINKI, "actor": {"user_id": ops, "role": "ops"}, **wanted})


def test_nobody_set_anything_and_the_defaults_hold(call: Call) -> None:
    found = call("get_surge", HELSINKI)
    assert (found["enabled"], found["cap"], found["default_cap"]) == (True, 2.0, 2.0)
    assert found["changed_at"] is found["changed_by"] is None


def test_what_is_set_is_read_back_and_is_live_after_a_step(service: ServiceContainer, call: Call, redis: Redis) -> None:
    assert set_surge(call, cap=1.5)["cap"] == 1.5
    assert set_surge(call, enabled=False) == {k: v for k, v in call("get_surge", HELSINKI).items() if k != "live"}
    with entrypoint_hook(service, "reckon_surge") as reckon_surge:
        reckon_surge()
    found = call("get_surge", HELSINKI)
    assert (found["enabled"], found["cap"], found["changed_by"]) == (False, 1.5, "ops-1")
    assert (found["live"]["enabled"], found["live"]["cap"], found["live"]["known"]) == (False, 1.5, True)


def test_every_change_says_who_when_what_held_and_what_holds(call: Call) -> None:
    set_surge(call, "ops-1", cap=3.0, note="stadium tonight")
    set_surge(call, "ops-2", enabled=False)
    set_surge(call, "ops-3", enabled=False)
    set_surge(call, "ops-2", enabled=True, cap=None)
    listed = call("list_surge_changes", HELSINKI)["items"]
    assert [(one["changed_by"], one["old"], one["new"], one["note"]) for one in listed] == [
        ("ops-2", {"enabled": False, "cap": 3.0}, {"enabled": True, "cap": 2.0}, None),
        ("ops-2", {"enabled": True, "cap": 3.0}, {"enabled": False, "cap": 3.0}, None),
        ("ops-1", {"enabled": True, "cap": 2.0}, {"enabled": True, "cap": 3.0}, "stadium tonight"),
    ]
    assert all(one["changed_at"].endswith("Z") for one in listed)
    first = call("list_surge_changes", {**HELSINKI, "limit": 2})
    rest = call("list_surge_changes", {"limit": 2, "cursor": first["next_cursor"]})
    assert [*first["items"], *rest["items"]] == listed and rest["next_cursor"] is None


def test_a_change_that_is_kept_cannot_be_rewritten(call: Call, pricing_settings: dict[str, Any]) -> None:
    set_surge(call, cap=1.2)
    engine = engine_for(pricing_settings, "pricing")
    for statement in ("UPDATE surge_changes SET changed_by = 'nobody'", "DELETE FROM surge_changes"):
        with pytest.raises(DBAPIError, match="stays written"), engine.begin() as connection:
            connection.execute(text(statement))
    engine.dispose()


def test_the_same_key_changes_once(call: Call) -> None:
    key: dict[str, Any] = {"idempotency": {"scope": "ops-1", "key": "once", "fingerprint": "same"}}
    first = set_surge(call, cap=1.4, **key)
    set_surge(call, cap=1.8)
    assert set_surge(call, cap=1.4, **key) == first
    assert call("get_surge", HELSINKI)["cap"] == 1.8


def test_of_changes_at_once_each_knows_what_held_before_it(call: Call) -> None:
    pool = eventlet.GreenPool()
    list(pool.imap(lambda tenths: set_surge(call, f"ops-{tenths}", cap=tenths / 10), range(11, 19)))
    changes = call("list_surge_changes", HELSINKI)["items"]
    news = [one["new"]["cap"] for one in changes]
    assert sorted(news) == [tenths / 10 for tenths in range(11, 19)]
    assert {one["old"]["cap"] for one in changes} == {2.0, *news} - {call("get_surge", HELSINKI)["cap"]}


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({}, "enabled"),
        ({"enabled": "yes"}, "enabled"),
        ({"cap": 0.9}, "cap"),
        ({"cap": 5.1}, "cap"),
        ({"cap": 1.55}, "cap"),
        ({"cap": "2"}, "cap"),
        ({"cap": 1.5, "note": "n" * 501}, "note"),
        ({"cap": 1.5, "actor": {"user_id": "rider-1", "role": "rider"}}, "actor.role"),
    ],
)
def test_wrong_input_names_the_field_and_changes_nothing(call: Call, wanted: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        set_surge(call, **wanted)
    assert list(refused.value.details) == [field]
    assert call("list_surge_changes", {})["items"] == []


@pytest.mark.parametrize("method", ["get_surge", "surge_by_segment", "set_surge"])
def test_a_city_that_is_not_served_is_not_known(call: Call, method: str) -> None:
    actor = {"actor": {"user_id": "ops-1", "role": "ops"}, "enabled": True}
    with pytest.raises(UnknownCity):
        call(method, {"city": "atlantis", **actor})
