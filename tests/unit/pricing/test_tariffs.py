"""Tariffs: dated, versioned, and refused when they are not exact."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.pricing.domain.tariff import Tariff, in_force

RAW: dict[str, Any] = {
    "category": "standard",
    "version": 1,
    "valid_from": "2026-01-01T00:00:00Z",
    "base": 390,
    "per_km": 110,
    "per_minute": 45,
    "minimum": 700,
    "booking_fee": 100,
    "tax_share": 0.135,
}


def a_tariff(**changes: Any) -> Tariff:
    return Tariff.from_dict({**RAW, **changes})


def test_the_last_tariff_to_become_valid_is_in_force() -> None:
    old, new = a_tariff(), a_tariff(version=2, valid_from="2026-06-01T00:00:00Z", base=450)
    at = datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC)
    assert in_force([new, old], at) == [old]
    assert in_force([new, old], datetime(2026, 6, 1, tzinfo=UTC)) == [new]


def test_of_equally_old_tariffs_the_highest_version_is_in_force() -> None:
    corrected = a_tariff(version=2, base=380)
    assert in_force([corrected, a_tariff()], datetime(2026, 2, 1, tzinfo=UTC)) == [corrected]


def test_a_category_without_a_tariff_yet_is_not_offered() -> None:
    assert in_force([a_tariff()], datetime(2025, 12, 31, tzinfo=UTC)) == []


def test_categories_keep_the_order_of_the_settings() -> None:
    tariffs = [a_tariff(category=name) for name in ("van", "standard", "comfort")]
    assert [one.category for one in in_force(tariffs, datetime(2026, 2, 1, tzinfo=UTC))] == [
        "van",
        "standard",
        "comfort",
    ]


@pytest.mark.parametrize("wrong", [{"base": 3.9}, {"per_km": -1}, {"minimum": True}, {"tax_share": 1.5}])
def test_an_amount_that_is_not_whole_minor_units_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="tariff standard v1"):
        a_tariff(**wrong)


def test_a_tariff_survives_being_kept_with_a_quote() -> None:
    assert Tariff.from_dict(a_tariff().as_dict()) == a_tariff()
    assert a_tariff().tax_rate == "0.135"
