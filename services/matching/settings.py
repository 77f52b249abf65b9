"""How a city is dispatched, from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from hansom.cities import city_settings
from services.matching.domain.model import Rules
from services.matching.domain.policies import policies
from services.matching.solver import solve
from services.matching.usecases import Dispatch

POLICIES = policies(solve)

FORESEEING = frozenset({"foresight"})
"""Policies that want to know who is about to finish, who accepts, and what places are worth."""

ALL_AT_ONCE = frozenset({"batch", "foresight"})
"""Policies that weigh all trips together: only they may replace an offer, as they take no driver from a trip for it."""


def dispatch_of(config: Mapping[str, Any], city: str) -> Dispatch:
    """A city's policy (`matching_policy` of the city, otherwise MATCHING_POLICY) and limits.

    Raises ValueError for a policy nobody knows, or a number of one that nobody knows.
    """
    own = city_settings(config)[city]
    name = str(own.get("matching_policy") or config["MATCHING_POLICY"])
    if name not in POLICIES:
        raise ValueError(f"city {city}: no policy {name!r}; there are {', '.join(POLICIES)}")
    gain_s = float(config["MATCHING_REPLACE_GAIN_S"])
    return Dispatch(
        city=city,
        policy_name=name,
        policy=POLICIES[name],
        rules=_rules(config, city, own.get("matching_rules")),
        candidates=int(config["MATCHING_CANDIDATES"]),
        ttl_s=float(config["OFFER_TTL_S"]),
        patience_s=float(config["TRIP_PATIENCE_S"]),
        window_s=float(config["BATCH_WINDOW_S"]),
        solve_s=float(config["MATCHING_SOLVE_S"]),
        foresees=name in FORESEEING,
        weighs_idle=name in ALL_AT_ONCE,
        replace_gain_s=gain_s if gain_s > 0 and name in ALL_AT_ONCE else None,
    )


def _rules(config: Mapping[str, Any], city: str, own: Mapping[str, Any] | None) -> Rules:
    """MATCHING_RULES with the city's `matching_rules` over them."""
    numbers = {"max_pickup_s": config["MATCHING_MAX_PICKUP_S"], **(config["MATCHING_RULES"] or {}), **(own or {})}
    unknown = numbers.keys() - {each.name for each in fields(Rules)}
    if unknown:
        raise ValueError(f"city {city}: no such rules of dispatch: {', '.join(sorted(unknown))}")
    return Rules(**{name: float(number) for name, number in numbers.items()})
