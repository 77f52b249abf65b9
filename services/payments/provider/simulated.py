"""A provider without a bank behind it, for demos and tests.

It keeps books of its own, committed by itself, as a real one does elsewhere: what it has done stays done when Hansom
dies before noting it. A key is charged, or paid out, once; asking again gives the first answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from hansom.contracts.payments import ChargeState, PayoutState, RefundState
from hansom.store import Transactions
from services.payments.domain.charge import Outcome
from services.payments.domain.methods import (
    CARD_DECLINED,
    CARD_INSUFFICIENT_FUNDS,
    CARD_LOST_ANSWER,
    CARD_OK,
    CARD_REFUND_DECLINED,
)
from services.payments.domain.payout import PayoutAnswer
from services.payments.domain.refund import RefundAnswer
from services.payments.provider.tables import charges, payouts, refunds
from services.payments.usecases.ports import ToCharge, ToPayOut, ToRefund

ANSWERS: dict[str, tuple[str, str | None]] = {
    CARD_OK: ("captured", None),
    CARD_LOST_ANSWER: ("captured", None),
    CARD_REFUND_DECLINED: ("captured", None),
    CARD_DECLINED: ("failed", "card_declined"),
    CARD_INSUFFICIENT_FUNDS: ("failed", "insufficient_funds"),
}
"""Test card → what becomes of a charge. Any other method fails as unknown."""

WHY_NO_PAYOUT = {"bank_closed": "account_closed"}
WHY_RETURNED = {"bank_returns": "returned_by_bank"}
"""Test account → why a payout fails, or comes back."""

WHY_NO_REFUND = {CARD_REFUND_DECLINED: "refund_declined"}
"""Test card → why money does not go back to it."""

_IS_NEW: ColumnElement[bool] = literal_column("(xmax = 0)").label("is_new")


class KeyReused(ValueError):
    """A key came with another amount or party than the first time."""


class SimulatedProvider:
    """See `usecases.ports.Provider`. The first answer about a charge or refund of `card_lost_answer` never arrives."""

    def __init__(self, store: Transactions) -> None:
        self._store = store

    def charge_all(self, wanted: Sequence[ToCharge]) -> Mapping[str, Outcome]:
        rows = []
        for one in wanted:
            state, reason = ANSWERS.get(one.method, ("failed", "unknown_payment_method"))
            rows.append(_row(one.key, one.amount_minor, one.currency) | {"method": one.method})
            rows[-1] |= {"state": state, "reason": reason}
        kept = self._keep(charges, rows, "method")
        lost = {row.key for row in kept if row.is_new and row.method == CARD_LOST_ANSWER}
        return {row.key: _outcome(row) for row in kept if row.key not in lost}

    def find_all(self, keys: Collection[str]) -> Mapping[str, Outcome]:
        return {row.key: _outcome(row) for row in self._find(charges, keys)}

    def refund_all(self, wanted: Sequence[ToRefund]) -> Mapping[str, RefundAnswer]:
        methods = {row.key: row.method for row in self._find(charges, {one.charge_key for one in wanted})}
        rows = []
        for one in wanted:
            method = methods.get(one.charge_key)
            reason = "unknown_charge" if method is None else WHY_NO_REFUND.get(method)
            rows.append(_row(one.key, one.amount_minor, one.currency) | {"charge_key": one.charge_key})
            rows[-1] |= {"state": "failed" if reason else "done", "reason": reason}
        kept = self._keep(refunds, rows, "charge_key")
        lost = {row.key for row in kept if row.is_new and methods.get(row.charge_key) == CARD_LOST_ANSWER}
        return {row.key: _refund_answer(row) for row in kept if row.key not in lost}

    def find_refunds(self, keys: Collection[str]) -> Mapping[str, RefundAnswer]:
        return {row.key: _refund_answer(row) for row in self._find(refunds, keys)}

    def pay_out_all(self, wanted: Sequence[ToPayOut]) -> Mapping[str, PayoutAnswer]:
        rows = []
        for one in wanted:
            reason = WHY_NO_PAYOUT.get(one.account)
            rows.append(_row(one.key, one.amount_minor, one.currency) | {"driver_id": one.driver_id})
            rows[-1] |= {"account": one.account, "state": "failed" if reason else "sent", "reason": reason}
        return {row.key: _payout_answer(row) for row in self._keep(payouts, rows, "driver_id")}

    def find_payouts(self, keys: Collection[str]) -> Mapping[str, PayoutAnswer]:
        return {row.key: _payout_answer(row) for row in self._find(payouts, keys)}

    def find_returned(self, keys: Collection[str]) -> Mapping[str, str]:
        found = self._find(payouts, keys)
        return {row.key: WHY_RETURNED[row.account] for row in found if row.account in WHY_RETURNED}

    def _keep(self, book: Table, rows: Sequence[dict[str, Any]], party: str) -> list[Any]:
        """Write what is new; gives all rows as they stand. Raises KeyReused, and then nothing is written."""
        statement = insert(book)
        # an update of nothing, so that the row that stands is given back
        statement = statement.on_conflict_do_update(index_elements=["key"], set_={"key": statement.excluded.key})
        with self._store.begin() as session:
            kept = list(
                session.execute(statement.returning(*book.c, _IS_NEW), sorted(rows, key=lambda row: row["key"]))
            )
            asked = {row["key"]: (row["amount_minor"], row["currency"], row[party]) for row in rows}
            for row in kept:
                if asked[row.key] != (row.amount_minor, row.currency, getattr(row, party)):
                    raise KeyReused(row.key)
        return kept

    def _find(self, book: Table, keys: Collection[str]) -> list[Any]:
        if not keys:
            return []
        with self._store.begin() as session:
            return list(session.execute(select(book).where(book.c.key.in_(list(keys)))))


def _row(key: str, amount_minor: int, currency: str) -> dict[str, Any]:
    return {"key": key, "amount_minor": amount_minor, "currency": currency}


def _reference(prefix: str, row: Any) -> str:
    return f"sim_{prefix}_{row.number}"


def _payout_answer(row: Any) -> PayoutAnswer:
    return PayoutAnswer(PayoutState(row.state), _reference("po", row), row.reason)


def _refund_answer(row: Any) -> RefundAnswer:
    return RefundAnswer(RefundState(row.state), _reference("re", row), row.reason)


def _outcome(row: Any) -> Outcome:
    return Outcome(ChargeState(row.state), _reference("ch", row), row.reason)
