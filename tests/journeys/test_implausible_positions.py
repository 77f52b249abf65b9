"""A car that cannot be where its telephone says stays where it was, and too much of it costs the driver offers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.apps import PICKUP, App
from tests.support.waiting import eventually


def test_a_driver_whose_positions_cannot_be_believed_is_seen_by_operators_and_not_offered_rides(
    people: Any, ops: App, refused: Any
) -> None:
    driver, path = people.driver(category="van"), "/v1/ops/drivers/{}/positions"
    honest = eventually(lambda: told if (told := ops.call("GET", path.format(driver.id)))["offered"] else None)
    assert (honest["total"], honest["last"], honest["why_not"]) == (0, [], None)
    moments = [datetime.now(UTC) - timedelta(seconds=30 - i) for i in range(20)]
    abroad = [
        {"lat": 60.32, "lng": 24.96, "at": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "seq": i}
        for i, moment in enumerate(moments)
    ]
    driver.send("report_positions", {"positions": abroad})

    def doubtful() -> Any:
        told = ops.call("GET", path.format(driver.id) + "?limit=3")
        return told if told["why_not"] == "doubtful" and told["total"] >= 20 else None

    told = eventually(doubtful, within_s=10, every_s=0.2)
    assert (told["counts"], told["offered"]) == ({"outside_area": 20}, False)
    assert [each["reason"] for each in told["last"]] == ["outside_area"] * 3
    assert told["position"]["point"] == PICKUP, "the car has not moved"
    listed = ops.call("GET", "/v1/ops/implausible?limit=100")["items"]
    assert [each["why_not"] for each in listed if each["driver_id"] == driver.id] == ["doubtful"]

    assert refused(driver, "GET", path.format(driver.id)).status == 403
    assert refused(ops, "GET", path.format("nobody")).status == 404
    assert refused(ops, "GET", path.format(driver.id) + "?limit=0").status == 422
    assert refused(ops, "GET", "/v1/ops/implausible?cursor=next").status == 422
