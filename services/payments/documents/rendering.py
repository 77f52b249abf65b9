"""Receipts, credit notes and drivers' statements as pages."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from hansom.contracts.papers import CreditNoteReply
from hansom.contracts.payment_replies import ReceiptReply, StatementReply
from hansom.wire import parse_time
from services.payments.documents.labels import (
    CATEGORIES,
    EARNED,
    METHODS,
    PARTS,
    REASONS,
    STATES,
    SUMS,
    TAKEN_OFF,
    TITLES,
    WHEN,
    line_label,
)
from services.payments.documents.picture import NOTHING_AROUND, Backdrop, Frame, draw
from services.payments.documents.wording import Wording

DOCUMENTS = Path(__file__).parent

STYLE = (DOCUMENTS / "style.css").read_text()

STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A page's Content-Security-Policy: its one style, known by its hash, and nothing else."""

LINES_MAX = 300
"""A statement of more lines has their sums by day: a PDF takes 8 ms a line to lay out."""

COLUMNS = ("fare", "tax", "fee", "cash", "amount")

ENVIRONMENT = Environment(
    loader=FileSystemLoader(DOCUMENTS),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Place:
    """The city that a document is of: its name, and the time zone that its times are in."""

    name: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose document it is: a name, and lines such as an address and a tax number."""

    name: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What other services told for a document; it is written without what they did not. `way`: of the ride, driven."""

    rider: str | None = None
    driver: str | None = None
    way: Sequence[tuple[float, float]] = ()
    around: Backdrop = NOTHING_AROUND


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True)
class Setting:
    """How a document is written: in which words, for which city, in whose name."""

    wording: Wording
    place: Place
    issuer: Issuer = field(default_factory=lambda: Issuer("Hansom"))


def receipt_html(receipt: ReceiptReply, setting: Setting, known: Known = NOTHING_KNOWN) -> str:
    """The receipt of a ride, a cancellation, a no-show or a tip as a page."""
    words, kind = setting.wording, receipt.get("kind", "ride")
    is_ride = kind == "ride"
    return _page(
        "receipt.html",
        setting,
        TITLES.get(kind, TITLES["ride"]),
        receipt["receipt_number"],
        receipt=receipt,
        issued_at=words.moment(parse_time(receipt["issued_at"]), setting.place.zone),
        when_label=words.text(WHEN.get(kind, WHEN["ride"])),
        completed_at=words.moment(parse_time(receipt["completed_at"]), setting.place.zone),
        rider=known.rider,
        driver=known.driver,
        category=_word(CATEGORIES, receipt["category"], words),
        distance=words.kilometres(receipt["distance_m"]) if is_ride else "",
        duration=words.duration(receipt["duration_s"]) if is_ride else "",
        lines=[{"label": line_label(line, words), "amount": words.money(line["amount"])} for line in receipt["lines"]],
        total=words.money(receipt["total"]),
        tax=words.money(receipt["tax"]) if receipt["tax"]["amount_minor"] or is_ride else "",
        tax_label=_tax_label(receipt, words),
        refunds=[_refund(refund, setting) for refund in receipt["refunds"]],
        tip=_tip(receipt.get("tip"), words),
        why=words.text(REASONS.get(receipt["fare_reason"] or "", "")),
        state=words.text(STATES.get(receipt["state"], receipt["state"])),
        paid_with=_word(METHODS, receipt["paid_with"], words),
        picture=_picture(known, words) if is_ride else "",
        attribution=bool(known.around.roads or known.around.water),
    )


def credit_note_html(note: CreditNoteReply, setting: Setting, known: Known = NOTHING_KNOWN) -> str:
    """What was given back of a receipt, as a page."""
    words = setting.wording
    return _page(
        "credit_note.html",
        setting,
        TITLES["credit_note"],
        note["receipt_number"],
        note=note,
        issued_at=words.moment(parse_time(note["issued_at"]), setting.place.zone),
        rider=known.rider,
        amount=words.money(note["amount"]),
        tax=words.money(note["tax"]) if note["tax"]["amount_minor"] else "",
        paid_with=_word(METHODS, note["paid_with"], words),
    )


def statement_html(statement: StatementReply, setting: Setting, known: Known = NOTHING_KNOWN) -> str:
    """A payout with its lines as a page."""
    words, place = setting.wording, setting.place
    totals: Mapping[str, Any] = dict(statement["totals"])
    return _page(
        "statement.html",
        setting,
        TITLES["statement"],
        statement["payout_id"],
        statement=statement,
        until=words.day(date.fromisoformat(statement["until_day"])),
        driver=known.driver,
        sent_at=words.moment(parse_time(statement["sent_at"]), place.zone) or words.text("On its way"),
        sums=[
            {"label": words.text(label), "amount": _signed(name, totals[name], words), "is_part": name in PARTS}
            for name, label in SUMS.items()
            if name in totals and (name not in PARTS or totals[name]["amount_minor"])
        ],
        amount=words.money(statement["amount"]),
        lines=_table(statement, setting),
        summed_up=len(statement["lines"]) > LINES_MAX,
    )


def _page(template: str, setting: Setting, title: str, number: str, **fields: Any) -> str:
    words = setting.wording
    return ENVIRONMENT.get_template(template).render(
        lang=words.language,
        _=words.text,
        style=Markup(STYLE),
        issuer=setting.issuer,
        title=words.text(title),
        number=number,
        city=setting.place.name,
        **fields,
    )


def _word(known: Mapping[str, str], said: str, words: Wording) -> str:
    """The word for something with a name of its own that may be one that is not known here."""
    return words.text(known[said]) if said in known else said


def _tax_label(receipt: ReceiptReply, words: Wording) -> str:
    """With a discount the tax is that of the whole fare, which the platform pays a part of."""
    discount = receipt.get("discount")
    if not discount or not discount["amount_minor"]:
        return words.text("of which tax")
    fare = {**discount, "amount_minor": receipt["total"]["amount_minor"] + discount["amount_minor"]}
    return words.text("tax in the fare of %(fare)s", fare=words.money(fare))


def _refund(refund: Mapping[str, Any], setting: Setting) -> dict[str, str]:
    words = setting.wording
    label = words.text(
        "Given back on %(day)s: %(reason)s (%(number)s)",
        day=words.moment(parse_time(refund["at"]), setting.place.zone),
        reason=refund["reason"],
        number=refund["credit_note_number"] or "",
    )
    return {"label": label, "amount": words.money(refund["amount"])}


def _tip(tip: Mapping[str, Any] | None, words: Wording) -> dict[str, str] | None:
    """A tip has a receipt of its own, once it is paid."""
    if not tip or not tip.get("receipt_number"):
        return None
    label = words.text("Tip, receipt %(number)s", number=tip["receipt_number"])
    return {"label": label, "amount": words.money(tip["amount"])}


def _table(statement: StatementReply, setting: Setting) -> list[dict[str, str]]:
    """The lines of a statement, or if they are too many what they come to on each day."""
    lines = [dict(line) for line in statement["lines"]]
    if len(lines) <= LINES_MAX:
        return [_earned(line, setting) for line in lines]
    zone, days = setting.place.zone, dict[tuple[date, str], list[dict[str, Any]]]()
    for line in lines:
        earned_at = parse_time(str(line["earned_at"]))
        if earned_at is not None:
            days.setdefault((earned_at.astimezone(zone).date(), _kind(line)), []).append(line)
    return [_earned_on(day, kind, days[day, kind], setting.wording) for day, kind in sorted(days)]


def _earned_on(day: date, kind: str, lines: Sequence[Mapping[str, Any]], words: Wording) -> dict[str, str]:
    sums = {name: sum(line[name]["amount_minor"] for line in lines) for name in COLUMNS}
    amounts = {name: _signed(name, {**lines[0][name], "amount_minor": minor}, words) for name, minor in sums.items()}
    return {"at": words.day(day), "what": f"{words.text(EARNED.get(kind, kind))} ({len(lines)})", **amounts}


def _kind(line: Mapping[str, Any]) -> str:
    return "refund" if line["refund_id"] else "returned" if line["returned_payout_id"] else line.get("kind") or "ride"


def _earned(line: Mapping[str, Any], setting: Setting) -> dict[str, str]:
    words, kind = setting.wording, _kind(line)
    amounts = {name: _signed(name, line[name], words) for name in COLUMNS}
    at = words.moment(parse_time(line["earned_at"]), setting.place.zone)
    return {"at": at, "what": words.text(EARNED.get(kind, kind)), **amounts}


def _signed(name: str, amount: Mapping[str, Any], words: Wording) -> str:
    """An amount as it adds up to what is paid out."""
    return words.money({**amount, "amount_minor": (-1 if name in TAKEN_OFF else 1) * amount["amount_minor"]})


def _picture(known: Known, words: Wording) -> str:
    if len(known.way) < 2:
        return ""
    scale = words.length(Frame(known.way).scale_m)
    return Markup(draw(known.way, words.text("The way that was driven"), scale, known.around))


__all__ = [
    "NOTHING_KNOWN",
    "POLICY",
    "Issuer",
    "Known",
    "Place",
    "Setting",
    "credit_note_html",
    "receipt_html",
    "statement_html",
]
