"""Who is at work: only the approved, told only when it changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from hansom.contracts.drivers import DecideDriver, DriverNotApproved, SetAvailability, UnknownDriver
from hansom.store import Transactions
from services.drivers import usecases
from services.drivers.storage.tables import decisions
from services.drivers.storage.tables import drivers as drivers_table
from services.drivers.usecases import Unit, Units
from tests.support.identity import VEHICLE, Call, a_driver_registration, an_ear, an_email, at_once, example
from tests.support.waiting import eventually

OLGA = {"user_id": "olga", "role": "ops"}


@pytest.fixture
def driver_id(drivers: Call) -> str:
    """An approved driver, offline."""
    return drivers("register_driver", **a_driver_registration())["user"]["id"]


@pytest.fixture
def pending_id(strict_units: Units) -> str:
    """A driver whom ops have not looked at."""
    driver_id = an_email()
    data = {"user_id": driver_id, "role": "driver", "name": "Petra Pending", "vehicle": VEHICLE}
    usecases.add_registered(strict_units, [data])
    return driver_id


def test_a_driver_goes_online_and_offline_and_each_change_is_told_once(
    drivers: Call, driver_id: str, config: dict[str, Any]
) -> None:
    with an_ear(config, "drivers") as ear:
        for online in (True, True, False, False, True):
            reply = drivers("set_availability", driver_id=driver_id, online=online)
            assert reply == {"driver_id": driver_id, "online": online, "approval": "approved"}

        def heard() -> list[dict[str, Any]]:
            return ear.heard("driver_availability_changed", driver_id=driver_id)

        eventually(lambda: len(heard()) >= 3)
        assert [data["online"] for data in heard()] == [True, False, True]
        assert heard()[0] == {**example("drivers.driver_availability_changed")["data"], "driver_id": driver_id}


def test_ten_times_online_at_once_is_one_change(drivers: Call, driver_id: str, config: dict[str, Any]) -> None:
    with an_ear(config, "drivers") as ear:
        replies = at_once(*[partial(drivers, "set_availability", driver_id=driver_id, online=True)] * 10)
        assert [reply["online"] for reply in replies] == [True] * 10
        drivers("set_availability", driver_id=driver_id, online=False)
        eventually(lambda: ear.heard("driver_availability_changed", driver_id=driver_id, online=False))
        assert len(ear.heard("driver_availability_changed", driver_id=driver_id)) == 2


def test_what_is_not_known_is_not_made(drivers: Call) -> None:
    for method, more in [
        ("get_driver", {}),
        ("set_availability", {"online": True}),
        ("approve_driver", {"actor": OLGA}),
        ("suspend_driver", {"actor": OLGA}),
    ]:
        with pytest.raises(UnknownDriver):
            drivers(method, driver_id="nobody", **more)


def test_a_pending_driver_works_once_ops_have_approved_him(drivers: Call, pending_id: str, store: Transactions) -> None:
    with pytest.raises(DriverNotApproved) as refusal:
        drivers("set_availability", driver_id=pending_id, online=True)
    assert refusal.value.details == {"approval": "pending"}
    assert drivers("approve_driver", driver_id=pending_id, actor=OLGA)["approval"] == "approved"
    assert drivers("approve_driver", driver_id=pending_id, actor=OLGA)["approval"] == "approved"
    assert drivers("set_availability", driver_id=pending_id, online=True)["online"] is True
    with store.begin() as session:
        made = session.execute(select(decisions).where(decisions.c.driver_id == pending_id)).all()
    assert [(row.decision, row.decided_by) for row in made] == [("approve", "olga")]


def test_a_suspended_driver_is_offline_and_stays_so(drivers: Call, driver_id: str, config: dict[str, Any]) -> None:
    drivers("set_availability", driver_id=driver_id, online=True)
    with an_ear(config, "drivers") as ear:
        suspended = drivers("suspend_driver", driver_id=driver_id, actor=OLGA, reason=" papers ")
        expected = {"approval": "suspended", "suspended_for": "papers", "online": False, "went_online_at": None}
        assert {name: suspended[name] for name in expected} == expected
        eventually(lambda: ear.heard("driver_availability_changed", driver_id=driver_id, online=False))
    with pytest.raises(DriverNotApproved):
        drivers("set_availability", driver_id=driver_id, online=True)
    assert drivers("get_availability", driver_ids=[driver_id])["items"][driver_id]["online"] is False


def test_online_and_suspended_at_once_never_ends_in_online(drivers: Call, driver_id: str) -> None:
    for _ in range(5):
        at_once(
            partial(drivers, "set_availability", driver_id=driver_id, online=True),
            partial(drivers, "suspend_driver", driver_id=driver_id, actor=OLGA),
            partial(drivers, "set_availability", driver_id=driver_id, online=True),
        )
        driver = drivers("get_driver", driver_id=driver_id)
        assert (driver["approval"], driver["online"]) == ("suspended", False)
        drivers("approve_driver", driver_id=driver_id, actor=OLGA)


def test_the_database_itself_keeps_the_unapproved_offline(store: Transactions, pending_id: str) -> None:
    mine = drivers_table.c.id == pending_id
    with pytest.raises(IntegrityError), store.begin() as session:
        session.execute(
            update(drivers_table).where(mine).values(online=True, went_online_at=drivers_table.c.created_at)
        )


class Dropped(Exception):
    """The outbox could not be written."""


def test_a_change_whose_event_cannot_be_written_is_not_made(strict_units: Units, pending_id: str) -> None:
    usecases.approve_driver(strict_units, DecideDriver(pending_id, "olga"))

    def broken(*args: Any) -> None:
        raise Dropped

    @contextmanager
    def without_outbox() -> Iterator[Unit]:
        with strict_units() as unit:
            yield replace(unit, tell=broken)

    with pytest.raises(Dropped):
        usecases.set_availability(without_outbox, SetAvailability(pending_id, True))
    assert usecases.get_driver(strict_units, pending_id)["online"] is False
