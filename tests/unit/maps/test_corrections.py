"""Corrections of road times: what analytics says is applied, what is not credible is not."""

from __future__ import annotations

from typing import Any

import pytest

from services.maps.domain.corrections import Corrections, corrections_of

USUAL = [1.0] * 24


def test_each_hour_and_kind_has_its_own_factor() -> None:
    found = corrections_of({"helsinki": {"pickup": USUAL, "trip": [*USUAL[:8], 1.4, *USUAL[9:]]}})
    assert found.factor("helsinki", "trip", 8) == 1.4
    assert found.factor("helsinki", "trip", 9) == 1.0
    assert found.factor("helsinki", "pickup", 8) == 1.0
    assert found.factor("turku", "trip", 8) == 1.0
    assert Corrections().factor("helsinki", "trip", 8) == 1.0


@pytest.mark.parametrize(
    "items",
    [None, [], "x", {"helsinki": None}, {"helsinki": {"trip": [2.0] * 23}}, {"helsinki": {"trip": [0] * 24}},
     {"helsinki": {"trip": ["2"] * 24}}, {"helsinki": {"trip": [float("nan")] * 24}},
     {"helsinki": {"trip": [100.0] * 24}}, {"helsinki": {"trip": [True] * 24}}],
)  # fmt: skip
def test_what_is_no_factor_is_not_applied(items: Any) -> None:
    assert corrections_of(items).factor("helsinki", "trip", 0) == 1.0
