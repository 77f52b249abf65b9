"""How operators look into the ledger."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from hansom.contracts.ledger import AccountKind
from services.gateway import schemas
from services.gateway.http.route import OPS, Call, route
from services.gateway.replies import Reply
from services.gateway.routes.needs import Needs


class BalancesQuery(schemas.PageQuery):
    kind = fields.String(validate=validate.OneOf([kind.value for kind in AccountKind]))
    owner = fields.String(
        validate=validate.Length(1, 64), metadata={"description": "The rider or driver whose accounts they are."}
    )
    currency = fields.String(validate=validate.Regexp(r"\A[A-Z]{3}\Z", error="Not a currency."))
    at = schemas.QueryMoment(metadata={"description": "The moment that the balances are of; now if not given."})


class Balance(Reply):
    account_id = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in AccountKind]))
    owner = fields.String(required=True, allow_none=True, metadata={"description": "null: the platform's own."})
    currency = fields.String(required=True)
    balance_minor = fields.Integer(
        required=True,
        metadata={"description": "Debits less credits: what a rider owes is positive, what a driver is owed negative."},
    )


class Balances(Reply):
    at = fields.String(required=True, metadata={"format": "date-time"})
    items = fields.List(fields.Nested(Balance), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class BalanceRoutes(Needs):
    @route("GET", "/v1/ops/ledger/balances", who=OPS, query=BalancesQuery(), gives=Balances(),
           summary="Balances of the ledger's accounts at any moment")  # fmt: skip
    def get_balances(self, call: Call) -> Any:
        return self.payments.balances(call.data)
