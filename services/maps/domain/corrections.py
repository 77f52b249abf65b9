"""How much longer rides really take than the roads say, by city, kind and hour: learnt by analytics, applied here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from hansom.contracts.maps import PICKUP, TRIP

HOURS = 24
LEAST, GREATEST = 0.2, 5.0
"""What is outside of these is no correction but a fault, and is not applied."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """Factors by city, kind and local hour; 1 where none was learnt."""

    factors: Mapping[tuple[str, str], tuple[float, ...]] = field(default_factory=dict)

    def factor(self, city: str, kind: str, hour: int) -> float:
        """What a time by road at this hour (0 to 23, local) is multiplied by."""
        by_hour = self.factors.get((city, kind))
        return 1.0 if by_hour is None else by_hour[hour]


def corrections_of(items: Any) -> Corrections:
    """Corrections from `{city: {"pickup": [24 factors], "trip": [24]}}`; what is not of that form counts as 1."""
    found: dict[tuple[str, str], tuple[float, ...]] = {}
    for city, kinds in items.items() if isinstance(items, Mapping) else ():
        for kind in (PICKUP, TRIP):
            by_hour = kinds.get(kind) if isinstance(kinds, Mapping) else None
            if isinstance(by_hour, list) and len(by_hour) == HOURS:
                found[city, kind] = tuple(_credible(factor) for factor in by_hour)
    return Corrections(found)


def _credible(factor: Any) -> float:
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not isfinite(factor):
        return 1.0
    return float(factor) if LEAST <= factor <= GREATEST else 1.0
