"""Holds by Stripe: confirmed, declined, let go; and what is charged from them is charged once."""

from __future__ import annotations

import pytest

from hansom.contracts.payments import ChargeState, HoldState
from hansom.ids import new_id
from services.payments.provider.stripe.provider import StripeProvider
from services.payments.usecases.ports import ToCharge
from tests.support.stripe_asks import DECLINES, DECLINES_AFTER_3DS, NEEDS_3DS, a_charge, a_hold, held
from tests.support.stripe_server import Stripe


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
