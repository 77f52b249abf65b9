"""Money that goes out: refunds of PaymentIntents, and payouts as transfers to drivers' connected accounts."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from hansom.contracts.payments import PayoutState, RefundState
from services.payments.domain.payout import PayoutAnswer
from services.payments.domain.refund import RefundAnswer
from services.payments.provider.stripe import words
from services.payments.provider.stripe.asking import REFUSED, Key, Line
from services.payments.provider.stripe.notes import Note, Notes, Wish
from services.payments.usecases.ports import NewsKind, ToPayOut, ToRefund

ACCOUNT = re.compile(r"acct_[A-Za-z0-9_]{1,100}")

REVERSALS_KEPT = timedelta(days=29)
"""Stripe lists its events of thirty days."""


class Giving:
    """See `usecases.ports.Provider`, whose methods on refunds and payouts these are.

    `intents_of`: Stripe's ids of what charges were taken by, by key.
    """

    def __init__(
        self,
        line: Line,
        notes: Notes,
        now: Callable[[], datetime],
        intents_of: Callable[[Collection[str]], dict[str, str]],
    ) -> None:
        self._line, self._notes, self._now, self._intents_of = line, notes, now, intents_of

    # -- refunds -------------------------------------------------------------------------------------------------------
    def refund_all(self, wanted: Sequence[ToRefund]) -> dict[str, RefundAnswer]:
        wishes = [Wish(one.key, one.amount_minor, one.currency, one.charge_key) for one in wanted]
        notes = self._notes.take("refund", wishes, self._now())
        intents = self._intents_of({one.charge_key for one in wanted})
        there = self._find_refunds([note for note in notes.values() if not note.is_new], intents)
        new = [one for one in wanted if one.key not in there]

        def refund(one: ToRefund) -> RefundAnswer:
            if one.charge_key not in intents:
                return RefundAnswer(RefundState.FAILED, None, "unknown_charge")
            return self._refund(one, intents[one.charge_key])

        return there | self._answered("refund", self._line.ask_all(new, refund))

    def find_refunds(self, keys: Collection[str]) -> dict[str, RefundAnswer]:
        notes = list(self._notes.of("refund", keys).values())
        unheard = {note.party for note in notes if note.object_id is None}
        return self._find_refunds(notes, self._intents_of(unheard))

    def _refund(self, one: ToRefund, intent: str) -> RefundAnswer:
        parameters = {"payment_intent": intent, "amount": one.amount_minor, "metadata": _ours("refund", one.key)}
        options = Key(f"hansom-refund-{one.key}").options
        try:
            return words.refund_answer(
                self._line.ask(lambda: self._line.v1.refunds.create(params=parameters, options=options))  # type: ignore[arg-type]
            )
        except REFUSED as exc:
            return RefundAnswer(RefundState.FAILED, None, words.why_refused(exc))

    def _find_refunds(self, notes: Sequence[Note], intents: dict[str, str]) -> dict[str, RefundAnswer]:
        heard = {note.object_id: note.key for note in notes if note.object_id is not None}
        retrieve = self._line.v1.refunds.retrieve
        answers = self._line.look_all(list(heard), lambda id_: self._line.ask(lambda: retrieve(id_)))
        found = {heard[id_]: words.refund_answer(refund) for id_, refund in answers}
        for note in notes:
            if note.object_id is None and note.party in intents:
                listed = self._line.pages(self._line.v1.refunds.list, {"payment_intent": intents[note.party]})
                found.update((note.key, words.refund_answer(each)) for each in _of_us("refund", note.key, listed))
        return found

    # -- payouts -------------------------------------------------------------------------------------------------------
    def pay_out_all(self, wanted: Sequence[ToPayOut]) -> dict[str, PayoutAnswer]:
        wishes = [Wish(one.key, one.amount_minor, one.currency, one.account) for one in wanted]
        notes = self._notes.take("payout", wishes, self._now())
        there = self._find_payouts([note for note in notes.values() if not note.is_new])
        new = [one for one in wanted if one.key not in there]
        return there | self._answered("payout", self._line.ask_all(new, self._pay_out))

    def find_payouts(self, keys: Collection[str]) -> dict[str, PayoutAnswer]:
        return self._find_payouts(list(self._notes.of("payout", keys).values()))

    def find_returned(self, keys: Collection[str]) -> dict[str, str]:
        """Those whose transfers were reversed whole, as Stripe's events of thirty days tell."""
        if not keys:
            return {}
        since = int((self._now() - REVERSALS_KEPT).timestamp())
        events = self._line.pages(self._line.v1.events.list, {"type": "transfer.reversed", "created": {"gte": since}})
        reversed_ = [event.data.object for event in events]
        ours = {words.our_key(transfer) for transfer in reversed_ if words.field(transfer, "reversed")}
        return {key: "reversed" for key in keys if ("payout", key) in ours}

    def _pay_out(self, one: ToPayOut) -> PayoutAnswer:
        if not ACCOUNT.fullmatch(one.account):
            # of a driver who was not connected yet
            return PayoutAnswer(PayoutState.FAILED, None, "no_payout_account")
        parameters = {
            "amount": one.amount_minor,
            "currency": one.currency.lower(),
            "destination": one.account,
            # by this Stripe lists it, which our key in the metadata is not enough for
            "transfer_group": one.key,
            "metadata": _ours("payout", one.key),
        }
        options = Key(f"hansom-payout-{one.key}").options
        try:
            return words.payout_answer(
                self._line.ask(lambda: self._line.v1.transfers.create(params=parameters, options=options))  # type: ignore[arg-type]
            )
        except REFUSED as exc:
            return PayoutAnswer(PayoutState.FAILED, None, words.why_refused(exc))

    def _find_payouts(self, notes: Sequence[Note]) -> dict[str, PayoutAnswer]:
        found = {}
        for note in notes:
            if note.object_id is not None:
                # a transfer that is made stays made; that it came back is `find_returned`'s
                found[note.key] = PayoutAnswer(PayoutState.SENT, note.object_id, None)
            else:
                listed = self._line.pages(self._line.v1.transfers.list, {"transfer_group": note.key})
                found.update((note.key, words.payout_answer(each)) for each in _of_us("payout", note.key, listed))
        return found

    def _answered(self, kind: NewsKind, answers: Sequence[tuple[Any, Any]]) -> dict[str, Any]:
        self._notes.heard(kind, {one.key: answer.reference for one, answer in answers if answer.reference})
        return {one.key: answer for one, answer in answers}


def _ours(kind: NewsKind, key: str) -> dict[str, str]:
    return {"hansom_kind": kind, "hansom_key": key}


def _of_us(kind: NewsKind, key: str, listed: Iterable[Any]) -> list[Any]:
    return [each for each in listed if words.our_key(each) == (kind, key)]
