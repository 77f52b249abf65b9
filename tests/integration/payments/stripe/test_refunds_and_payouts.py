"""Refunds and payouts by Stripe, what it tells of them, and that its books are the same as ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hansom.contracts.payments import PayoutState, ProviderUnavailable, RefundState
from hansom.ids import new_id
from services.payments.provider.stripe.provider import StripeProvider
from services.payments.storage.audit import audit
from services.payments.storage.payouts import set_account
from services.payments.usecases.ports import ToPayOut, ToRefund
from tests.support.listening import Listener, listening
from tests.support.money import MoneyDesk, a_ride
from tests.support.stripe_asks import DECLINES, SECRET, a_charge, held
from tests.support.stripe_server import Stripe
from tests.support.waiting import eventually


def test_refunds_go_back_by_key_whatever_the_charge_was_taken_by(provider: StripeProvider, stripe: Stripe) -> None:
    card = stripe.card()
    from_hold, own = a_charge(card, 1000, held(provider, card)), a_charge(card)
    provider.charge_all([from_hold, own])
    refunds = [ToRefund(new_id(), charge.key, 400, "EUR") for charge in (from_hold, own)]
    stripe.lose = 1

    answers = dict(provider.refund_all(refunds))
    assert len(answers) == 1
    found = provider.find_refunds([refund.key for refund in refunds])

    assert {key: found[key] for key in answers} == answers
    assert {answer.state for answer in found.values()} == {RefundState.DONE}
    assert len(found) == 2
    assert provider.refund_all(refunds) == found
    assert len([path for path, _ in stripe.posts if path == "/v1/refunds"]) == 2


def test_a_charge_that_failed_or_never_was_is_not_refunded(provider: StripeProvider, stripe: Stripe) -> None:
    charge = a_charge(stripe.card(DECLINES))
    provider.charge_all([charge])
    for charge_key in (charge.key, new_id()):
        refund = ToRefund(new_id(), charge_key, 100, "EUR")
        assert provider.refund_all([refund])[refund.key].state == RefundState.FAILED


def test_payouts_are_transfers_made_once_and_come_back_when_reversed(provider: StripeProvider, stripe: Stripe) -> None:
    sent, lost = (ToPayOut(new_id(), 700, "EUR", "driver-1", "acct_driver") for _ in range(2))
    gone = ToPayOut(new_id(), 700, "EUR", "driver-2", "acct_gone")
    assert provider.pay_out_all([sent])[sent.key].state == PayoutState.SENT
    stripe.lose = 1
    with pytest.raises(ProviderUnavailable):
        provider.pay_out_all([lost])

    found = provider.find_payouts([sent.key, lost.key])
    assert {answer.state for answer in found.values()} == {PayoutState.SENT}
    refused = provider.pay_out_all([gone])[gone.key]
    assert (refused.state, refused.reason) == (PayoutState.FAILED, "account_invalid")
    assert len(stripe.transfers) == 2
    assert provider.find_returned([sent.key]) == {}


def test_stripe_s_own_list_names_each_charge_refund_and_payout_by_our_key(
    provider: StripeProvider, stripe: Stripe
) -> None:
    card, since = stripe.card(), datetime.now(UTC) - timedelta(minutes=1)
    from_hold, own, failed = a_charge(card, 900, held(provider, card)), a_charge(card), a_charge(stripe.card(DECLINES))
    provider.charge_all([from_hold, own, failed])
    held(provider, card)
    refund, payout = ToRefund(new_id(), own.key, 400, "EUR"), ToPayOut(new_id(), 700, "EUR", "d", "acct_driver")
    provider.refund_all([refund])
    provider.pay_out_all([payout])

    records = list(provider.list_since(since))
    listed = {each.key: (each.kind, each.state, each.amount_minor, each.currency) for each in records}

    assert listed[from_hold.key] == ("charge", "captured", 900, "EUR")
    assert listed[own.key] == ("charge", "captured", 1000, "EUR")
    assert listed[failed.key] == ("charge", "failed", 1000, "EUR")
    assert listed[refund.key] == ("refund", "done", 400, "EUR")
    assert listed[payout.key] == ("payout", "sent", 700, "EUR")
    assert list(provider.list_since(datetime.now(UTC) + timedelta(hours=1))) == []


def test_rides_refunds_and_payouts_by_stripe_are_the_same_in_both_books(
    money: MoneyDesk, provider: StripeProvider, stripe: Stripe
) -> None:
    money.provider = provider
    since, card = datetime.now(UTC) - timedelta(minutes=1), stripe.card()
    rides = [a_ride(1010, method=card), a_ride(2000, method=card), a_ride(900, method=stripe.card(DECLINES))]
    stripe.lose = 1
    for _ in range(2):
        money.charge(*rides)
    money.refund(rides[0].trip_id, 300)
    assert money.pay_out(days=1) == 0  # he is not connected yet, and is owed it still
    with money.store.begin() as session:
        set_account(session, "driver-1", "acct_driver", money.now)
    assert money.pay_out(days=1) == 1

    theirs = {(each.kind, each.key, each.state, each.amount_minor) for each in provider.list_since(since)}

    ours = money.rows("""
        SELECT 'charge', id, state, fare_minor FROM charges
        UNION ALL SELECT 'refund', id, state, amount_minor FROM refunds
        UNION ALL SELECT 'payout', id, state, amount_minor FROM payouts WHERE state = 'sent'""")
    assert {tuple(row) for row in ours} == theirs
    assert len(theirs) == 5
    with money.store.begin() as session:
        assert [check for check in audit(session, "stripe") if check["broken"]] == []


def told(provider: StripeProvider, listener: Listener) -> set[tuple[str, str]]:
    """Kind and key of all that came; of tests before, too: localstripe tells a second later."""
    return {(each.kind, each.key) for headers, body in listener.heard for each in provider.read_webhook(headers, body)}


def test_what_stripe_sends_over_http_names_the_charge_by_our_key(provider: StripeProvider, stripe: Stripe) -> None:
    charge = a_charge(stripe.card())
    with listening() as listener:
        stripe.send_webhooks_to(listener.url, SECRET)
        provider.charge_all([charge])
        eventually(lambda: ("charge", charge.key) in told(provider, listener), within_s=10)
