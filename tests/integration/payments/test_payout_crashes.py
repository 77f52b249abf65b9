"""A payout run that dies at any of its statements or commits, and runs at once: each driver is paid once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import eventlet
from sqlalchemy import Engine
from sqlalchemy.event import listen, remove

from services.payments.usecases.paying_out import run_payouts
from tests.support.money import MoneyDesk, a_ride

STEPS_AT_MOST = 80


class Died(BaseException):
    """The end of a process: nothing catches it."""


@contextmanager
def dying_at(engine: Engine, step: int) -> Iterator[None]:
    """Die before the statement or commit of this number."""
    left = count(step, -1)

    def tick(*_: Any, **__: Any) -> None:
        if next(left) == 0:
            raise Died

    for moment in ("before_cursor_execute", "commit"):
        listen(engine, moment, tick)
    try:
        yield
    finally:
        for moment in ("before_cursor_execute", "commit"):
            remove(engine, moment, tick)


def paid(money: MoneyDesk) -> dict[str, int]:
    """What the provider sent to whom."""
    sent = "SELECT driver_id, sum(amount_minor) FROM simulated_provider.payouts WHERE state = 'sent' GROUP BY 1"
    return {driver_id: int(minor) for driver_id, minor in money.rows(sent)}


def test_a_run_that_dies_anywhere_is_finished_by_the_next(money: MoneyDesk, service_engine: Engine) -> None:
    owed: dict[str, int] = {}
    for step in range(STEPS_AT_MOST):
        drivers = [f"driver-{step}-{n}" for n in range(2)]
        money.charge(*[a_ride(1000, driver_id=driver, completed_at=money.now) for driver in drivers])
        owed |= dict.fromkeys(drivers, 720)
        money.now += timedelta(days=1)
        try:
            with dying_at(service_engine, step):
                run_payouts(money.desk, None)
        except Died:
            run_payouts(money.desk, None)
            assert paid(money) == owed, f"died at step {step}"
        else:
            assert step > 15
            break
    assert paid(money) == owed
    assert money.one("SELECT count(*) FROM simulated_provider.payouts") == len(owed)
    assert money.breaches() == {}


def test_runs_at_once_some_of_which_die_pay_each_driver_once(money: MoneyDesk, service_engine: Engine) -> None:
    rides = [a_ride(1000 + n, driver_id=f"driver-{n % 30}", rider_id=f"rider-{n}") for n in range(90)]
    money.charge(*rides)
    money.now += timedelta(days=2)

    def run(_: int) -> str:
        try:
            run_payouts(money.desk, None)
        except Died:
            return "died"
        return "done"

    with dying_at(service_engine, 25):
        ends = list(eventlet.GreenPool().imap(run, range(5)))
    assert ends.count("died") == 1
    run_payouts(money.desk, None)
    assert money.one("SELECT count(*) FROM simulated_provider.payouts") == 30
    assert sum(type_ == "payout_sent" for type_, _ in money.told()) == 30
    assert money.breaches() == {}
