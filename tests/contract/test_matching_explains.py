"""What matching explains is what the gateway promises to riders, drivers and operators."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hansom.contracts.matching import Answer, SeeWhyNoRides
from services.gateway.dispatch_replies import Decisions, Waiting, WhyNoRides
from services.gateway.socket.asyncapi import EVENTS
from services.gateway.socket.connection import event_frame
from services.matching.domain.driver_hour import DriverHour, SeenTrip, explain
from services.matching.domain.waiting import WaitingState
from services.matching.explaining import Told
from services.matching.record_schemas import (
    write_decisions_reply,
    write_waiting,
    write_waiting_news,
    write_why_no_rides,
)
from services.notifications.usecases import tell_moves
from tests.support.delivered import Delivered

EXAMPLE = Path(__file__).with_name("examples") / "messages" / "hansom.moves.waiting.json"
AT = datetime(2026, 3, 2, 12, 0, 0, 500_000, tzinfo=UTC)

STATE = WaitingState(
    trip_id="0195541b2c0070008000000000000a01",
    rider_id="0195541b2c0070008000000000000b01",
    since_ms=1772452800500,
    text="3 cars near, all busy; an offer before came to nothing; about 6 min",
    cars_near=3,
    busy_near=3,
    finishing_near=1,
    asked=1,
    offered=False,
    about_s=352.5,
    code="all_busy",
    came_to_nothing=1,
)


def test_a_wait_reaches_its_rider_as_waiting_update() -> None:
    message = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    (waiting,) = message["waiting"]
    assert write_waiting_news(STATE) == waiting
    delivered = Delivered()
    tell_moves(delivered, [message])  # type: ignore[arg-type]
    [[rider_id, event, data, seq]] = delivered.frames
    assert (rider_id, event, seq) == (waiting["rider_id"], "waiting_update", None)
    assert "rider_id" not in data
    frame = event_frame(event, data, None)
    told = json.loads(frame[frame.index(b"{") :])["data"]
    assert EVENTS[event][0]().validate(told) == {}


def test_a_trip_that_waits_is_shown_as_promised() -> None:
    assert Waiting().validate(dict(write_waiting(STATE))) == {}


def test_decisions_are_told_as_promised() -> None:
    considered = [
        {
            **{"driver_id": "d1", "distance_m": 10.0, "pickup_eta_s": 12.0, "free_in_s": 0.0, "score": 8.0},
            **{"parts": {"road": 12.0, "waited": -4.0}, "dropped": None, "offer_id": "o1"},
        },
        {
            **{"driver_id": "d2", "distance_m": 90.0, "pickup_eta_s": None, "free_in_s": 0.0, "score": None},
            **{"parts": {}, "dropped": "no_road", "offer_id": None},
        },
    ]
    decision = {
        **{"batch_id": "b", "trip_id": "t", "batch_at": AT, "city": "helsinki", "policy": "nearest_eta"},
        **{"fallback": "deadline", "estimated": True, "waited_s": 4.0, "considered": considered},
    }
    answers = {"d1": {"made_at": AT, "answered_at": AT + timedelta(seconds=3), "answer": "accepted", "offer_id": "o1"}}
    wait = {"since": AT, "ended_at": AT, "how": "assigned", "wait_s": 9.0, "promised_at": AT, "about_s": 8.0}
    told = write_decisions_reply("t", [decision], {**answers, "lost": {"made_at": AT}}, [{**wait, "actual_s": 9.0}])
    assert Decisions().validate(json.loads(json.dumps(told))) == {}
    assert Decisions().validate(json.loads(json.dumps(write_decisions_reply("t", [], {})))) == {}


def test_a_driver_s_hour_is_told_as_promised() -> None:
    known = DriverHour(
        since=AT - timedelta(hours=1),
        until=AT,
        online_s=3600.0,
        riding_s=None,
        rides=None,
        batches=3,
        trips={"t": SeenTrip("another_driver", 61.0)},
        answers=[Answer.EXPIRED],
        mean_answer_s=None,
    )
    told = write_why_no_rides(SeeWhyNoRides("d1"), Told(known, explain(known), ("trips", "location")))
    assert WhyNoRides().validate(json.loads(json.dumps(told))) == {}
    assert [(reason["code"], reason["nearer_s"]) for reason in told["reasons"]] == [
        ("another_driver", 61.0),
        ("not_answered", None),
    ]
    assert [tip["code"] for tip in told["advice"]] == ["not_taken", "wait_elsewhere"]
    assert [tip["words"] for tip in told["advice"]] == told["what_to_do"]
