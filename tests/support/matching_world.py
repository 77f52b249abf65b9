"""Matching under another name, asking the stand-ins: a whole stack may run beside."""

from __future__ import annotations

from hansom.rpc import ServiceClient
from services.matching.service import MatchingService

STEPS = (
    "pool read",
    "candidates found",
    "road times known",
    "decided",
    "offers sent",
    "offers made",
    "pool told",
    "recorded",
)
"""Of a batch: after each of these a leader can be made to die (see `matching_dies`)."""


class MatchingAmongStandIns(MatchingService):
    """Matching that asks the stand-ins."""

    name = "tested_matching"
    trips = ServiceClient("stand_in_trips")
    location = ServiceClient("stand_in_location")
    maps = ServiceClient("stand_in_maps")
    analytics = ServiceClient("stand_in_analytics")
