"""Every moment of a trip has a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from hansom.contracts.timeline import Code
from services.gateway.timeline_words import SENTENCES, words_of

EURO = {"amount_minor": 1250, "currency": "EUR"}
NOTHING = {"amount_minor": 0, "currency": "EUR"}
AINO = {"role": "rider", "id": "rider-1", "name": "Aino"}

VALUES: dict[str, Any] = {
    "amount": EURO,
    "to_pay": EURO,
    "fare": EURO,
    "fee": EURO,
    "discount": NOTHING,
    "method": "card_ok",
    "of": "ride",
    "reason": "too_late",
    "number": "HELSINKI-2026-000001",
    "category": "van",
    "promo_code": None,
    "surge": {"multiplier": 1.5},
    "for_change": False,
    "pickup_eta_s": 61.0,
    "after_s": 3.0,
    "batches": 1,
    "for_s": 0.0,
    "drivers": 2,
    "offered": 1,
    "dropped": {},
    "about_s": 180.0,
    "actual_s": 200.0,
    "stars": 5,
    "comment": None,
}
"""What any code may want of values."""


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_sentence_that_its_values_fill(code: Code) -> None:
    words = words_of(code.value, AINO, VALUES)
    assert code in SENTENCES
    assert words.endswith(".") and "{" not in words and "None" not in words


def test_who_is_not_known_by_name_is_named_by_his_part() -> None:
    assert words_of("completed", {"role": "driver", "id": "d", "name": None}, {}) == "The driver completed the ride."


def test_batches_that_came_to_nothing_say_why() -> None:
    values = VALUES | {"batches": 3, "for_s": 6.0, "offered": 0, "dropped": {"too_far": 2}}
    expected = "2 drivers were looked at in 3 batches over 6 s; nobody was asked: 2 were too far away."
    assert words_of("looked", None, values) == expected
    assert words_of("looked", None, values | {"drivers": 0}) == "No free driver was near in 3 batches over 6 s."


def test_an_amount_is_written_in_its_own_currency() -> None:
    yen = {"amount": {"amount_minor": 1250, "currency": "JPY"}, "of": "ride", "method": "cash"}
    assert words_of("charged", AINO, yen) == "Aino paid ¥1,250 for the ride in cash."


def test_a_code_of_a_newer_service_is_told_as_it_is() -> None:
    assert words_of("flew_away", None, {}) == "flew away"
