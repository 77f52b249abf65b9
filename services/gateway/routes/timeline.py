"""What happened to a trip, for operators."""

from __future__ import annotations

from typing import Any

from services.gateway import timeline_replies
from services.gateway.http.route import OPS, Call, route
from services.gateway.routes.needs import Needs
from services.gateway.timeline import timeline_of


class TimelineRoutes(Needs):
    @route("GET", "/v1/ops/trips/{trip_id}/timeline", who=OPS, gives=timeline_replies.Timeline(),
           summary="What happened to a trip, from its quote to its payout, in order")  # fmt: skip
    def get_timeline(self, call: Call) -> Any:
        """Told by the services that own it, asked at once: one that is away is named in `missing`. Batches that came to
        the same thing are one item. `words` is English; `code` and `values` say the same to a program."""
        return timeline_of(self, call.data["trip_id"])
