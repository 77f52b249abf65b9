"""What payments answers: its dataclasses → the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hansom.contracts.papers import CreditNoteReply, PaperReply
from hansom.contracts.payment_replies import (
    AuditReply,
    ChargeReply,
    DebtReply,
    EarningsLine,
    EarningsTotals,
    PayoutReply,
    ReceiptLine,
    ReceiptReply,
    ReceiptTip,
    RefundLine,
    RefundReply,
    StatementReply,
    TipReply,
)
from hansom.contracts.payments import ChargeKind, ChargeState, ReceiptState, RefundState
from hansom.values import Money
from hansom.wire import iso
from services.payments.domain.charge import FEES, Charge, Line, Outcome, SettledRide
from services.payments.domain.debt import OpenDebt
from services.payments.domain.methods import paid_with
from services.payments.domain.payout import Payout, PayoutLine
from services.payments.domain.proof import Audit
from services.payments.schemas import cursor_of
from services.payments.storage.papers import Paper
from services.payments.storage.reading import FullReceipt, FullRefund, GivenTip


def _money(amount_minor: int, currency: str) -> dict[str, Any]:
    return Money(amount_minor, currency).as_dict()


def charge_reply(charge: Charge, reason: str | None) -> ChargeReply:
    return {
        "charge_id": charge.id,
        "trip_id": charge.ride.trip_id,
        "kind": charge.kind.value,
        "state": charge.state.value,
        "amount": _money(charge.to_pay_minor, charge.ride.currency),
        "method": charge.method,
        "reason": reason,
    }


def tip_reply(tip: Charge, reason: str | None) -> TipReply:
    return {
        "tip_id": tip.id,
        "trip_id": tip.ride.trip_id,
        "amount": _money(tip.to_pay_minor, tip.ride.currency),
        "state": tip.state.value,
        "reason": reason,
    }


def receipt_reply(found: FullReceipt) -> ReceiptReply:
    receipt, ride = found.receipt, found.charge.ride
    done = [each for each in found.refunds if each.refund.state == RefundState.DONE]
    refunded_minor = sum(each.refund.amount_minor for each in done)
    return {
        "receipt_id": receipt.id,
        "receipt_number": receipt.number,
        "trip_id": ride.trip_id,
        "kind": ride.kind.value,
        "rider_id": ride.rider_id,
        "driver_id": ride.driver_id,
        "city": ride.city,
        "issued_at": iso(receipt.issued_at) or "",
        "completed_at": iso(ride.completed_at) or "",
        "category": ride.category,
        "distance_m": ride.distance_m,
        "duration_s": ride.duration_s,
        "lines": [_line(line, ride.currency) for line in _lines(ride)],
        "total": _money(ride.to_pay_minor, ride.currency),
        "tax": _money(ride.tax_minor, ride.currency),
        "paid_with": paid_with(found.charge.method),
        "state": _state_of(found, refunded_minor).value,
        "fare_reason": ride.fare_reason,
        "refunds": [_refund_line(each) for each in done],
        "refunded": _money(refunded_minor, ride.currency),
        "discount": _money(ride.discount_minor, ride.currency),
        "promo_code": ride.promo_code,
        "tip": _tip(found.tip) if found.tip is not None else None,
    }


def _line(line: Line, currency: str) -> ReceiptLine:
    reply: ReceiptLine = {"code": line.code, "label": line.label, "amount": _money(line.amount_minor, currency)}
    return {**reply, "values": dict(line.values)} if line.values else reply


def _lines(ride: SettledRide) -> list[Line]:
    """The lines of the fare, and what is taken off it: they add up to what the rider pays."""
    if not ride.discount_minor:
        return list(ride.lines)
    return [*ride.lines, Line("promo", f"Promo code {ride.promo_code or ''}".strip(), -ride.discount_minor)]


def _tip(tip: GivenTip) -> ReceiptTip:
    return {
        "amount": _money(tip.charge.to_pay_minor, tip.charge.ride.currency),
        "receipt_number": tip.receipt.number if tip.receipt is not None else None,
        "state": tip.charge.state.value,
    }


def _state_of(found: FullReceipt, refunded_minor: int) -> ReceiptState:
    if not found.is_paid:
        return ReceiptState.UNPAID
    return ReceiptState.REFUNDED if 0 < refunded_minor == found.charge.to_pay_minor else ReceiptState.PAID


def _refund_line(each: FullRefund) -> RefundLine:
    refund = each.refund
    return {
        "refund_id": refund.id,
        "amount": _money(refund.amount_minor, refund.charge.ride.currency),
        "reason": refund.reason,
        "credit_note_number": each.credit_note.number if each.credit_note is not None else None,
        "at": iso(refund.resolved_at) or "",
    }


def paper_reply(paper: Paper) -> PaperReply:
    receipt = paper.receipt
    return {
        "receipt_id": receipt.id,
        "receipt_number": receipt.number,
        "kind": paper.kind,
        "trip_id": receipt.trip_id,
        "issued_at": iso(receipt.issued_at) or "",
        "amount": paper.amount.as_dict(),
    }


def credit_note_reply(found: FullReceipt, note: Paper) -> CreditNoteReply:
    """The credit note of one of the refunds of a receipt's charge."""
    ride = found.charge.ride
    refund = next(each.refund for each in found.refunds if each.refund.id == note.receipt.refund_id)
    return {
        **paper_reply(note),
        "rider_id": ride.rider_id,
        "driver_id": ride.driver_id,
        "city": ride.city,
        "of_receipt_number": found.receipt.number,
        "tax": _money(refund.parts.tax_minor, ride.currency),
        "reason": refund.reason,
        "paid_with": paid_with(found.charge.method),
    }


def debt_reply(debt: OpenDebt) -> DebtReply:
    return {
        "trip_id": debt.trip_id,
        "kind": debt.kind.value,
        "amount": _money(debt.amount_minor, debt.currency),
        "reason": debt.reason,
        "since": iso(debt.created_at) or "",
    }


def debts_reply(owed: Sequence[OpenDebt]) -> dict[str, Any]:
    """Each debt, and their sum, one amount a currency."""
    sums: dict[str, int] = {}
    for debt in owed:
        sums[debt.currency] = sums.get(debt.currency, 0) + debt.amount_minor
    return {
        "items": [dict(debt_reply(debt)) for debt in owed],
        "totals": [_money(minor, currency) for currency, minor in sorted(sums.items())],
    }


def settled_reply(
    before: Sequence[OpenDebt], outcomes: Mapping[str, Outcome], left: Sequence[OpenDebt]
) -> dict[str, Any]:
    """What was paid now, why the rest was not (`pending`: the provider will tell later), and what is still owed."""
    still = {debt.charge_id for debt in left}
    failed = [outcome for outcome in outcomes.values() if outcome.state == ChargeState.FAILED]
    waits = any(outcome.state == ChargeState.PENDING for outcome in outcomes.values())
    return {
        "paid": [dict(debt_reply(debt)) for debt in before if debt.charge_id not in still],
        "reason": (failed[0].reason or "failed") if failed else "pending" if waits else None,
        **debts_reply(left),
    }


def refund_reply(each: FullRefund) -> RefundReply:
    refund, currency = each.refund, each.refund.charge.ride.currency
    return {
        "refund_id": refund.id,
        "trip_id": refund.charge.ride.trip_id,
        "kind": refund.charge.kind.value,
        "amount": _money(refund.amount_minor, currency),
        "from_driver": _money(refund.parts.share_minor, currency),
        "reason": refund.reason,
        "by": refund.by_user_id,
        "state": refund.state.value,
        "failure": refund.failure,
        "credit_note_number": each.credit_note.number if each.credit_note is not None else None,
        "created_at": iso(refund.created_at) or "",
        "resolved_at": iso(refund.resolved_at),
    }


def line_reply(line: PayoutLine) -> EarningsLine:
    return {
        "kind": line.kind.value if line.returned_payout_id is None else "returned",
        "trip_id": line.trip_id,
        "earned_at": iso(line.earned_at) or "",
        "fare": _money(line.fare_minor, line.currency),
        "tax": _money(line.tax_minor, line.currency),
        "fee": _money(line.fee_minor, line.currency),
        "share": _money(line.share_minor, line.currency),
        "cash": _money(line.cash_minor, line.currency),
        "amount": _money(line.amount_minor, line.currency),
        "payout_id": line.payout_id,
        "refund_id": line.refund_id,
        "returned_payout_id": line.returned_payout_id,
    }


def totals_reply(sums: dict[str, Any]) -> EarningsTotals:
    """From one row of `earnings_totals`."""
    currency = sums["currency"]
    share_minor = sums["fare"] - sums["tax"] - sums["fee"]
    return {
        "rides": sums["rides"],
        "fare": _money(sums["fare"], currency),
        "tax": _money(sums["tax"], currency),
        "fee": _money(sums["fee"], currency),
        "share": _money(share_minor, currency),
        "cash": _money(sums["cash"], currency),
        "amount": _money(sums["amount"], currency),
        "to_be_paid": _money(sums["to_be_paid"], currency),
        "tips": _money(sums["tips"], currency),
        "cancellations": _money(sums["cancellations"], currency),
    }


def no_totals(currency: str) -> EarningsTotals:
    """Of a driver without rides."""
    return totals_reply({"currency": currency, "rides": 0} | dict.fromkeys(_SUMS, 0))


_SUMS = ("fare", "tax", "fee", "cash", "amount", "to_be_paid", "tips", "cancellations")


def earnings_reply(
    totals: list[dict[str, Any]], lines: list[PayoutLine], limit: int, usual_currency: str
) -> dict[str, Any]:
    """`totals` of the currency with the most rides, `other_totals` of any others, and a page of lines."""
    all_totals = [totals_reply(sums) for sums in totals] or [no_totals(usual_currency)]
    more = len(lines) > limit
    page = lines[:limit]
    return {
        "totals": all_totals[0],
        "other_totals": all_totals[1:],
        "lines": [line_reply(line) for line in page],
        "next_cursor": cursor_of((page[-1].earned_at, page[-1].id or 0)) if more else None,
    }


def payout_reply(payout: Payout, lines: Iterable[PayoutLine]) -> PayoutReply:
    return {
        "payout_id": payout.id,
        "driver_id": payout.driver_id,
        "city": payout.city,
        "until_day": payout.until_day.isoformat(),
        "amount": _money(payout.amount_minor, payout.currency),
        "state": payout.state.value,
        "reason": payout.reason,
        "created_at": iso(payout.created_at) or "",
        "sent_at": iso(payout.sent_at),
        "lines": [line_reply(line) for line in lines],
    }


def statement_reply(payout: Payout, lines: Sequence[PayoutLine]) -> StatementReply:
    earned = [line for line in lines if line.is_charge]
    sums = {
        "fare": sum(line.fare_minor for line in earned),
        "tax": sum(line.tax_minor for line in earned),
        "fee": sum(line.fee_minor for line in earned),
        "cash": sum(line.cash_minor for line in earned),
        "refunds": -sum(line.amount_minor for line in lines if line.refund_id is not None),
        "returned": sum(line.amount_minor for line in lines if line.returned_payout_id is not None),
        "tips": sum(line.fare_minor for line in earned if line.kind == ChargeKind.TIP),
        "cancellations": sum(line.fare_minor for line in earned if line.kind in FEES),
    }
    amounts = {name: _money(minor, payout.currency) for name, minor in sums.items()}
    return {**payout_reply(payout, lines), "totals": {"rides": sum(line.is_ride for line in lines), **amounts}}  # type: ignore[typeddict-item]


def audit_reply(audit: Audit) -> AuditReply:
    return {
        "audit_id": audit.id,
        "cause": audit.cause.value,
        "started_at": iso(audit.started_at) or "",
        "finished_at": iso(audit.finished_at) or "",
        "checked": audit.checked,
        "broken": audit.broken,
        "checks": list(audit.checks),
    }


def money_reply(
    today: list[dict[str, Any]], owed: dict[str, dict[str, int]], pending: int, usual_currency: str
) -> dict[str, Any]:
    """Today's figures, by currency, the default city's first and at the top."""
    names = {row["currency"] for row in today} | set(owed["unpaid_payable"]) | set(owed["debts"]) | {usual_currency}
    by_currency = [
        _figures(today, owed, name) for name in sorted(names, key=lambda name: (name != usual_currency, name))
    ]
    return {**by_currency[0], "pending": pending, "by_currency": by_currency}


def _figures(today: list[dict[str, Any]], owed: dict[str, dict[str, int]], currency: str) -> dict[str, Any]:
    figures: dict[str, Any] = {"currency": currency}
    for state in ("captured", "failed"):
        row = next((row for row in today if (row["currency"], row["state"]) == (currency, state)), None)
        amount = _money(row["amount"] if row else 0, currency)
        figures[state] = {"rides": row["rides"] if row else 0, "amount": amount}
    figures["unpaid_payable"] = _money(owed["unpaid_payable"].get(currency, 0), currency)
    figures["debts"] = _money(owed["debts"].get(currency, 0), currency)
    return figures
