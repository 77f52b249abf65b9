"""A driver is an account in one service and a driver in the other, and never one without the other for long."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from sqlalchemy import func, select

from hansom.contracts.drivers import UnknownDriver
from hansom.contracts.errors import Invalid
from hansom.contracts.users import EmailTaken
from hansom.ids import new_id
from hansom.store import Transactions
from services.drivers.storage.tables import drivers as drivers_table
from tests.support.identity import (
    VEHICLE,
    Call,
    a_driver_registration,
    a_key,
    a_registration,
    an_email,
    an_event,
    answer,
    at_once,
    tell,
)
from tests.support.waiting import eventually


def test_a_driver_registers_and_is_logged_in(drivers: Call, users: Call) -> None:
    reply = drivers("register_driver", **a_driver_registration(vehicle={**VEHICLE, "plate": " abc  123 "}))
    user = reply["user"]
    assert (user["role"], user["approval"]) == ("driver", "approved")
    assert user["vehicle"] == {**VEHICLE, "plate": "ABC 123"}
    assert set(reply) == {"user", "access_token", "refresh_token", "expires_in"}
    assert users("log_in", email=user["email"], password="correct horse")["user"]["id"] == user["id"]
    driver = drivers("get_driver", driver_id=user["id"])
    assert driver == {
        "id": user["id"],
        "name": "Dora Driver",
        "rating": None,
        "rating_count": 0,
        "vehicle": user["vehicle"],
        "approval": "approved",
        "suspended_for": None,
        "online": False,
        "went_online_at": None,
        "created_at": driver["created_at"],
    }


def test_a_double_tapped_registration_is_one_driver_with_one_answer(drivers: Call) -> None:
    registration = a_driver_registration(idempotency=a_key())
    replies = at_once(*[partial(drivers, "register_driver", **registration)] * 4)
    assert [reply == replies[0] for reply in replies] == [True] * 4
    decided = {"driver_id": replies[0]["user"]["id"], "actor": {"user_id": "olga", "role": "ops"}}
    drivers("suspend_driver", **decided)
    assert drivers("register_driver", **registration) == replies[0], "the answer is the one of then"


def test_a_registration_delivered_twice_is_one_driver_with_one_answer(
    drivers: Call, container: ServiceContainer
) -> None:
    """The process dies after its commit and before its reply: the broker gives the call to another, as it was."""
    registration, call_id = a_driver_registration(), new_id()
    first, second = (answer(container, "register_driver", registration, call_id) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("category", ["rickshaw", "Comfort", "comfort,standard"])
def test_a_category_that_the_city_does_not_have_is_refused(drivers: Call, category: str) -> None:
    email = an_email()
    with pytest.raises(Invalid) as refusal:
        drivers("register_driver", **a_driver_registration(email=email, vehicle={**VEHICLE, "category": category}))
    assert list(refusal.value.details) == ["vehicle.category"]
    assert drivers("register_driver", **a_driver_registration(email=email)), "nothing had been made"


def test_what_is_wrong_with_the_account_is_told_by_the_users_service(drivers: Call) -> None:
    with pytest.raises(Invalid) as refusal:
        drivers("register_driver", **a_driver_registration(email="nonsense", password="short", surplus=1))
    assert set(refusal.value.details) == {"email", "password", "surplus"}


def test_an_address_is_taken_by_riders_too(drivers: Call, users: Call) -> None:
    email = an_email()
    users("register_account", **a_registration(email=email))
    with pytest.raises(EmailTaken):
        drivers("register_driver", **a_driver_registration(email=email.upper()))


def test_a_driver_whose_registration_died_half_way_is_made_from_the_event(drivers: Call, users: Call) -> None:
    """The account is committed; the process of the drivers service is gone before it writes its own row."""
    user = users("register_account", **a_registration(role="driver", vehicle=VEHICLE, name="Dora Driver"))["user"]

    def driver() -> dict[str, Any] | None:
        try:
            return drivers("get_driver", driver_id=user["id"])
        except UnknownDriver:
            return None

    made = eventually(driver)
    assert (made["name"], made["vehicle"], made["approval"]) == ("Dora Driver", VEHICLE, "approved")


def test_registrations_heard_again_and_those_of_riders_make_no_driver(
    drivers: Call, container: ServiceContainer, store: Transactions
) -> None:
    user = drivers("register_driver", **a_driver_registration())["user"]
    before = drivers("set_availability", driver_id=user["id"], online=True)
    told = an_event("users.account_registered", key=user["id"], user_id=user["id"])
    rider = an_event("users.account_registered", key="rita", user_id="rita", role="rider", vehicle=None)
    marker_id = an_email()
    marker = an_event("users.account_registered", key=user["id"], user_id=marker_id)
    tell(container, [told, rider, told, marker])

    def heard() -> bool:
        return drivers("get_availability", driver_ids=[marker_id])["items"] != {}

    eventually(heard)
    assert drivers("get_driver", driver_id=user["id"])["online"] is before["online"] is True
    with store.begin() as session:
        rows = select(func.count()).where(drivers_table.c.id.in_([user["id"], "rita"]))
        assert session.execute(rows).scalar_one() == 1
