"""Rides that are over and have to be priced."""

from __future__ import annotations

from typing import Any

from hansom.contracts.pricing import AskFinalFare


def a_drive(distance_m: float | None, duration_s: float, credible: bool = True, **more: Any) -> AskFinalFare:
    """What is asked of such a ride, in a standard car."""
    known: dict[str, Any] = {"quote_id": "q", "category": "standard"}
    return AskFinalFare(**{**known, **more}, distance_m=distance_m, duration_s=duration_s, credible=credible)
