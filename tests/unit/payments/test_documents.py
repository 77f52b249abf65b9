"""Receipts as pages."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from services.payments.documents.rendering import Place, locale_of, money_text, receipt_html, statement_html

HELSINKI = Place("Helsinki", ZoneInfo("Europe/Helsinki"))


def a_receipt(**changes: Any) -> Any:
    money = {"amount_minor": 123450, "currency": "EUR"}
    return {
        "receipt_id": "r",
        "receipt_number": "HELSINKI-2026-000042",
        "trip_id": "t",
        "rider_id": "a",
        "driver_id": "b",
        "city": "helsinki",
        "issued_at": "2026-03-02T12:00:00.000Z",
        "completed_at": "2026-03-02T11:59:00.000Z",
        "category": "standard",
        "distance_m": 1390.0,
        "duration_s": 300.0,
        "lines": [{"code": "fare", "label": "Fare", "amount": money}],
        "total": money,
        "tax": {"amount_minor": 14684, "currency": "EUR"},
        "paid_with": "Card",
        "state": "paid",
        "fare_reason": "quoted_fare",
        "refunds": [],
        "refunded": {"amount_minor": 0, "currency": "EUR"},
        **changes,
    }


def test_a_page_has_number_lines_total_and_the_citys_time() -> None:
    page = receipt_html(a_receipt(), HELSINKI, None)
    for part in ("HELSINKI-2026-000042", "€1,234.50", "€146.84", "Helsinki", "Paid", "Card", "2:00:00", "1.4 km"):
        assert part in page


def test_text_in_a_receipt_is_never_markup() -> None:
    evil = [{"code": "x", "label": "<script>alert(1)</script>", "amount": {"amount_minor": 1, "currency": "EUR"}}]
    page = receipt_html(a_receipt(lines=evil), HELSINKI, None)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_fare_that_is_not_the_quoted_one_says_why() -> None:
    assert "longer than quoted" in receipt_html(a_receipt(fare_reason="longer_than_quoted"), HELSINKI, None)


def test_amounts_follow_the_asked_locale() -> None:
    assert "1\xa0234,50\xa0€" in receipt_html(a_receipt(), HELSINKI, "fi-FI,fi;q=0.9,en;q=0.8")


@pytest.mark.parametrize("asked", [None, "", "*", "xx-ZZ", "../../etc/passwd", "en;q=0.1", "\x00"])
def test_a_locale_that_is_none_is_english(asked: str | None) -> None:
    assert locale_of(asked).language == "en"


def test_currencies_keep_their_own_minor_units() -> None:
    english = Locale("en")
    assert money_text({"amount_minor": 1250, "currency": "JPY"}, english) == "¥1,250"
    assert money_text({"amount_minor": 1250, "currency": "KWD"}, english).endswith("1.250")


def test_what_was_given_back_stands_on_the_page_with_its_credit_note() -> None:
    given_back = {
        "refund_id": "r",
        "amount": {"amount_minor": 250, "currency": "EUR"},
        "reason": "The car was <dirty>.",
        "credit_note_number": "HELSINKI-2026-000043",
        "at": "2026-03-03T09:12:05.000Z",
    }
    page = receipt_html(a_receipt(refunds=[given_back], state="refunded"), HELSINKI, None)
    assert "Given back on Mar 3, 2026, 11:12" in page
    assert "The car was &lt;dirty&gt;. (HELSINKI-2026-000043)" in page
    assert "€2.50" in page


def eur(amount_minor: int) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": "EUR"}


def test_a_statement_says_what_a_payout_is_made_of() -> None:
    ride = {
        "earned_at": "2026-03-02T12:00:00Z",
        "refund_id": None,
        "returned_payout_id": None,
        "fare": eur(1000),
        "tax": eur(100),
        "fee": eur(180),
    }
    taken = {
        "earned_at": "2026-03-02T13:00:00Z",
        "refund_id": "r",
        "returned_payout_id": None,
        "fare": eur(-360),
        "tax": eur(0),
        "fee": eur(0),
    }
    sums = {
        "fare": eur(1000),
        "tax": eur(100),
        "fee": eur(180),
        "cash": eur(0),
        "refunds": eur(360),
        "returned": eur(0),
    }
    statement: Any = {
        "payout_id": "0195",
        "until_day": "2026-03-02",
        "sent_at": None,
        "amount": eur(360),
        "totals": {"rides": 1, **sums},
        "lines": [{**ride, "cash": eur(0), "amount": eur(720)}, {**taken, "cash": eur(0), "amount": eur(-360)}],
    }
    page = statement_html(statement, HELSINKI, "de")
    for told in ("On its way", "02.03.2026", "10,00", "-3,60", "(refund)", "Refunds to riders"):
        assert told in page
