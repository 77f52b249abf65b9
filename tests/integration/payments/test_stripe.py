"""Stripe by its own library, against localstripe: what is held and taken, once, whatever is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from hansom.contracts.payments import ChargeState, HoldState, PayoutState, ProviderUnavailable, RefundState
from hansom.ids import new_id
from hansom.store import Transactions, transactions
from services.payments.provider.bookkeeping import KeyReused
from services.payments.provider.stripe.asking import Line
from services.payments.provider.stripe.provider import StripeProvider
from services.payments.provider.stripe.tables import asked
from services.payments.storage.audit import audit
from services.payments.storage.payouts import set_account
from services.payments.usecases.ports import ToCharge, ToHold, ToPayOut, ToRefund
from tests.support.listening import Listener, listening
from tests.support.money import MoneyDesk, a_ride
from tests.support.stripe_server import API_KEY, Stripe, stripe_server
from tests.support.waiting import eventually

SECRET = "whsec_known_to_both"

NEEDS_3DS = "4000002500003155"
DECLINES_AFTER_3DS = "4000008260003178"
DECLINES = "4000000000000341"


@pytest.fixture(scope="module")
def server() -> Iterator[Stripe]:
    with stripe_server() as stripe:
        yield stripe


@pytest.fixture
def stripe(server: Stripe) -> Stripe:
    server.reset()
    return server


@pytest.fixture
def store(engine: Engine, service_engine: Engine) -> Transactions:
    with engine.begin() as connection:
        connection.execute(asked.delete())
    return transactions(service_engine)


@pytest.fixture
def provider(stripe: Stripe, store: Transactions) -> StripeProvider:
    return a_provider(stripe, store)


def a_provider(stripe: Stripe, store: Transactions, timeout_s: float = 5.0, pause_s: float = 0.0) -> StripeProvider:
    line = Line(API_KEY, stripe.url, timeout_s, 8, pause_s=pause_s)
    return StripeProvider(line, store, SECRET, lambda: datetime.now(UTC))


def a_hold(method: str, amount_minor: int = 1000) -> ToHold:
    return ToHold(new_id(), amount_minor, "EUR", method, "rider-1")


def a_charge(method: str, amount_minor: int = 1000, hold_key: str | None = None) -> ToCharge:
    return ToCharge(new_id(), amount_minor, "EUR", method, hold_key)


def held(provider: StripeProvider, method: str, amount_minor: int = 1000) -> str:
    wanted = a_hold(method, amount_minor)
    assert provider.hold_all([wanted])[wanted.key].state == HoldState.HELD
    return wanted.key


# -- holds ---------------------------------------------------------------------------------------------------------
def test_what_is_held_is_captured_and_no_more(provider: StripeProvider, stripe: Stripe) -> None:
    card = stripe.card()
    key = held(provider, card)
    charge = a_charge(card, 900, key)

    outcome = provider.charge_all([charge])[charge.key]

    assert outcome.state == ChargeState.CAPTURED
    assert provider.find_all([charge.key]) == {charge.key: outcome}
    assert provider.find_holds([key])[key].state == HoldState.CAPTURED
    assert (len(stripe.intents()), stripe.taken()) == (1, [900])


def test_a_saved_card_is_charged_as_its_customer_s(provider: StripeProvider, stripe: Stripe) -> None:
    customer, card = stripe.customer_s_card()
    held(provider, card)

    [intent] = stripe.intents()
    assert intent["customer"] == customer


@pytest.mark.parametrize("number", [DECLINES])
def test_a_card_that_bears_nothing_is_declined_with_its_bank_s_word(
    provider: StripeProvider, stripe: Stripe, number: str
) -> None:
    hold, charge = a_hold(stripe.card(number)), a_charge(stripe.card(number))

    answer, outcome = provider.hold_all([hold])[hold.key], provider.charge_all([charge])[charge.key]

    assert (answer.state, answer.reason) == (HoldState.DECLINED, "card_declined")
    assert (outcome.state, outcome.reason) == (ChargeState.FAILED, "card_declined")
    assert provider.find_holds([hold.key])[hold.key].state == HoldState.DECLINED
    found = provider.find_all([charge.key])[charge.key]
    assert (found.state, found.reason) == (ChargeState.FAILED, "card_declined")


def test_a_method_that_stripe_does_not_know_is_refused(provider: StripeProvider) -> None:
    hold = a_hold("pm_nobody")
    assert provider.hold_all([hold])[hold.key].state == HoldState.DECLINED


@pytest.mark.parametrize(
    ("number", "success", "state"),
    [
        (NEEDS_3DS, True, HoldState.HELD),
        (NEEDS_3DS, False, HoldState.DECLINED),
        (DECLINES_AFTER_3DS, True, HoldState.DECLINED),
    ],
)
def test_a_bank_s_question_is_answered_with_stripe_and_looked_at_here(
    provider: StripeProvider, stripe: Stripe, number: str, success: bool, state: HoldState
) -> None:
    hold = a_hold(stripe.card(number))
    answer = provider.hold_all([hold])[hold.key]
    assert answer.state == HoldState.NEEDS_CONFIRMATION
    assert answer.confirmation is not None and answer.confirmation["client_secret"].startswith(answer.reference)
    # saying so is not doing so
    assert provider.confirm_hold(hold.key, accepted=True).state == HoldState.NEEDS_CONFIRMATION

    stripe.authenticate(answer.reference, success=success)

    assert provider.confirm_hold(hold.key, accepted=True).state == state


def test_a_rider_who_does_not_confirm_has_nothing_held(provider: StripeProvider, stripe: Stripe) -> None:
    hold = a_hold(stripe.card(NEEDS_3DS))
    provider.hold_all([hold])

    assert provider.confirm_hold(hold.key, accepted=False).state == HoldState.RELEASED
    assert [intent["status"] for intent in stripe.intents()] == ["canceled"]


def test_a_charge_with_nobody_there_to_confirm_it_fails_and_leaves_nothing_open(
    provider: StripeProvider, stripe: Stripe
) -> None:
    charge = a_charge(stripe.card(NEEDS_3DS))
    outcome = provider.charge_all([charge])[charge.key]

    assert (outcome.state, outcome.reason) == (ChargeState.FAILED, "authentication_required")
    assert provider.find_all([charge.key])[charge.key].state == ChargeState.FAILED
    assert [intent["status"] for intent in stripe.intents()] == ["canceled"]


def test_holds_are_let_go_and_what_was_captured_stays(provider: StripeProvider, stripe: Stripe) -> None:
    card = stripe.card()
    free, taken, unheard_of = held(provider, card), held(provider, card), new_id()
    provider.charge_all([a_charge(card, 1000, taken)])

    for _ in range(2):
        stand = provider.release_all([free, taken, unheard_of])
        assert {key: answer.state for key, answer in stand.items()} == {
            free: HoldState.RELEASED,
            taken: HoldState.CAPTURED,
        }


# -- charges from holds ----------------------------------------------------------------------------------------------
def test_more_than_is_held_is_charged_whole_and_the_hold_is_let_go(provider: StripeProvider, stripe: Stripe) -> None:
    card = stripe.card()
    key = held(provider, card)
    charge = a_charge(card, 1200, key)

    assert provider.charge_all([charge])[charge.key].state == ChargeState.CAPTURED
    assert provider.find_holds([key])[key].state == HoldState.RELEASED
    assert stripe.taken() == [1200]


def test_a_hold_that_lapsed_is_charged_by_the_charge_s_own_key(provider: StripeProvider, stripe: Stripe) -> None:
    card = stripe.card()
    key = held(provider, card)
    stripe.ask("POST", f"/v1/payment_intents/{provider.find_holds([key])[key].reference}/cancel")
    charge = a_charge(card, 1000, key)

    assert provider.charge_all([charge])[charge.key].state == ChargeState.CAPTURED
    assert stripe.taken() == [1000]


def test_one_hold_is_captured_for_one_charge(provider: StripeProvider, stripe: Stripe) -> None:
    card = stripe.card()
    key = held(provider, card)
    first, second = a_charge(card, 1000, key), a_charge(card, 700, key)

    for charge in (first, second):
        assert provider.charge_all([charge])[charge.key].state == ChargeState.CAPTURED
    assert sorted(stripe.taken()) == [700, 1000]


def test_a_charge_that_comes_again_without_its_hold_takes_nothing_more(
    provider: StripeProvider, stripe: Stripe
) -> None:
    card = stripe.card()
    charge = a_charge(card, 1000, held(provider, card))
    first = provider.charge_all([charge])

    again = provider.charge_all([ToCharge(charge.key, 1000, "EUR", card)])

    assert again == first
    assert stripe.taken() == [1000]


# -- lost answers ------------------------------------------------------------------------------------------------------
def test_a_charge_whose_answer_is_lost_is_looked_up_and_made_once(provider: StripeProvider, stripe: Stripe) -> None:
    charge = a_charge(stripe.card())
    stripe.lose = 1

    with pytest.raises(ProviderUnavailable):
        provider.charge_all([charge])
    assert provider.find_all([charge.key])[charge.key].state == ChargeState.CAPTURED
    assert provider.charge_all([charge])[charge.key].state == ChargeState.CAPTURED

    assert stripe.taken() == [1000]
    assert len([path for path, _ in stripe.posts if path == "/v1/payment_intents"]) == 1


def test_a_hold_and_a_capture_whose_answers_are_lost_are_looked_up(provider: StripeProvider, stripe: Stripe) -> None:
    card = stripe.card()
    hold = a_hold(card)
    stripe.lose = 1
    with pytest.raises(ProviderUnavailable):
        provider.hold_all([hold])
    assert provider.find_holds([hold.key])[hold.key].state == HoldState.HELD

    charge = a_charge(card, 800, hold.key)
    stripe.lose = 1
    with pytest.raises(ProviderUnavailable):
        provider.charge_all([charge])
    assert provider.find_all([charge.key])[charge.key].state == ChargeState.CAPTURED
    assert provider.charge_all([charge])[charge.key].state == ChargeState.CAPTURED
    assert stripe.taken() == [800]


def test_of_a_batch_the_lost_are_left_out_and_the_others_stand(provider: StripeProvider, stripe: Stripe) -> None:
    card = stripe.card()
    charges = [a_charge(card, 100 + number) for number in range(12)]
    stripe.lose = 3

    answers = provider.charge_all(charges)
    lost = {charge.key for charge in charges} - set(answers)

    assert len(lost) == 3
    assert set(provider.find_all(lost)) == lost
    assert sorted(stripe.taken()) == [charge.amount_minor for charge in charges]


def test_what_never_reached_stripe_is_not_found_and_may_be_asked_for(provider: StripeProvider, stripe: Stripe) -> None:
    charge = a_charge(stripe.card())
    stripe.is_down = True
    with pytest.raises(ProviderUnavailable):
        provider.charge_all([charge])
    # not to see is not to know that there is nothing
    with pytest.raises(ProviderUnavailable):
        provider.find_all([charge.key])
    stripe.is_down = False

    assert provider.find_all([charge.key]) == {}
    assert provider.charge_all([charge])[charge.key].state == ChargeState.CAPTURED


def test_a_key_that_was_never_asked_for_costs_stripe_no_question(provider: StripeProvider, stripe: Stripe) -> None:
    stripe.is_down = True
    assert provider.find_all([new_id()]) == {} == provider.find_holds([new_id()])


def test_a_key_stands_for_one_amount(provider: StripeProvider, stripe: Stripe) -> None:
    card = stripe.card()
    charge = a_charge(card)
    provider.charge_all([charge])
    with pytest.raises(KeyReused):
        provider.charge_all([ToCharge(charge.key, 2000, "EUR", card)])


def test_a_late_answer_is_waited_for_so_long_and_several_at_a_time(stripe: Stripe, store: Transactions) -> None:
    provider = a_provider(stripe, store, timeout_s=0.4)
    charges = [a_charge("pm_card_visa", 100 + number) for number in range(8)]
    stripe.late_s = 0.6
    before = datetime.now(UTC)
    with pytest.raises(ProviderUnavailable):
        provider.charge_all(charges)
    # one after another they would take 3.2 s
    assert datetime.now(UTC) - before < timedelta(seconds=2.5)


def test_what_does_not_answer_is_left_alone_for_a_while(stripe: Stripe, store: Transactions) -> None:
    provider = a_provider(stripe, store, pause_s=60.0)
    charges = [a_charge("pm_card_visa", 100 + number) for number in range(6)]
    stripe.is_down = True
    with pytest.raises(ProviderUnavailable):
        provider.charge_all(charges)
    before = stripe.refused
    assert before >= 1

    for ask in (provider.charge_all, lambda asked: provider.find_all([charge.key for charge in asked])):
        with pytest.raises(ProviderUnavailable):
            ask(charges)

    assert stripe.refused == before


def test_what_answers_again_is_asked_again(stripe: Stripe, store: Transactions) -> None:
    provider = a_provider(stripe, store, pause_s=0.2)
    charges = [a_charge("pm_card_visa", 100 + number) for number in range(6)]
    stripe.is_down = True
    with pytest.raises(ProviderUnavailable):
        provider.charge_all(charges)
    stripe.is_down = False

    eventually(lambda: all_answered(provider, charges), within_s=20)

    assert sorted(stripe.taken()) == [charge.amount_minor for charge in charges]


def all_answered(provider: StripeProvider, charges: list[ToCharge]) -> bool:
    try:
        return len(provider.charge_all(charges)) == len(charges)
    except ProviderUnavailable:
        return False


# -- what it tells -----------------------------------------------------------------------------------------------------
def told(provider: StripeProvider, listener: Listener) -> set[tuple[str, str]]:
    """Kind and key of all that came; of tests before, too: localstripe tells a second later."""
    return {(each.kind, each.key) for headers, body in listener.heard for each in provider.read_webhook(headers, body)}


def test_what_stripe_sends_over_http_names_the_charge_by_our_key(provider: StripeProvider, stripe: Stripe) -> None:
    charge = a_charge(stripe.card())
    with listening() as listener:
        stripe.send_webhooks_to(listener.url, SECRET)
        provider.charge_all([charge])
        eventually(lambda: ("charge", charge.key) in told(provider, listener), within_s=10)


# -- refunds and payouts -----------------------------------------------------------------------------------------------
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


# -- whatever happens --------------------------------------------------------------------------------------------------
troubles = st.lists(
    st.sampled_from(["one answer lost", "all answers lost", "down", "a hold let go", "a hold lapsed", "asked twice"]),
    max_size=6,
)
wishes = st.lists(st.tuples(st.integers(100, 2000), st.booleans()), min_size=1, max_size=4)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes, troubles)
def test_whatever_is_lost_or_gone_each_charge_is_made_once(
    provider: StripeProvider, stripe: Stripe, wanted: list[tuple[int, bool]], happenings: list[str]
) -> None:
    stripe.reset()
    holds = [a_hold("pm_card_visa") if has_hold else None for _, has_hold in wanted]
    charges = [
        a_charge("pm_card_visa", amount, hold.key if hold is not None else None)
        for (amount, _), hold in zip(wanted, holds, strict=True)
    ]
    provider.hold_all([hold for hold in holds if hold is not None])
    for happening in happenings:
        stripe.lose = {"one answer lost": 1, "all answers lost": 100}.get(happening, 0)
        stripe.is_down = happening == "down"
        with suppress(ProviderUnavailable):
            if happening == "a hold let go":
                provider.release_all([charge.hold_key for charge in charges[:1] if charge.hold_key is not None])
            elif happening == "a hold lapsed":
                lapse(stripe)
            for _ in range(2 if happening == "asked twice" else 1):
                provider.charge_all(charges)
    stripe.lose, stripe.is_down = 0, False

    answers = provider.charge_all(charges)

    assert {answer.state for answer in answers.values()} == {ChargeState.CAPTURED}
    assert provider.find_all([charge.key for charge in charges]) == answers
    assert sorted(stripe.taken()) == sorted(charge.amount_minor for charge in charges)
    assert [intent["status"] for intent in stripe.intents() if intent["status"] == "requires_capture"] == []


def lapse(stripe: Stripe) -> None:
    """The first hold that stands ends at Stripe by itself."""
    for intent in stripe.intents():
        if intent["status"] == "requires_capture":
            stripe.ask("POST", f"/v1/payment_intents/{intent['id']}/cancel")
            return
