"""How a city is dispatched, from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hansom.cities import city_settings
from services.matching.domain.model import Rules
from services.matching.domain.policies import policies
from services.matching.solver import solve
from services.matching.usecases import Dispatch

POLICIES = policies(solve)


def dispatch_of(config: Mapping[str, Any], city: str) -> Dispatch:
    """A city's policy (`matching_policy` of the city, otherwise MATCHING_POLICY) and limits.

    Raises ValueError for a policy nobody knows.
    """
    name = str(city_settings(config)[city].get("matching_policy") or config["MATCHING_POLICY"])
    if name not in POLICIES:
        raise ValueError(f"city {city}: no policy {name!r}; there are {', '.join(POLICIES)}")
    return Dispatch(
        city=city,
        policy_name=name,
        policy=POLICIES[name],
        rules=Rules(max_pickup_s=float(config["MATCHING_MAX_PICKUP_S"])),
        candidates=int(config["MATCHING_CANDIDATES"]),
        ttl_s=float(config["OFFER_TTL_S"]),
    )
