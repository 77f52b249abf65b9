"""The simulated provider's own books: holds, what is taken from them, and charges that are answered later."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from hansom.contracts.payments import ChargeState, HoldState
from hansom.ids import new_id
from services.payments.domain.methods import CARD_WEBHOOK_DISORDERED, CARD_WEBHOOK_LATE, CARD_WEBHOOK_TWICE
from services.payments.provider.simulated import KeyReused, SimulatedProvider
from services.payments.usecases.ports import ToCharge, ToHold, ToPayOut
from tests.support.money import MoneyDesk

A_DAY = timedelta(days=1)


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def provider(money: MoneyDesk, time: Time) -> SimulatedProvider:
    return SimulatedProvider(money.store, webhook_secret="known to both", now=time)


@pytest.fixture
def hold(provider: SimulatedProvider) -> Callable[..., str]:
    def make(amount_minor: int = 1000, method: str = "card_ok") -> str:
        key = new_id()
        provider.hold_all([ToHold(key, amount_minor, "EUR", method, "rider-1")])
        return key

    return make


def held(provider: SimulatedProvider, key: str) -> str:
    return provider.find_holds([key])[key].state


def a_charge(hold_key: str | None, amount_minor: int = 1000, method: str = "card_ok") -> ToCharge:
    return ToCharge(new_id(), amount_minor, "EUR", method, hold_key)


def charged(provider: SimulatedProvider, charge: ToCharge) -> tuple[str, str | None]:
    outcome = provider.charge_all([charge])[charge.key]
    return outcome.state, outcome.reason


@pytest.mark.parametrize(
    ("method", "state", "reason"),
    [
        ("card_ok", HoldState.HELD, None),
        ("card_declined", HoldState.HELD, None),
        ("card_insufficient_funds", HoldState.HELD, None),
        ("card_hold_declined", HoldState.DECLINED, "card_declined"),
        ("card_needs_confirmation", HoldState.NEEDS_CONFIRMATION, None),
        ("magic_beans", HoldState.DECLINED, "unknown_payment_method"),
    ],
)
def test_each_test_card_is_held_on_in_its_way(
    provider: SimulatedProvider, method: str, state: HoldState, reason: str | None
) -> None:
    wanted = ToHold(new_id(), 1000, "EUR", method, "rider-1")

    first, again = provider.hold_all([wanted])[wanted.key], provider.hold_all([wanted])[wanted.key]

    assert (first.state, first.reason) == (state, reason)
    assert again == first == provider.find_holds([wanted.key])[wanted.key]


def test_a_lost_answer_is_found_by_its_key_and_one_hold_stands(provider: SimulatedProvider, money: MoneyDesk) -> None:
    wanted = ToHold(new_id(), 1000, "EUR", "card_lost_answer", "rider-1")

    assert provider.hold_all([wanted]) == {}
    assert held(provider, wanted.key) == HoldState.HELD
    assert money.one("SELECT count(*) FROM simulated_provider.holds") == 1


def test_a_key_is_held_for_one_amount(provider: SimulatedProvider) -> None:
    wanted = ToHold(new_id(), 1000, "EUR", "card_ok", "rider-1")
    provider.hold_all([wanted])

    with pytest.raises(KeyReused):
        provider.hold_all([ToHold(wanted.key, 2000, "EUR", "card_ok", "rider-1")])


def test_a_hold_that_covers_a_charge_is_captured_and_its_rest_let_go(
    provider: SimulatedProvider, hold: Callable[..., str]
) -> None:
    key = hold(1000)

    assert charged(provider, a_charge(key, 900)) == (ChargeState.CAPTURED, None)
    assert held(provider, key) == HoldState.CAPTURED


def test_what_costs_more_than_is_held_is_charged_whole_and_the_hold_is_let_go(
    provider: SimulatedProvider, hold: Callable[..., str]
) -> None:
    key = hold(1000)

    assert charged(provider, a_charge(key, 1001)) == (ChargeState.CAPTURED, None)
    assert held(provider, key) == HoldState.RELEASED


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("card_declined", "card_declined"),
        ("card_insufficient_funds", "insufficient_funds"),
        ("card_capture_fails", "capture_failed"),
    ],
)
def test_a_good_hold_may_fail_at_its_capture_and_nothing_stays_held(
    provider: SimulatedProvider, hold: Callable[..., str], method: str, reason: str
) -> None:
    key = hold(1000, method)

    assert charged(provider, a_charge(key, 1000, method)) == (ChargeState.FAILED, reason)
    assert held(provider, key) == HoldState.RELEASED


def test_a_charge_that_is_asked_for_again_takes_nothing_from_another_hold(
    provider: SimulatedProvider, hold: Callable[..., str]
) -> None:
    first, second = hold(), hold()
    charge = a_charge(first)
    provider.charge_all([charge])

    again = ToCharge(charge.key, charge.amount_minor, charge.currency, charge.method, second)

    assert charged(provider, again) == (ChargeState.CAPTURED, None)
    assert held(provider, second) == HoldState.HELD


def test_two_charges_of_one_hold_at_once_capture_it_once(
    provider: SimulatedProvider, hold: Callable[..., str], money: MoneyDesk
) -> None:
    key = hold()
    wanted = [a_charge(key) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(lambda charge: charged(provider, charge), wanted))

    # who came second charged by his own key: as with a hold that is gone
    assert states == [(ChargeState.CAPTURED, None)] * 4
    assert held(provider, key) == HoldState.CAPTURED


def test_a_hold_is_let_go_once_and_what_was_captured_stays(
    provider: SimulatedProvider, hold: Callable[..., str]
) -> None:
    free, taken, unheard_of = hold(), hold(), new_id()
    provider.charge_all([a_charge(taken)])

    for _ in range(2):
        stand = provider.release_all([free, taken, unheard_of])
        assert {key: answer.state for key, answer in stand.items()} == {
            free: HoldState.RELEASED,
            taken: HoldState.CAPTURED,
        }


def test_a_charge_after_its_hold_was_let_go_is_made_by_its_own_key(
    provider: SimulatedProvider, hold: Callable[..., str]
) -> None:
    key = hold()
    provider.release_all([key])

    assert charged(provider, a_charge(key)) == (ChargeState.CAPTURED, None)
    assert held(provider, key) == HoldState.RELEASED


def test_a_rider_who_confirms_is_charged_also_for_more_than_was_held(
    provider: SimulatedProvider, hold: Callable[..., str]
) -> None:
    small, large = (hold(1000, "card_needs_confirmation") for _ in range(2))
    for key in (small, large):
        assert provider.confirm_hold(key, accepted=True).state == HoldState.HELD

    assert charged(provider, a_charge(small, 1000, "card_needs_confirmation")) == (ChargeState.CAPTURED, None)
    assert charged(provider, a_charge(large, 2000, "card_needs_confirmation")) == (ChargeState.CAPTURED, None)


def test_a_rider_who_does_not_confirm_is_not_charged(provider: SimulatedProvider, hold: Callable[..., str]) -> None:
    refused, unanswered = (hold(1000, "card_needs_confirmation") for _ in range(2))
    answer = provider.confirm_hold(refused, accepted=False)
    assert (answer.state, answer.reason) == (HoldState.DECLINED, "confirmation_refused")
    # a change of mind comes too late
    assert provider.confirm_hold(refused, accepted=True) == answer

    for key in (refused, unanswered):
        outcome = charged(provider, a_charge(key, 1000, "card_needs_confirmation"))
        assert outcome == (ChargeState.FAILED, "authentication_required")
    assert held(provider, unanswered) == HoldState.RELEASED


@pytest.mark.parametrize("method", [CARD_WEBHOOK_LATE, CARD_WEBHOOK_TWICE, CARD_WEBHOOK_DISORDERED])
def test_a_charge_of_the_webhook_cards_is_pending_until_the_provider_has_it(
    provider: SimulatedProvider, hold: Callable[..., str], time: Time, method: str
) -> None:
    key = hold(1000, method)
    charge = a_charge(key, 1000, method)

    assert charged(provider, charge)[0] == ChargeState.PENDING
    assert provider.find_all([charge.key])[charge.key].state == ChargeState.PENDING
    time.now += timedelta(seconds=3)
    assert provider.find_all([charge.key])[charge.key].state == ChargeState.CAPTURED
    assert charged(provider, charge)[0] == ChargeState.CAPTURED


def test_the_own_list_has_every_charge_and_payout_since_a_moment_once(provider: SimulatedProvider) -> None:
    wanted = [a_charge(None) for _ in range(3)]
    provider.charge_all(wanted)
    paid = ToPayOut(new_id(), 700, "EUR", "driver-1", "bank_ok")
    provider.pay_out_all([paid])

    found = list(provider.list_since(datetime.now(UTC) - A_DAY))

    assert sorted((each.kind, each.key, each.state) for each in found) == sorted(
        [*(("charge", charge.key, "captured") for charge in wanted), ("payout", paid.key, "sent")]
    )
    assert len({each.reference for each in found}) == 4
    assert list(provider.list_since(datetime.now(UTC) + A_DAY)) == []
