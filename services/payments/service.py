"""The payments service: one charge a ride, the ledger, receipts, earnings and payouts."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from nameko.dependency_providers import Config

from hansom import logs
from hansom.clock import Clock
from hansom.consumer import consume
from hansom.contracts.payments import ProviderUnavailable
from hansom.events import Event, Outbox
from hansom.idempotency import keyed, once
from hansom.ids import Ids
from hansom.inbox import forget_old
from hansom.rpc import CallId, ServiceClient, rpc
from hansom.store import Store
from hansom.timers import leader_timer
from hansom.validation import load
from services.payments import replies, schemas
from services.payments.auditing import Auditing
from services.payments.balancing import Balancing
from services.payments.dependencies import PaymentProvider, Rules
from services.payments.domain.debt import must_owe_nothing
from services.payments.domain.payout import account_of
from services.payments.finding import Finding
from services.payments.holding import Holding
from services.payments.papers import PaperWork
from services.payments.retelling import Retelling
from services.payments.simulating import Simulating
from services.payments.storage import reading as rows
from services.payments.storage.books import BookRows
from services.payments.storage.debts import open_debts
from services.payments.storage.payouts import set_account
from services.payments.storage.tables import Base, idempotency
from services.payments.tipping import Tipping
from services.payments.usecases import charging, paying_out, refunding, settling_debts
from services.payments.usecases.ports import Desk

log = logging.getLogger(__name__)

Payload = dict[str, Any]

LOOKED_UP_AT_ONCE = 500

MAY_RETURN_WITHIN = timedelta(days=10)
"""A bank that does not take a payout says so sooner."""


class PaymentsService(Auditing, Balancing, Finding, Holding, PaperWork, Retelling, Simulating, Tipping):
    """Money: charges on trips' events; RPC for the gateway, trips and ops; timers for payouts and lost answers."""

    name = "payments"

    config = Config()
    store = Store(Base)
    outbox = Outbox(Base)
    clock = Clock()
    ids = Ids()
    rules = Rules()
    provider = PaymentProvider()
    call_id = CallId()

    trips = ServiceClient("trips")
    pricing = ServiceClient("pricing")

    # -- drivers' money ----------------------------------------------------------------------------------------------
    @rpc
    def get_earnings(self, payload: Payload) -> Payload:
        request = schemas.earnings_request(load(schemas.SEE_EARNINGS, payload), self.rules.home.zone)
        span, before = (request.earned_from, request.earned_to), schemas.place_of(request.cursor)
        with self.store.begin() as session:
            totals = rows.earnings_totals(session, request.driver_id, span)
            lines = rows.earnings_lines(session, request.driver_id, span, before, request.limit + 1)
        return replies.earnings_reply(totals, lines, request.limit, self.rules.home.currency)

    @rpc
    def list_payouts(self, payload: Payload) -> Payload:
        request = load(schemas.LIST_PAYOUTS, payload)
        with self.store.begin() as session:
            found = rows.payouts_of(session, request.driver_id, request.cursor, request.limit + 1)
        page = found[: request.limit]
        next_cursor = page[-1][0].id if len(found) > request.limit else None
        return {"items": [replies.payout_reply(*each) for each in page], "next_cursor": next_cursor}

    @rpc
    def set_payout_account(self, payload: Payload) -> Payload:
        request = load(schemas.SET_PAYOUT_ACCOUNT, payload)
        account = account_of(request["account"], self.provider.knows_account)
        with self.store.begin() as session:
            set_account(session, request["driver_id"], account, self.clock.now())
        return {"account": account}

    @rpc
    def run_payouts(self, payload: Payload) -> Payload:
        request = load(schemas.RUN_PAYOUTS, payload)
        return {"sent": paying_out.run_payouts(self.desk, request.until_day)}

    # -- riders' money -----------------------------------------------------------------------------------------------
    @rpc
    def check_payment_method(self, payload: Payload) -> Payload:
        request = load(schemas.CHECK_METHOD, payload)
        self.desk.method_of(request["payment_method"])
        if request["rider_id"] is not None:
            with self.store.begin() as session:
                must_owe_nothing(open_debts(session, request["rider_id"]))
        return {}

    @rpc
    def list_debts(self, payload: Payload) -> Payload:
        with self.store.begin() as session:
            return replies.debts_reply(open_debts(session, load(schemas.RIDER, payload)["rider_id"]))

    @rpc
    def settle_debts(self, payload: Payload) -> Payload:
        request = load(schemas.SETTLE_DEBTS, payload)
        rider_id = request["rider_id"]
        with self.store.begin() as session:
            before = open_debts(session, rider_id)
        outcomes = settling_debts.settle_debts(self.desk, rider_id, request["payment_method"])
        with self.store.begin() as session:
            return replies.settled_reply(before, outcomes, open_debts(session, rider_id))

    @rpc
    def charge_trip(self, payload: Payload) -> Payload:
        load(schemas.CHARGE_TRIP, payload)
        ride = schemas.settled_ride_or_invalid(payload, self.rules)
        logs.bind(trip_id=ride.trip_id)
        charging.charge_rides(self.desk, [ride])
        with self.store.begin() as session:
            return dict(replies.charge_reply(*rows.charge_and_reason(session, ride.trip_id)))

    # -- refunds -----------------------------------------------------------------------------------------------------
    @rpc
    def refund_trip(self, payload: Payload) -> Payload:
        request = load(schemas.REFUND_TRIP, payload)
        logs.bind(trip_id=request.trip_id, user_id=request.by_user_id)
        key = keyed(request.idempotency, self.call_id)
        with self.store.begin() as session:
            books = BookRows(session, self.outbox)
            kept = once(session, idempotency, key, lambda: {"id": refunding.begin_refund(self.desk, books, request).id})
        try:
            refunding.finish_refunds(self.desk, [kept["id"]])
        except ProviderUnavailable:
            # it is kept and goes on by itself: a second request would be a second refund
            log.warning("a refund waits for the provider", extra={"refund_id": kept["id"]})
        return next(each for each in self._refunds_of(request.trip_id) if each["refund_id"] == kept["id"])

    @rpc
    def list_refunds(self, payload: Payload) -> Payload:
        return {"items": self._refunds_of(load(schemas.LIST_REFUNDS, payload)["trip_id"])}

    # -- ops ---------------------------------------------------------------------------------------------------------
    @rpc
    def count_money(self, payload: Payload) -> Payload:
        home = self.rules.home
        midnight = self.clock.now().astimezone(home.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        with self.store.begin() as session:
            today, owed, pending = (
                rows.money_since(session, midnight),
                rows.money_open(session),
                rows.pending_count(session),
            )
        return {**replies.money_reply(today, owed, pending, home.currency), "audit": self.last_audit()}

    # -- events ------------------------------------------------------------------------------------------------------
    @consume(linger_ms=200)  # nobody waits for a charge: fewer, larger batches cost less
    def on_events(self, events: list[Event]) -> None:
        charging.charge_rides(self.desk, schemas.to_charge(events, self.rules))
        self.let_go_of(events)

    # -- timers ------------------------------------------------------------------------------------------------------
    @leader_timer(setting="PAYOUT_INTERVAL_S")
    def pay_out(self) -> None:
        paying_out.run_payouts(self.desk, None)
        paying_out.take_back_returned(self.desk, MAY_RETURN_WITHIN)

    @leader_timer(interval_s=10)
    def look_up_pending(self) -> None:
        charging.look_up_pending(self.desk, LOOKED_UP_AT_ONCE)
        refunding.look_up_pending_refunds(self.desk, LOOKED_UP_AT_ONCE)
        settling_debts.look_up_pending_payments(self.desk, LOOKED_UP_AT_ONCE)

    @leader_timer(interval_s=600)
    def tidy_up(self) -> None:
        with self.store.begin() as session:
            keys = forget_old(session, idempotency, timedelta(hours=int(self.config["IDEMPOTENCY_KEEP_HOURS"])))
        log.info("tidied up", extra={"idempotency_keys": keys})

    # -- what the methods above work with ----------------------------------------------------------------------------
    @property
    def desk(self) -> Desk:
        return Desk(self.open_books, self.provider, self.rules, self.clock.now, self.ids.new)

    @contextmanager
    def open_books(self) -> Iterator[BookRows]:
        with self.store.begin() as session:
            yield BookRows(session, self.outbox)

    def _refunds_of(self, trip_id: str) -> list[dict[str, Any]]:
        with self.store.begin() as session:
            return [dict(replies.refund_reply(each)) for each in rows.refunds_of_trip(session, trip_id)]
