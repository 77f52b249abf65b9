"""A provider without a bank behind it, for demos and tests.

It keeps books of its own, committed by itself, as a real one does elsewhere: what it has done stays done when Hansom
dies before noting it. A key is held, charged, or paid out, once; asking again gives the first answer. What a test card
does is in `cards`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import update
from sqlalchemy.orm import Session

from hansom.contracts.payments import ChargeState, HoldState, PayoutState, RefundState, WebhookRefused
from hansom.store import Transactions
from services.payments.domain.charge import Outcome
from services.payments.domain.hold import STANDING, HoldAnswer
from services.payments.domain.payout import USUAL_ACCOUNT, PayoutAnswer
from services.payments.domain.refund import RefundAnswer
from services.payments.provider import webhooks
from services.payments.provider.bookkeeping import KeyReused, find, keep, since
from services.payments.provider.cards import card_of, is_known
from services.payments.provider.tables import charges, holds, payouts, refunds
from services.payments.usecases.ports import ProviderNews, ProviderRecord, ToCharge, ToHold, ToPayOut, ToRefund

__all__ = ["KeyReused", "Pace", "SimulatedProvider"]

ACCOUNTS = (USUAL_ACCOUNT, "bank_ok", "bank_closed", "bank_returns")
WHY_NO_PAYOUT = {"bank_closed": "account_closed"}
WHY_RETURNED = {"bank_returns": "returned_by_bank"}
"""Test account → why a payout fails, or comes back."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a charge of the webhook cards is pending, and how much later than its end a late webhook comes.

    Late is after Hansom has looked for itself.
    """

    settles_after: timedelta = timedelta(seconds=2)
    late_by: timedelta = timedelta(seconds=45)


class SimulatedProvider:
    """See `usecases.ports.Provider`. `webhook_secret`: what its webhooks are signed with; without one it takes none."""

    def __init__(
        self,
        store: Transactions,
        *,
        webhook_secret: str = "",
        pace: Pace | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._secret, self._pace, self._now = store, webhook_secret, pace or Pace(), now

    def knows_method(self, method: str) -> bool:
        return is_known(method)

    def knows_account(self, account: str) -> bool:
        return account in ACCOUNTS

    # -- holds ---------------------------------------------------------------------------------------------------------
    def hold_all(self, wanted: Sequence[ToHold]) -> Mapping[str, HoldAnswer]:
        rows = [self._hold(one) for one in wanted]
        with self._store.begin() as session:
            kept = keep(session, holds, rows, "method")
        return {row.key: _hold_answer(row) for row in kept if not _is_lost(row, row.method)}

    def find_holds(self, keys: Collection[str]) -> Mapping[str, HoldAnswer]:
        with self._store.begin() as session:
            return {row.key: _hold_answer(row) for row in find(session, holds, keys)}

    def release_all(self, keys: Collection[str]) -> Mapping[str, HoldAnswer]:
        with self._store.begin() as session:
            standing = [row.key for row in find(session, holds, keys, lock=True) if row.state in STANDING]
            _set_state(session, standing, HoldState.RELEASED)
            return {row.key: _hold_answer(row) for row in find(session, holds, keys)}

    def confirm_hold(self, key: str, accepted: bool) -> HoldAnswer:
        """See the port. Raises LookupError for a hold that it never heard of."""
        with self._store.begin() as session:
            for row in find(session, holds, [key], lock=True):
                if row.state == HoldState.NEEDS_CONFIRMATION:
                    _confirm(session, row.key, accepted, self._now())
            for row in find(session, holds, [key]):
                return _hold_answer(row)
        raise LookupError(key)

    def _hold(self, one: ToHold) -> dict[str, Any]:
        card = card_of(one.method)
        state = HoldState.NEEDS_CONFIRMATION if card.asks_rider else HoldState.HELD
        row = _row(one.key, one.amount_minor, one.currency) | {"method": one.method, "rider_id": one.rider_id}
        return row | {"state": HoldState.DECLINED if card.no_hold else state, "reason": card.no_hold}

    # -- charges -------------------------------------------------------------------------------------------------------
    def charge_all(self, wanted: Sequence[ToCharge]) -> Mapping[str, Outcome]:
        with self._store.begin() as session:
            hold_keys = {one.hold_key for one in wanted if one.hold_key is not None}
            held = {row.key: row for row in find(session, holds, hold_keys, lock=True)}
            kept = keep(session, charges, [self._charge(one, held.get(one.hold_key or "")) for one in wanted], "method")
            new = [row for row in kept if row.is_new]
            _use_holds(session, [(row, held[row.hold_key]) for row in new if row.hold_key in held])
            webhooks.tell_of_pending(
                session, [row for row in new if row.state == ChargeState.PENDING], self._pace.late_by
            )
        return {row.key: _outcome(row) for row in kept if not _is_lost(row, row.method)}

    def find_all(self, keys: Collection[str]) -> Mapping[str, Outcome]:
        with self._store.begin() as session:
            self._settle(session, keys)
            return {row.key: _outcome(row) for row in find(session, charges, keys)}

    def _charge(self, one: ToCharge, hold: Any | None) -> dict[str, Any]:
        card = card_of(one.method)
        reason = card.no_charge
        if hold is not None and _covers(hold, one):
            reason = card.no_capture
        elif card.asks_rider and hold is not None and hold.confirmed_at is not None:
            reason = None
        row = _row(one.key, one.amount_minor, one.currency) | {"method": one.method, "hold_key": one.hold_key}
        later = card.answers_later is not None and reason is None
        state = ChargeState.PENDING if later else ChargeState.CAPTURED
        settles_at = self._now() + self._pace.settles_after if later else None
        return row | {"state": ChargeState.FAILED if reason else state, "reason": reason, "settles_at": settles_at}

    def _settle(self, session: Session, keys: Collection[str]) -> None:
        """Take what was pending long enough."""
        if keys:
            due = (charges.c.state == ChargeState.PENDING, charges.c.settles_at <= self._now())
            session.execute(
                update(charges).where(*due, charges.c.key.in_(list(keys))).values(state=ChargeState.CAPTURED)
            )

    # -- refunds and payouts -------------------------------------------------------------------------------------------
    def refund_all(self, wanted: Sequence[ToRefund]) -> Mapping[str, RefundAnswer]:
        with self._store.begin() as session:
            methods = {row.key: row.method for row in find(session, charges, {one.charge_key for one in wanted})}
            kept = keep(session, refunds, [_refund(one, methods.get(one.charge_key)) for one in wanted], "charge_key")
        return {row.key: _refund_answer(row) for row in kept if not _is_lost(row, methods.get(row.charge_key, ""))}

    def find_refunds(self, keys: Collection[str]) -> Mapping[str, RefundAnswer]:
        with self._store.begin() as session:
            return {row.key: _refund_answer(row) for row in find(session, refunds, keys)}

    def pay_out_all(self, wanted: Sequence[ToPayOut]) -> Mapping[str, PayoutAnswer]:
        rows = []
        for one in wanted:
            reason = WHY_NO_PAYOUT.get(one.account)
            rows.append(_row(one.key, one.amount_minor, one.currency) | {"driver_id": one.driver_id})
            rows[-1] |= {"account": one.account, "state": "failed" if reason else "sent", "reason": reason}
        with self._store.begin() as session:
            kept = keep(session, payouts, rows, "driver_id")
            for row in kept:
                if row.is_new and row.account in WHY_RETURNED:
                    webhooks.tell(session, "payout.returned", row.key, self._now() + self._pace.settles_after)
        return {row.key: _payout_answer(row) for row in kept}

    def find_payouts(self, keys: Collection[str]) -> Mapping[str, PayoutAnswer]:
        with self._store.begin() as session:
            return {row.key: _payout_answer(row) for row in find(session, payouts, keys)}

    def find_returned(self, keys: Collection[str]) -> Mapping[str, str]:
        with self._store.begin() as session:
            found = find(session, payouts, keys)
        return {row.key: WHY_RETURNED[row.account] for row in found if row.account in WHY_RETURNED}

    # -- what it tells -------------------------------------------------------------------------------------------------
    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[ProviderNews]:
        if not self._secret:
            raise WebhookRefused()
        return webhooks.read(headers, body, self._secret, self._now())

    def list_since(self, moment: datetime) -> Iterator[ProviderRecord]:
        with self._store.begin() as session:
            for row in since(session, charges, moment):
                yield _record("charge", row, "ch")
            for row in since(session, refunds, moment):
                yield _record("refund", row, "re")
            for row in since(session, payouts, moment):
                yield _record("payout", row, "po")


def _row(key: str, amount_minor: int, currency: str) -> dict[str, Any]:
    return {"key": key, "amount_minor": amount_minor, "currency": currency}


def _refund(one: ToRefund, method: str | None) -> dict[str, Any]:
    reason = "unknown_charge" if method is None else card_of(method).no_refund
    row = _row(one.key, one.amount_minor, one.currency) | {"charge_key": one.charge_key}
    return row | {"state": "failed" if reason else "done", "reason": reason}


def _is_lost(row: Any, method: str) -> bool:
    """Whether who asked never hears this answer: it is the first, and of a card that loses them."""
    return row.is_new and card_of(method).loses_answers


def _covers(hold: Any, one: ToCharge) -> bool:
    same = (hold.currency, hold.method) == (one.currency, one.method)
    return hold.state == HoldState.HELD and same and one.amount_minor <= hold.amount_minor


def _use_holds(session: Session, used: Sequence[tuple[Any, Any]]) -> None:
    """What becomes of the holds of charges: captured when one is taken from it, let go otherwise."""
    standing = [(charge, hold) for charge, hold in used if hold.state in STANDING]
    captured = [hold.key for charge, hold in standing if charge.state != ChargeState.FAILED and _covers(hold, charge)]
    _set_state(session, captured, HoldState.CAPTURED)
    _set_state(session, {hold.key for _, hold in standing} - set(captured), HoldState.RELEASED)


def _set_state(session: Session, keys: Collection[str], state: HoldState) -> None:
    if keys:
        session.execute(update(holds).where(holds.c.key.in_(list(keys))).values(state=state))


def _confirm(session: Session, key: str, accepted: bool, at: datetime) -> None:
    values: dict[str, Any] = {"state": HoldState.HELD, "confirmed_at": at}
    if not accepted:
        values = {"state": HoldState.DECLINED, "reason": "confirmation_refused"}
    session.execute(update(holds).where(holds.c.key == key).values(**values))
    webhooks.tell(session, f"hold.{values['state']}", key, at)


def _reference(prefix: str, row: Any) -> str:
    return f"sim_{prefix}_{row.number}"


def _hold_answer(row: Any) -> HoldAnswer:
    asks = row.state == HoldState.NEEDS_CONFIRMATION
    confirmation = {"type": "simulated", "question": "Do you confirm this payment?"} if asks else None
    return HoldAnswer(HoldState(row.state), _reference("ho", row), row.reason, confirmation)


def _payout_answer(row: Any) -> PayoutAnswer:
    return PayoutAnswer(PayoutState(row.state), _reference("po", row), row.reason)


def _refund_answer(row: Any) -> RefundAnswer:
    return RefundAnswer(RefundState(row.state), _reference("re", row), row.reason)


def _outcome(row: Any) -> Outcome:
    return Outcome(ChargeState(row.state), _reference("ch", row), row.reason)


def _record(kind: Literal["charge", "refund", "payout"], row: Any, prefix: str) -> ProviderRecord:
    return ProviderRecord(
        kind, row.key, row.state, row.amount_minor, row.currency, _reference(prefix, row), row.created_at
    )
