"""What operators watch: key figures as they come. Cars and waiting riders are on the socket (`watch_city`)."""

from __future__ import annotations

from typing import Any

from services.gateway import figures_replies, schemas
from services.gateway.http.route import OPS, Call, route
from services.gateway.routes.needs import Needs


class WatchingRoutes(Needs):
    @route("GET", "/v1/ops/figures", who=OPS, query=schemas.FiguresQuery(), gives=figures_replies.Figures(),
           summary="Key figures of a city by minute, and of its day so far")  # fmt: skip
    def get_figures(self, call: Call) -> Any:
        """Figures are some seconds old. An event that comes late counts in the minute in which it happened."""
        return self.analytics.figures({"city": self.config["DEFAULT_CITY"], **call.data})
