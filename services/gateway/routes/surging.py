"""How operators see and set surge."""

from __future__ import annotations

from typing import Any

from services.gateway import schemas, surge_replies
from services.gateway.http.route import OPS, Call, route
from services.gateway.routes.needs import Needs


class SurgeRoutes(Needs):
    @route("GET", "/v1/ops/surge", who=OPS, query=schemas.CityQuery(), gives=surge_replies.CitySurge(),
           refuses=frozenset({404}), summary="A city's surge: on or off, its cap, what quotes have")  # fmt: skip
    def get_surge(self, call: Call) -> Any:
        """`live`: what quotes have now, the segments above 1.0 and why. `known` false: not reckoned lately, all 1.0."""
        return self.pricing.get_surge({"city": self.config["DEFAULT_CITY"], **call.data})

    @route("PUT", "/v1/ops/surge", who=OPS, body=schemas.NewSurgeSetting(), gives=surge_replies.SurgeSetting(),
           refuses=frozenset({404}), summary="Switch a city's surge on or off, or set its cap")  # fmt: skip
    def set_surge(self, call: Call) -> Any:
        """What is not named stays as it is; a null cap is the city's default. Quotes have it within seconds, those that
        were given keep what they say. Who changed what is kept."""
        return self.pricing.set_surge({"city": self.config["DEFAULT_CITY"], **call.data, "actor": call.actor})

    @route("GET", "/v1/ops/surge/changes", who=OPS, query=schemas.SurgeChangesQuery(),
           gives=surge_replies.SurgeChanges(), summary="Who of the operators changed surge, when, and how")  # fmt: skip
    def list_surge_changes(self, call: Call) -> Any:
        """Newest first."""
        return self.pricing.list_surge_changes(call.data)
