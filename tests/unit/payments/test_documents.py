"""Receipts, credit notes and statements as pages."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.payments.documents.rendering import (
    Issuer,
    Known,
    Place,
    Setting,
    credit_note_html,
    receipt_html,
    statement_html,
)
from services.payments.documents.wording import wording_for
from services.payments.usecases.reading import Told

HELSINKI = Place("Helsinki", ZoneInfo("Europe/Helsinki"))


def written(*preferences: str | None) -> Setting:
    return Setting(wording_for(*preferences), HELSINKI)


def eur(amount_minor: int) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": "EUR"}


def a_line(code: str, label: str, amount_minor: int) -> dict[str, Any]:
    return {"code": code, "label": label, "amount": eur(amount_minor)}


def a_receipt(**changes: Any) -> Any:
    return {
        "receipt_id": "r",
        "receipt_number": "HELSINKI-2026-000042",
        "kind": "ride",
        "trip_id": "t",
        "rider_id": "a",
        "driver_id": "b",
        "city": "helsinki",
        "issued_at": "2026-03-02T12:00:00.000Z",
        "completed_at": "2026-03-02T11:59:00.000Z",
        "category": "standard",
        "distance_m": 1390.0,
        "duration_s": 300.0,
        "lines": [a_line("fare", "Fare", 123450)],
        "total": eur(123450),
        "tax": eur(14684),
        "discount": eur(0),
        "promo_code": None,
        "tip": None,
        "paid_with": "Card",
        "state": "paid",
        "fare_reason": "quoted_fare",
        "refunds": [],
        "refunded": eur(0),
        **changes,
    }


def a_note(**changes: Any) -> Any:
    return {
        "receipt_id": "n",
        "receipt_number": "HELSINKI-2026-000043",
        "of_receipt_number": "HELSINKI-2026-000042",
        "kind": "credit_note",
        "trip_id": "t",
        "rider_id": "a",
        "driver_id": "b",
        "city": "helsinki",
        "issued_at": "2026-03-03T09:12:05.000Z",
        "amount": eur(250),
        "tax": eur(30),
        "reason": "The car was <dirty>.",
        "paid_with": "Card",
        **changes,
    }


def test_a_page_has_number_lines_total_and_the_citys_time() -> None:
    page = receipt_html(a_receipt(), written())
    for part in ("HELSINKI-2026-000042", "€1,234.50", "€146.84", "Helsinki", "Paid", "Card", "2:00", "1.4 km", "5 min"):
        assert part in page


def test_text_in_a_receipt_is_never_markup() -> None:
    evil = "<script>alert(1)</script>"
    page = receipt_html(a_receipt(lines=[a_line("x", evil, 1)]), written(), Known(rider=evil, driver=evil))
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 3


def test_a_fare_that_is_not_the_quoted_one_says_why() -> None:
    assert "longer than quoted" in receipt_html(a_receipt(fare_reason="longer_than_quoted"), written())
    assert "arvioitua pidempi" in receipt_html(a_receipt(fare_reason="longer_than_quoted"), written("fi"))


def test_a_receipt_is_in_the_riders_language_and_form_of_amounts() -> None:
    lines = [a_line("waiting", "Waiting (5 min)", 225), a_line("toll", "Toll: Itäväylä", 300)]
    finnish = receipt_html(a_receipt(lines=lines), written("fi"))
    for part in ('<html lang="fi">', "Kuitti", "Maksettu", "Kortti", "Odotus (5 min)", "Tietulli: Itäväylä"):
        assert part in finnish
    assert "1\xa0234,50\xa0€" in finnish and "2.3.2026" in finnish and "1,4 km" in finnish
    spanish = receipt_html(a_receipt(), written("es"))
    for part in ('<html lang="es">', "Recibo", "Pagado", "Tarjeta", "1.234,50\xa0€", "2 mar 2026"):
        assert part in spanish


@pytest.mark.parametrize(
    ("kind", "line", "english", "finnish"),
    [
        ("cancellation", ("cancellation_fee", "Cancellation fee"), "Receipt for a cancellation", "Peruutusmaksu"),
        ("no_show", ("no_show_fee", "No-show fee"), "Receipt for a no-show", "saapumatta"),
        ("tip", ("tip", "Tip"), "Receipt for a tip", "Juomaraha"),
    ],
)
def test_what_is_no_ride_has_a_receipt_of_its_kind(
    kind: str, line: tuple[str, str], english: str, finnish: str
) -> None:
    nothing = {"distance_m": None, "duration_s": None, "tax": eur(0), "fare_reason": None}
    receipt = a_receipt(kind=kind, lines=[a_line(*line, 400)], total=eur(400), **nothing)
    way = Known(way=[(60.17, 24.94), (60.18, 24.95)])
    page = receipt_html(receipt, written(), way)
    assert english in page and "€4.00" in page
    assert "<svg" not in page and "km" not in page, "nobody was driven"
    assert finnish in receipt_html(receipt, written("fi"), way)


def test_with_a_discount_the_tax_is_said_to_be_that_of_the_whole_fare() -> None:
    lines = [a_line("fare", "Fare", 1000), a_line("promo", "Promo code HELLO (20 %)", -200)]
    discounted = a_receipt(lines=lines, total=eur(800), discount=eur(200), tax=eur(119), promo_code="HELLO")
    page = receipt_html(discounted, written())
    for part in ("Promo code HELLO (20 %)", "-€2.00", "€8.00", "tax in the fare of €10.00"):
        assert part in page
    assert "Alennuskoodi HELLO (20 %)" in receipt_html(discounted, written("fi"))


def test_a_tip_stands_on_the_rides_receipt_with_the_number_of_its_own() -> None:
    tip = {"amount": eur(200), "receipt_number": "HELSINKI-2026-000044", "state": "captured"}
    assert "Tip, receipt HELSINKI-2026-000044" in receipt_html(a_receipt(tip=tip), written())
    assert "Tip" not in receipt_html(a_receipt(tip={**tip, "receipt_number": None, "state": "pending"}), written())


def test_a_receipt_of_the_version_before_is_rendered() -> None:
    old = {name: value for name, value in a_receipt().items() if name not in ("kind", "discount", "promo_code", "tip")}
    assert "€1,234.50" in receipt_html(old, written())  # type: ignore[arg-type]


def test_what_was_given_back_stands_on_the_page_with_its_credit_note() -> None:
    given_back = {
        "refund_id": "r",
        "amount": eur(250),
        "reason": "The car was <dirty>.",
        "credit_note_number": "HELSINKI-2026-000043",
        "at": "2026-03-03T09:12:05.000Z",
    }
    page = receipt_html(a_receipt(refunds=[given_back], state="refunded"), written())
    assert "Given back on Mar 3, 2026 11:12" in page
    assert "The car was &lt;dirty&gt;. (HELSINKI-2026-000043)" in page
    assert "€2.50" in page


def test_a_credit_note_names_its_receipt_its_reason_and_its_tax() -> None:
    page = credit_note_html(a_note(), written())
    for part in ("Credit note", "HELSINKI-2026-000043", "HELSINKI-2026-000042", "€2.50", "€0.30", "&lt;dirty&gt;"):
        assert part in page
    assert "Hyvityslasku" in credit_note_html(a_note(), written("fi"))


def test_a_document_is_in_its_issuers_name() -> None:
    issuer = Issuer("Taksi Oy", ("Kaivokatu 1, 00100 Helsinki", "VAT FI12345678"))
    for page in (
        receipt_html(a_receipt(), Setting(wording_for(), HELSINKI, issuer)),
        credit_note_html(a_note(), Setting(wording_for(), HELSINKI, issuer)),
    ):
        assert "Taksi Oy" in page and "Kaivokatu 1" in page and "VAT FI12345678" in page


def test_names_have_the_direction_of_their_own_script() -> None:
    page = receipt_html(a_receipt(), written(), Known(rider="مريم عبد الرحمن", driver="Maija"))
    assert "<dd><bdi>مريم عبد الرحمن</bdi></dd>" in page


def a_statement(**changes: Any) -> Any:
    no_money = {"fare": eur(0), "tax": eur(0), "fee": eur(0), "cash": eur(0)}
    ride = {**no_money, "fare": eur(1000), "tax": eur(100), "fee": eur(180), "amount": eur(720), "kind": "ride"}
    tip = {**no_money, "fare": eur(150), "amount": eur(150), "kind": "tip"}
    taken = {**no_money, "fare": eur(-360), "amount": eur(-360), "refund_id": "r"}
    at = {"earned_at": "2026-03-02T12:00:00Z", "refund_id": None, "returned_payout_id": None}
    return {
        "payout_id": "0195",
        "until_day": "2026-03-02",
        "sent_at": None,
        "amount": eur(510),
        "totals": {"rides": 1, **no_money, "fare": eur(1000), "refunds": eur(360), "returned": eur(0)},
        "lines": [{**at, **ride}, {**at, **tip}, {**at, **taken}],
        **changes,
    }


def test_a_statement_says_what_a_payout_is_made_of() -> None:
    page = statement_html(a_statement(), written("de"), Known(driver="Maija Meikäläinen"))
    for told in ("On its way", "02.03.2026", "10,00", "-3,60", "Refund to the rider", "Tip", "Maija Meikäläinen"):
        assert told in page


def test_a_statement_is_in_the_drivers_language() -> None:
    page = statement_html(a_statement(sent_at="2026-03-03T01:00:00Z"), written("fi"))
    for told in ("Tilityserittely", "Kyyti", "Juomaraha", "Palautus asiakkaalle", "2.3.2026", "3.3.2026 3.00"):
        assert told in page


def test_a_statement_of_very_many_lines_has_their_sums_by_the_citys_days() -> None:
    first = a_statement()["lines"]
    late = [{**line, "earned_at": "2026-03-02T22:30:00Z"} for line in first]
    page = statement_html(a_statement(lines=first * 100 + late * 100), written())
    assert page.count("<tr>") < 30
    for told in (
        "Ride (100)",
        "Tip (100)",
        "Refund to the rider (100)",
        "Mar 2, 2026",
        "Mar 3, 2026",
        "€720.00",
        "-€180.00",
    ):
        assert told in page
    assert "sums by day" in page and "sums by day" not in statement_html(a_statement(), written())


def test_the_way_of_a_car_that_stood_still_is_its_positions() -> None:
    here = {"lat": 60.17, "lng": 24.94}
    assert Told({}, {"matched_route": [here], "points": [here, here]}).way == [(60.17, 24.94)] * 2
    assert Told({}, {"matched_route": [here, here, here], "points": [here]}).way == [(60.17, 24.94)] * 3
    assert Told({}, {"matched_route": None, "points": []}).way == []
