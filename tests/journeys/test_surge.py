"""An operator switches surge off for a city: the next quotes say so, and it is written who did it."""

from __future__ import annotations

from typing import Any

from tests.support.apps import App
from tests.support.waiting import eventually

NO_SURGE_WITHIN_S = 20
"""Surge is reckoned every SURGE_TICK_S; the rest is patience with a loaded machine."""


def test_an_operator_switches_surge_off_and_on_again(people: Any, ops: App, refused: Any) -> None:
    rider = people.rider()
    before = ops.call("PUT", "/v1/ops/surge", {"enabled": True, "cap": None})
    assert (before["city"], before["cap"]) == ("helsinki", before["default_cap"])
    off = ops.call("PUT", "/v1/ops/surge", {"enabled": False, "note": "a strike"})
    assert (off["enabled"], off["changed_by"]) == (False, ops.call("GET", "/v1/me")["id"])
    eventually(lambda: _surge(rider)["code"] == "off", within_s=NO_SURGE_WITHIN_S)
    said = _surge(rider)
    assert said["multiplier"] == 1.0 and "do not rise" in said["reason"]
    assert ops.call("GET", "/v1/ops/surge")["live"]["enabled"] is False
    ops.call("PUT", "/v1/ops/surge", {"enabled": True})
    eventually(lambda: _surge(rider)["code"] != "off", within_s=NO_SURGE_WITHIN_S)
    back, gone = ops.call("GET", "/v1/ops/surge/changes?city=helsinki&limit=2")["items"]
    assert (gone["old"]["enabled"], gone["new"]["enabled"], gone["note"]) == (True, False, "a strike")
    assert (back["old"]["enabled"], back["new"]["enabled"]) == (False, True)
    for method, path in (("GET", "/v1/ops/surge"), ("PUT", "/v1/ops/surge"), ("GET", "/v1/ops/surge/changes")):
        body = {"enabled": False} if method == "PUT" else None
        assert refused(rider, method, path, body).status == 403


def test_what_cannot_be_set_is_refused_naming_the_field(ops: App, refused: Any) -> None:
    for body, field in (({}, "enabled"), ({"cap": 1.25}, "cap"), ({"cap": 9}, "cap"), ({"enabled": 1}, "enabled")):
        wrong = refused(ops, "PUT", "/v1/ops/surge", body)
        assert (wrong.status, [*wrong.error["details"]]) == (422, [field])
    assert refused(ops, "PUT", "/v1/ops/surge", {"city": "atlantis", "enabled": True}).status == 404
    assert refused(ops, "GET", "/v1/ops/surge?city=atlantis").status == 404


def _surge(rider: Any) -> dict[str, Any]:
    return rider.quote()["options"][0]["surge"]
