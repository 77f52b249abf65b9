"""A process that dies (-9) between the provider's effect and ours: looked up, not repeated."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hansom.contracts.payments import TipRefused
from hansom.settings import REPOSITORY
from services.payments.domain.charge import SettledRide
from services.payments.usecases.charging import look_up_pending
from tests.support.money import MoneyDesk, a_fee, a_ride


def die(money: MoneyDesk, folder: Path, when: str, what: str, rides: list[SettledRide] | list[str]) -> None:
    """Let another process do it, and die on the way."""
    task = folder / "task"
    task.write_bytes(pickle.dumps((money.config, rides, money.now)))
    command = [sys.executable, "-W", "ignore", "-m", "tests.support.payments_dies", when, what, str(task)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_charge_cut_short_is_finished_when_its_message_comes_again(
    money: MoneyDesk, tmp_path: Path, when: str
) -> None:
    discounted = a_ride(discount_minor=100, promo_code="WELCOME")
    rides = [a_ride(), a_ride(method="card_declined"), a_ride(method="cash"), a_fee(), discounted]
    die(money, tmp_path, when, "charge", rides)
    assert {row.state for row in money.rows("SELECT state FROM charges")} == {"pending"}
    assert money.one("SELECT count(*) FROM simulated_provider.charges") == (4 if when == "after" else 0)
    money.charge(*rides)
    states = sorted(row.state for row in money.rows("SELECT state FROM charges"))
    assert states == ["captured"] * 4 + ["failed"]
    assert money.one("SELECT count(*) FROM simulated_provider.charges") == 4
    assert money.breaches() == {}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_charge_cut_short_is_finished_by_the_timer_too(money: MoneyDesk, tmp_path: Path, when: str) -> None:
    die(money, tmp_path, when, "charge", [a_ride()])
    money.now = money.now.replace(minute=7)
    assert look_up_pending(money.desk, 100) == 1
    assert money.rows("SELECT state FROM charges") == [("captured",)]
    assert money.one("SELECT count(*) FROM simulated_provider.charges") == 1
    assert money.breaches() == {}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_tip_cut_short_is_finished_by_the_timer_and_given_once(money: MoneyDesk, tmp_path: Path, when: str) -> None:
    ride = a_ride()
    money.charge(ride)
    die(money, tmp_path, when, "tip", [ride.trip_id])
    with pytest.raises(TipRefused):
        money.tip(ride.trip_id)  # it is under way
    money.now = money.now.replace(minute=7)
    assert look_up_pending(money.desk, 100) == 1
    assert money.rows("SELECT state FROM charges WHERE kind = 'tip'") == [("captured",)]
    assert money.one("SELECT count(*) FROM simulated_provider.charges") == 2
    assert money.breaches() == {}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_payout_run_cut_short_is_finished_by_the_next(money: MoneyDesk, tmp_path: Path, when: str) -> None:
    money.charge(*[a_ride(driver_id=f"driver-{n}") for n in range(5)])
    money.now = money.now.replace(day=4)
    die(money, tmp_path, when, "payout", [])
    assert {row.state for row in money.rows("SELECT state FROM payouts")} == {"reserved"}
    assert money.pay_out() == 5
    assert money.one("SELECT count(*) FROM simulated_provider.payouts") == 5
    assert money.one("SELECT count(*) FROM payouts") == 5
    assert money.breaches() == {}
