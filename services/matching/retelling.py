"""How a driver was looked for: what is on record of a trip → its moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hansom.timeline import timeline_reply
from services.matching.domain.timeline import Batch, Promise, looks, promises

Row = dict[str, Any]


def write_timeline(decisions: Sequence[Row], waits: Sequence[Row]) -> dict[str, Any]:
    """The reply of `get_timeline`. All rows newest first, as `DecisionRecords.of_trip` gives them."""
    told = [
        Promise(wait["promised_at"], wait["about_s"], wait["actual_s"], wait["how"])
        for wait in reversed(waits)
        if wait["promised_at"] is not None
    ]
    return timeline_reply([*looks(map(_batch, reversed(decisions))), *promises(told)])


def _batch(decision: Row) -> Batch:
    considered = {row["driver_id"]: row.get("dropped") for row in decision["considered"]}
    fallback, estimated = decision.get("fallback"), bool(decision.get("estimated"))
    return Batch(decision["batch_at"], decision["policy"], fallback, estimated, considered)
