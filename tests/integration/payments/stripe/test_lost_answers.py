"""Answers of Stripe that are lost, late or never come: each charge is made once all the same."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hansom.contracts.payments import ChargeState, HoldState, ProviderUnavailable
from hansom.ids import new_id
from hansom.store import Transactions
from services.payments.provider.bookkeeping import KeyReused
from services.payments.provider.stripe.provider import StripeProvider
from services.payments.usecases.ports import ToCharge
from tests.support.stripe_asks import a_charge, a_hold, a_provider
from tests.support.stripe_server import Stripe
from tests.support.waiting import eventually


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
