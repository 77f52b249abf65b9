"""The gateway's two sides: what services answer is what api.md promises, and what goes between is what was agreed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema, fields

from hansom.contracts.location import CAR_STATES
from services.gateway import change_schemas, figures_replies, promo_replies, quote_replies, replies, surge_replies
from services.gateway.socket.asyncapi import EVENTS
from services.gateway.socket.city import PARTS, City
from services.gateway.socket.connection import event_frame
from services.gateway.socket.positions import read_position
from services.notifications import schemas as notifications
from services.notifications import usecases
from services.notifications.domain.news import NEWS, news_of
from tests.support.delivered import Delivered

EXAMPLES = Path(__file__).with_name("examples")


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def misses(schema: Schema, answer: Any) -> dict[str, Any]:
    """What api.md promises and the answer has not, or not so."""
    found = schema.validate(answer)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("rpc/location.nearby", replies.Cars()),
        ("rpc/location.get_trace", replies.Trace()),
        ("rpc/location.list_trace_readings", replies.TraceReadings()),
        ("rpc/location.marks_of", replies.DriverPositions()),
        ("rpc/location.list_doubts", replies.Implausible()),
        ("rpc/analytics.figures", figures_replies.Figures()),
        ("rpc/maps.search_places", replies.Places()),
        ("rpc/trips.cancel_preview", change_schemas.CancelPreview()),
        ("rpc/pricing.quote", quote_replies.Quote()),
        ("rpc/pricing.requote", quote_replies.Quote()),
        ("rpc/pricing.create_promo", promo_replies.PromoCode()),
        ("rpc/pricing.list_promos", promo_replies.PromoCodes()),
        ("rpc/pricing.get_surge", surge_replies.CitySurge()),
        ("rpc/pricing.set_surge", surge_replies.SurgeSetting()),
        ("rpc/pricing.list_surge_changes", surge_replies.SurgeChanges()),
    ],
)
def test_the_reply_of_a_service_is_the_answer_that_was_promised(name: str, schema: Schema) -> None:
    assert misses(schema, example(name)["reply"]) == {}


@pytest.mark.parametrize("name", sorted(NEWS))
def test_every_event_of_the_socket_is_as_its_document_says(name: str) -> None:
    publisher, _, _ = name.partition(".")
    for news in news_of(name, example(name)["data"]):
        schema, _ = EVENTS[news.event]
        frame = event_frame(news.event, news.data, 7)
        message = json.loads(frame[frame.index(b"{") :])
        assert (message["type"], message["event"], message["seq"]) == ("event", news.event, 7)
        assert misses(schema(), message["data"]) == {}, publisher


def test_the_document_promises_no_event_that_nobody_sends() -> None:
    told = {news.event for name in NEWS for news in news_of(name, example(name)["data"])}
    for name in ("payments.payment_captured", "payments.payment_failed"):
        told |= {news.event for news in news_of(name, {**example(name)["data"], "kind": "tip"})}
    not_numbered = {"city_state", "driver_moved", "nearby_drivers", "waiting_update"}
    assert EVENTS.keys() - told == not_numbered


def test_a_watched_city_is_told_as_its_document_says_of_what_location_and_trips_answer() -> None:
    city, at = City("helsinki"), datetime(2026, 3, 2, 12, tzinfo=UTC)
    schema = EVENTS["city_state"][0]()
    for answers in ({}, {part: example(f"rpc/{part}.see_city")["reply"] for part in PARTS}):
        city.learn(answers, at)
        message = json.loads(city.frame[city.frame.index(b"{") :])
        assert (message["event"], "seq" in message, misses(schema, message["data"])) == ("city_state", False, {})
    assert [row[4] for row in message["data"]["drivers"]] == ["held", "to_pickup"]
    assert {row[4] for row in message["data"]["drivers"]} <= CAR_STATES
    assert len(message["data"]["waiting"]) == 1


def test_a_position_goes_on_as_location_reads_it() -> None:
    first = example("messages/location.positions")["positions"][0]
    report = {"lat": 60.1699, "lng": 24.9384, "at": "2026-03-02T12:00:00.123Z", "seq": 41}
    row = read_position(first[0], {**report, "bearing_deg": 92.5, "speed_mps": 8.2, "accuracy_m": 4.0}, first[3], 1000)
    assert row == first


def test_moves_become_frames_as_gateways_read_them() -> None:
    delivered = Delivered()
    usecases.tell_moves(delivered, [example("messages/hansom.moves")])  # type: ignore[arg-type]
    agreed = example("messages/gateway.frames")["frames"][1]
    assert delivered.frames
    for user_id, event, data, seq in delivered.frames:
        assert isinstance(user_id, str)
        assert (event, data.keys(), seq) == (agreed[1], agreed[2].keys(), None)


@pytest.mark.parametrize(
    ("method", "schema"),
    [
        ("connect_users", notifications.PRESENCE),
        ("disconnect_users", notifications.PRESENCE),
        ("read_stream", notifications.STREAM),
    ],
)
def test_what_gateways_ask_notifications_reads(method: str, schema: Schema) -> None:
    request = example(f"rpc/notifications.{method}")["request"]
    assert schema.load(request) == request
    assert {name for name, field in schema.fields.items() if isinstance(field, fields.Field)} == request.keys()
