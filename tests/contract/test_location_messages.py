"""What goes through location's queues: gateways, location and notifications mean the same by it."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hansom.contracts.location import Move
from hansom.values import Point
from services.gateway.socket.positions import read_position
from services.location.domain.positions import believable, trace_row
from services.location.storage.mongo import position_of, trace_document
from services.notifications.usecases import tell_moves
from tests.support.delivered import Delivered

EXAMPLES = Path(__file__).with_name("examples") / "messages"
SENT_MS = 1772452800500
DAY_MS = 86_400_000


def example(name: str) -> dict[str, Any]:
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def test_a_gateway_makes_of_a_report_the_row_that_location_takes() -> None:
    row = example("location.positions")["positions"][0]
    driver_id, lat, lng, at_ms, seq, bearing, speed, accuracy = row
    report = {
        "lat": lat,
        "lng": lng,
        "at": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "seq": seq,
        "bearing_deg": bearing,
        "speed_mps": speed,
        "accuracy_m": accuracy,
    }
    assert read_position(driver_id, report, SENT_MS, DAY_MS) == row


def test_location_believes_every_row_of_the_example() -> None:
    rows = example("location.positions")["positions"]
    taken = believable(rows, SENT_MS, DAY_MS, 60_000)
    assert [trace_row("t", position)[1:] for position in taken] == rows


def test_a_point_of_a_trace_is_kept_whole() -> None:
    (row,) = example("location.traces")["points"]
    document = trace_document(row)
    assert document["_id"] == ":".join(str(row[i]) for i in (0, 1, 4, 5))
    assert trace_row(row[0], position_of(document)) == row
    assert not any(isinstance(value, float) and math.isnan(value) for value in document.values())


def test_a_move_of_location_reaches_its_rider_as_driver_moved() -> None:
    message = example("hansom.moves")
    (move,) = message["moves"]
    point = Point(move["point"]["lat"], move["point"]["lng"])
    sent = Move(move["rider_id"], move["trip_id"], point, move["bearing_deg"], move["eta_s"])
    assert sent.as_dict() == move
    delivered = Delivered()
    tell_moves(delivered, [message])  # type: ignore[arg-type]
    told = {name: move[name] for name in ("trip_id", "point", "bearing_deg", "eta_s")}
    assert delivered.frames == [[move["rider_id"], "driver_moved", told, None]]
