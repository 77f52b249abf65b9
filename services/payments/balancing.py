"""The ledger's entrypoints: balances at any moment, and the hourly closing that keeps them fast."""

from __future__ import annotations

import logging
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, post_load, validate

from hansom.contracts.ledger import AccountKind, BalanceReply, BalancesReply, SeeBalances
from hansom.rpc import rpc
from hansom.timers import leader_timer
from hansom.validation import load
from hansom.wire import Rfc3339, iso
from services.payments.domain.ledger import Account
from services.payments.storage.balances import balances_at, close_hours

log = logging.getLogger(__name__)

Payload = dict[str, Any]


class SeeBalancesSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    kind = fields.Enum(AccountKind, by_value=True, load_default=None, allow_none=True)
    owner = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 64))
    currency = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"\A[A-Z]{3}\Z"))
    at = Rfc3339(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=100, strict=True, validate=validate.Range(1, 100))
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 200))

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> SeeBalances:
        return SeeBalances(**data)


SEE_BALANCES = SeeBalancesSchema()


class Balancing:
    """What `PaymentsService` says of its ledger."""

    store: Any
    clock: Any

    @rpc
    def balances(self, payload: Payload) -> Payload:
        request: SeeBalances = load(SEE_BALANCES, payload)
        at = request.at or self.clock.now()
        with self.store.begin() as session:
            found = balances_at(session, request, at)
        items = [_balance_reply(account, minor) for account, minor in found]
        next_cursor = items[-1]["account_id"] if len(items) == request.limit else None
        return dict(BalancesReply(at=str(iso(at)), items=items, next_cursor=next_cursor))

    @leader_timer(interval_s=600)
    def close_the_books(self) -> None:
        with self.store.begin() as session:
            written = close_hours(session, self.clock.now())
        if written:
            log.info("closed the books", extra={"closings": written})


def _balance_reply(account: Account, minor: int) -> BalanceReply:
    return {
        "account_id": account.id,
        "kind": account.kind,
        "owner": account.owner or None,
        "currency": account.currency,
        "balance_minor": minor,
    }
