"""Receipts and drivers' statements as HTML and PDF."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, get_currency_precision
from eventlet import Timeout
from eventlet.green import subprocess
from eventlet.semaphore import Semaphore
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from hansom.contracts.errors import Unavailable
from hansom.contracts.payments import ReceiptReply, StatementReply
from hansom.wire import parse_time

DOCUMENTS = Path(__file__).parent

PRINTER = DOCUMENTS / "printing.py"

AT_ONCE = Semaphore(2)
"""PDFs laid out at the same time: each takes a core for a while."""

WAITING_MAX = 12
"""Who comes when so many wait is told to come again: his caller would not wait for him."""

PRINTING_S = 15
"""Patience with one PDF, seconds."""

ENVIRONMENT = Environment(
    loader=FileSystemLoader(DOCUMENTS), autoescape=select_autoescape(), undefined=StrictUndefined, auto_reload=False
)

ENGLISH = {
    "receipt": "Receipt",
    "issued": "Issued",
    "ride": "Ride ended",
    "category": "Category",
    "distance": "Distance",
    "duration": "Time",
    "trip": "Trip",
    "total": "Total",
    "tax": "of which tax",
    "paid": "Paid",
    "unpaid": "Not paid yet",
    "refunded": "Given back",
    "given_back": "Given back on",
}

STATEMENT_ENGLISH = {
    "statement": "Statement of a payout",
    "until": "Earned up to",
    "sent": "Sent",
    "not_sent": "On its way",
    "rides": "Rides",
    "fare": "Fare",
    "tax": "Tax",
    "fee": "Platform's fee",
    "cash": "Taken in cash",
    "refunds": "Refunds to riders",
    "returned": "Payouts that failed before",
    "paid_out": "Paid out",
    "when": "Ride ended",
    "yours": "Yours",
    "refund": "(refund)",
    "again": "(payout that failed)",
}

WHY = {
    "longer_than_quoted": "The ride was longer than quoted: the fare is that of the distance and time driven.",
    "quoted_fare_and_waiting": "The driver waited longer than is free: the waiting is added to the quoted fare.",
    "shorter_than_quoted": "The ride was shorter than quoted: the fare is that of the distance and time driven.",
}

TEXTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {"en": (ENGLISH, WHY)}
"""Language → the words of a receipt, and of the reasons for its fare."""


@dataclass(frozen=True, slots=True)
class Place:
    """The city that a document is of: its name, and the time zone that its times are in."""

    name: str
    zone: ZoneInfo


def locale_of(asked: str | None) -> Locale:
    """The locale for an Accept-Language or a tag such as `fi-FI`; English when nothing else fits."""
    preferred = [part.split(";")[0].strip().replace("-", "_") for part in (asked or "").split(",")]
    for tag in preferred:
        try:
            found = negotiate_locale([tag], [tag], sep="_")
            return Locale.parse(found) if found else Locale("en")
        except (ValueError, UnknownLocaleError):
            continue
    return Locale("en")


def money_text(amount: Mapping[str, Any], locale: Locale) -> str:
    """An amount as people of a locale write it."""
    currency = str(amount["currency"])
    value = Decimal(int(amount["amount_minor"])).scaleb(-get_currency_precision(currency))
    return format_currency(value, currency, locale=locale)


def receipt_html(receipt: ReceiptReply, place: Place, asked_locale: str | None) -> str:
    """The receipt as a page, amounts and times in the form of the asked locale."""
    locale = locale_of(asked_locale)
    text, reasons = TEXTS.get(locale.language, TEXTS["en"])
    lines = [{"label": line["label"], "amount": money_text(line["amount"], locale)} for line in receipt["lines"]]
    return ENVIRONMENT.get_template("receipt.html").render(
        lang=locale.language if locale.language in TEXTS else "en",
        text=text,
        receipt=receipt,
        city=place.name,
        lines=lines,
        total=money_text(receipt["total"], locale),
        tax=money_text(receipt["tax"], locale),
        refunds=[
            {
                "at": _time_text(parse_time(refund["at"]), place, locale),
                "reason": refund["reason"],
                "number": refund["credit_note_number"],
                "amount": money_text(refund["amount"], locale),
            }
            for refund in receipt["refunds"]
        ],
        issued_at=_time_text(parse_time(receipt["issued_at"]), place, locale),
        completed_at=_time_text(parse_time(receipt["completed_at"]), place, locale),
        distance=_number_text(receipt["distance_m"], 1000, "km", locale),
        duration=_number_text(receipt["duration_s"], 60, "min", locale),
        why=reasons.get(receipt["fare_reason"] or "", ""),
    )


def statement_html(statement: StatementReply, place: Place, asked_locale: str | None) -> str:
    """A payout with its lines as a page, amounts and times in the form of the asked locale."""
    locale, text, totals = locale_of(asked_locale), STATEMENT_ENGLISH, cast("dict[str, Any]", statement["totals"])
    shown = ("fare", "tax", "fee", "cash", "refunds", "returned")
    until = date.fromisoformat(statement["until_day"])
    return ENVIRONMENT.get_template("statement.html").render(
        lang="en",
        text=text,
        statement=statement,
        city=place.name,
        until=format_date(until, format="medium", locale=locale),
        sent_at=_time_text(parse_time(statement["sent_at"]), place, locale),
        sums=[(text[name], money_text(totals[name], locale)) for name in shown],
        amount=money_text(statement["amount"], locale),
        lines=[
            {
                "at": _time_text(parse_time(line["earned_at"]), place, locale),
                "what": text["refund"] if line["refund_id"] else text["again"] if line["returned_payout_id"] else "",
                "fare": money_text(line["fare"], locale),
                "tax": money_text(line["tax"], locale),
                "fee": money_text(line["fee"], locale),
                "cash": money_text(line["cash"], locale),
                "amount": money_text(line["amount"], locale),
            }
            for line in statement["lines"]
        ],
    )


def _time_text(moment: datetime | None, place: Place, locale: Locale) -> str:
    if moment is None:
        return ""
    return format_datetime(moment.astimezone(place.zone), format="medium", locale=locale)


def _number_text(measured: float | None, per: int, unit: str, locale: Locale) -> str:
    if measured is None:
        return ""
    return f"{format_decimal(round(Decimal(str(measured)) / per, 1), locale=locale)} {unit}"


def pdf_of(html: str) -> bytes:
    """The page as a PDF, laid out in a process of its own: this one goes on meanwhile. Raises Unavailable."""
    if AT_ONCE.balance <= -WAITING_MAX:
        raise Unavailable("Too many receipts are being printed: try again in a moment.")
    with AT_ONCE, Timeout(PRINTING_S, Unavailable("The receipt could not be printed in time.")):
        return _print(html)


def _print(html: str) -> bytes:
    printer = subprocess.Popen([sys.executable, str(PRINTER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        written, _ = printer.communicate(html.encode())
    finally:
        if printer.poll() is None:
            printer.kill()
            printer.wait()
    if printer.returncode:
        raise RuntimeError(f"the printer of receipts ended with {printer.returncode}")
    return bytes(written)


__all__ = ["Place", "locale_of", "money_text", "pdf_of", "receipt_html", "statement_html"]
