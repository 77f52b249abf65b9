"""What the provider tells is a hint: taken once, looked up, and recorded as after any lost answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import eventlet
import pytest

from hansom.contracts.payments import ChargeState, HoldState, ProviderUnavailable
from services.payments.usecases.hearing_provider import follow_up_news, take_news
from services.payments.usecases.holding import authorize_ride
from services.payments.usecases.ports import ProviderNews
from services.payments.usecases.settling_debts import settle_debts
from tests.integration.payments.test_holds import a_request, to_confirm
from tests.support.money import MoneyDesk, a_ride

WAITING = "SELECT count(*) FROM webhooks WHERE handled_at IS NULL"


def a_charge_that_is_pending(money: MoneyDesk) -> str:
    """A charge of which the provider says that it will tell later, and which is captured there by now; gives its id."""
    money.charge(a_ride(method="card_webhook_late"))
    assert money.rows("SELECT state FROM charges") == [("pending",)]
    with money.engine.begin() as owner:
        owner.exec_driver_sql("UPDATE simulated_provider.charges SET settles_at = now() - interval '1 s'")
    return str(money.one("SELECT id FROM charges"))


def test_a_charge_that_was_pending_is_recorded_when_the_provider_tells(money: MoneyDesk) -> None:
    charge_id = a_charge_that_is_pending(money)
    assert take_news(money.desk, "simulated", [ProviderNews("evt-1", "charge", charge_id)]) == 1
    assert money.rows("SELECT state FROM charges") == [("captured",)]
    assert [type_ for type_, _ in money.told()] == ["payment_captured"]
    assert money.breaches() == {}


def test_doubled_and_disordered_messages_have_one_effect(money: MoneyDesk) -> None:
    charge_id = a_charge_that_is_pending(money)
    messages = [[ProviderNews(f"evt-{number % 3}", "charge", charge_id)] for number in range(12)]
    taken = list(eventlet.GreenPool().imap(lambda news: take_news(money.desk, "simulated", news), messages))
    assert sum(taken) == 3
    assert money.one("SELECT count(*) FROM ledger_transactions") == 2
    assert [type_ for type_, _ in money.told()] == ["payment_captured"]
    assert (money.one(WAITING), money.one("SELECT count(*) FROM webhooks")) == (0, 3)
    assert money.breaches() == {}


def test_a_message_about_nothing_of_ours_changes_nothing(money: MoneyDesk) -> None:
    news = [ProviderNews(f"evt-{kind}", kind, "of-somebody-else") for kind in ("charge", "hold", "refund", "payout")]
    assert take_news(money.desk, "simulated", news) == 4
    assert money.one(WAITING) == 0
    assert money.told() == []


def test_a_message_is_not_lost_when_the_provider_cannot_be_asked(money: MoneyDesk) -> None:
    charge_id = a_charge_that_is_pending(money)
    real, money.provider = money.provider, _Silent()
    assert take_news(money.desk, "simulated", [ProviderNews("evt-1", "charge", charge_id)]) == 1
    assert money.one(WAITING) == 1
    money.provider = real
    assert follow_up_news(money.desk, "simulated") == 0, "who took it may still be at it"
    money.now += timedelta(seconds=11)
    assert follow_up_news(money.desk, "simulated") == 1
    assert money.rows("SELECT state FROM charges") == [("captured",)]
    assert follow_up_news(money.desk, "simulated") == 0


class _Silent:
    """A provider that tells and does not answer."""

    def __getattr__(self, name: str) -> Any:
        def ask(*_: Any) -> Any:
            raise ProviderUnavailable()

        return ask


def test_a_debts_payment_is_recorded_when_the_provider_tells(money: MoneyDesk) -> None:
    money.charge(a_ride(method="card_declined"))
    [outcome] = settle_debts(money.desk, "rider-1", "card_webhook_late").values()
    assert outcome.state == ChargeState.PENDING
    with money.engine.begin() as owner:
        owner.exec_driver_sql("UPDATE simulated_provider.charges SET settles_at = now() - interval '1 s'")
    payment_id = money.one("SELECT id FROM debt_payments")
    take_news(money.desk, "simulated", [ProviderNews("evt-1", "charge", payment_id)])
    assert money.one("SELECT count(*) FROM debts WHERE settled_at IS NULL") == 0
    assert money.breaches() == {}


def test_a_rider_who_confirms_in_his_banks_app_may_ride(money: MoneyDesk) -> None:
    request = a_request(method="card_needs_confirmation")
    key = to_confirm(money, request)
    money.provider.confirm_hold(key, True)
    take_news(money.desk, "simulated", [ProviderNews("evt-1", "hold", key)])
    assert money.one("SELECT state FROM holds") == HoldState.HELD.value
    assert money.one("SELECT confirmed_at IS NOT NULL FROM holds")
    assert authorize_ride(money.desk, request)


def test_a_request_that_is_repeated_sees_what_was_confirmed_before_it_is_told(money: MoneyDesk) -> None:
    request = a_request(method="card_needs_confirmation")
    money.provider.confirm_hold(to_confirm(money, request), True)
    assert authorize_ride(money.desk, request)


def test_what_the_provider_holds_though_it_was_given_up_is_let_go_there(money: MoneyDesk) -> None:
    request = a_request()
    authorize_ride(money.desk, request)
    with money.engine.begin() as owner:
        # as when a question arrives at the provider long after nobody waits for its answer
        owner.exec_driver_sql("UPDATE holds SET state = 'released', resolved_at = now()")
    [key] = [row.id for row in money.rows("SELECT id FROM holds")]
    take_news(money.desk, "simulated", [ProviderNews("evt-1", "hold", key)])
    assert money.one("SELECT state FROM simulated_provider.holds") == "released"


def test_a_hold_that_is_told_to_be_captured_before_its_charge_is_recorded_is_that_charges(money: MoneyDesk) -> None:
    request = a_request()
    authorize_ride(money.desk, request)
    real, money.provider = money.provider, cast(Any, _Dying(money.provider))
    ride = a_ride(1000, trip_id=request.trip_id)
    with pytest.raises(ProviderUnavailable):
        money.charge(ride)
    money.provider = real
    take_news(money.desk, "simulated", [ProviderNews("evt-1", "hold", money.one("SELECT id FROM holds"))])
    assert money.rows("SELECT state, charge_id FROM holds") == [("captured", None)]
    money.charge(ride)
    assert money.one("SELECT charge_id FROM holds") == money.one("SELECT id FROM charges WHERE state = 'captured'")
    assert money.breaches() == {}


class _Dying:
    """A provider that charges, and whose answer nobody is there to hear."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def charge_all(self, wanted: Any) -> Any:
        self._real.charge_all(wanted)
        raise ProviderUnavailable()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_a_refund_is_recorded_when_the_provider_tells(money: MoneyDesk) -> None:
    ride = a_ride()
    money.charge(ride)
    refund_id = money.begin_refund(ride.trip_id)
    take_news(money.desk, "simulated", [ProviderNews("evt-1", "refund", refund_id)])
    assert money.rows("SELECT state FROM refunds") == [("done",)]
    assert money.breaches() == {}


def test_a_message_of_another_provider_is_followed_up_there(money: MoneyDesk) -> None:
    with money.open_books() as books:
        books.keep_news("another", [("evt-1", "charge", "a")], money.now)
    money.now += timedelta(seconds=11)
    assert follow_up_news(money.desk, "simulated") == 0
    assert money.one(WAITING) == 1
