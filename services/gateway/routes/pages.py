"""The web pages, on the same public contract as anybody's app."""

from __future__ import annotations

from typing import Any

from services.gateway.http.route import ANYONE, Call, route
from services.gateway.routes.needs import Needs


class PageRoutes(Needs):
    @route("GET", "/rider", who=ANYONE, limited=False, documented=False)
    def get_rider_page(self, call: Call) -> Any:
        return self.pages.page("rider")

    @route("GET", "/driver", who=ANYONE, limited=False, documented=False)
    def get_driver_page(self, call: Call) -> Any:
        return self.pages.page("driver")

    @route("GET", "/ops", who=ANYONE, limited=False, documented=False)
    def get_ops_page(self, call: Call) -> Any:
        return self.pages.page("ops")

    @route("GET", "/assets/{name}", who=ANYONE, limited=False, documented=False)
    def get_asset(self, call: Call) -> Any:
        return self.pages.asset(call.data["name"], packed=call.takes_gzip)
