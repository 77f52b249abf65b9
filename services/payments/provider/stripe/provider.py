"""Stripe as `usecases.ports.Provider`: PaymentIntents, refunds, Connect transfers, and webhooks with its signatures."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
import stripe

from hansom.contracts.payments import WebhookRefused, WebhookUnreadable
from hansom.store import Transactions
from services.payments.domain.charge import Outcome
from services.payments.domain.hold import HoldAnswer
from services.payments.domain.payout import PayoutAnswer
from services.payments.domain.refund import RefundAnswer
from services.payments.provider.stripe import giving, words
from services.payments.provider.stripe.asking import Line
from services.payments.provider.stripe.giving import Giving
from services.payments.provider.stripe.intents import Intents
from services.payments.provider.stripe.notes import Notes
from services.payments.usecases.ports import (
    NewsKind,
    ProviderNews,
    ProviderRecord,
    ToCharge,
    ToHold,
    ToPayOut,
    ToRefund,
)

SIGNATURE = "stripe-signature"

TOLERANCE_S = 300

METHOD = re.compile(r"pm_[A-Za-z0-9_]{1,100}")

KINDS: dict[str, NewsKind] = {"hold": "hold", "charge": "charge", "refund": "refund", "payout": "payout"}


class StripeProvider:
    """See the port. `webhook_secret`: without one it takes no webhooks, and what it would tell is looked up."""

    def __init__(self, line: Line, store: Transactions, webhook_secret: str, now: Callable[[], datetime]) -> None:
        self._line, self._notes, self._secret = line, Notes(store), webhook_secret
        self._intents = Intents(line, self._notes, now)
        self._giving = Giving(line, self._notes, now, self._intents.intents_of_charges)

    def knows_method(self, method: str) -> bool:
        return METHOD.fullmatch(method) is not None

    def knows_account(self, account: str) -> bool:
        return giving.ACCOUNT.fullmatch(account) is not None

    def hold_all(self, wanted: Sequence[ToHold]) -> Mapping[str, HoldAnswer]:
        return self._intents.hold_all(wanted)

    def find_holds(self, keys: Collection[str]) -> Mapping[str, HoldAnswer]:
        return self._intents.find_holds(keys)

    def release_all(self, keys: Collection[str]) -> Mapping[str, HoldAnswer]:
        return self._intents.release_all(keys)

    def confirm_hold(self, key: str, accepted: bool) -> HoldAnswer:
        return self._intents.confirm_hold(key, accepted)

    def charge_all(self, wanted: Sequence[ToCharge]) -> Mapping[str, Outcome]:
        return self._intents.charge_all(wanted)

    def find_all(self, keys: Collection[str]) -> Mapping[str, Outcome]:
        return self._intents.find_all(keys)

    def refund_all(self, wanted: Sequence[ToRefund]) -> Mapping[str, RefundAnswer]:
        return self._giving.refund_all(wanted)

    def find_refunds(self, keys: Collection[str]) -> Mapping[str, RefundAnswer]:
        return self._giving.find_refunds(keys)

    def pay_out_all(self, wanted: Sequence[ToPayOut]) -> Mapping[str, PayoutAnswer]:
        return self._giving.pay_out_all(wanted)

    def find_payouts(self, keys: Collection[str]) -> Mapping[str, PayoutAnswer]:
        return self._giving.find_payouts(keys)

    def find_returned(self, keys: Collection[str]) -> Mapping[str, str]:
        return self._giving.find_returned(keys)

    # -- what it tells -------------------------------------------------------------------------------------------------
    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[ProviderNews]:
        if not self._secret:
            raise WebhookRefused()
        try:
            stripe.WebhookSignature.verify_header(body, headers.get(SIGNATURE), self._secret, TOLERANCE_S)
            event = orjson.loads(body)
            id_, about = event["id"], event["data"]["object"]
            marks = about.get("metadata") or {}
            kind, key = marks.get("hansom_kind"), marks.get("hansom_key")
        except stripe.SignatureVerificationError as exc:
            raise WebhookRefused() from exc
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise WebhookUnreadable() from exc
        return [self._news(id_, KINDS[kind], key)] if kind in KINDS and isinstance(key, str) else []

    def _news(self, id_: str, kind: NewsKind, key: str) -> ProviderNews:
        """What is told of a hold is told of the charge that is taken from it, when there is one."""
        charge = self._notes.charges_of_holds([key]).get(key) if kind == "hold" else None
        return ProviderNews(id_, kind, key) if charge is None else ProviderNews(id_, "charge", charge)

    # -- its own list --------------------------------------------------------------------------------------------------
    def list_since(self, moment: datetime) -> Iterator[ProviderRecord]:
        """See the port. What was made in this account by somebody else has Stripe's own id for its key."""
        since = {"created": {"gte": int(moment.timestamp())}}
        for intent in self._line.pages(self._line.v1.payment_intents.list, since, most=None):
            kind, key = words.our_key(intent) or ("charge", intent.id)
            if kind == "charge":
                yield _record("charge", key, words.outcome(intent).state, intent, intent.amount)
            elif intent.status == "succeeded":
                taken_by = self._notes.charges_of_holds([key]).get(key, intent.id)
                yield _record("charge", taken_by, "captured", intent, intent.amount_received)
        for refund in self._line.pages(self._line.v1.refunds.list, since, most=None):
            yield _record("refund", _key_of(refund), words.refund_answer(refund).state, refund, refund.amount)
        for transfer in self._line.pages(self._line.v1.transfers.list, since, most=None):
            state = "returned" if words.field(transfer, "reversed") else "sent"
            yield _record("payout", _key_of(transfer), state, transfer, transfer.amount)


def _key_of(thing: Any) -> str:
    return (words.our_key(thing) or ("", thing.id))[1]


def _record(
    kind: Literal["charge", "refund", "payout"], key: str, state: str, thing: Any, amount_minor: int
) -> ProviderRecord:
    at = datetime.fromtimestamp(thing.created, UTC)
    return ProviderRecord(kind, key, str(state), amount_minor, thing.currency.upper(), thing.id, at)
