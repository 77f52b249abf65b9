"""Cards, lists and counts."""

from __future__ import annotations

from typing import Any

import pytest
from nameko.containers import ServiceContainer

from hansom.contracts.errors import Invalid
from hansom.events import Event
from tests.support.identity import VEHICLE, Call, a_driver_registration, an_event, tell
from tests.support.waiting import eventually

OLGA = {"user_id": "olga", "role": "ops"}


@pytest.fixture
def driver(drivers: Call) -> dict[str, Any]:
    return drivers("register_driver", **a_driver_registration())["user"]


def card_of(drivers: Call, driver: dict[str, Any]) -> dict[str, Any]:
    return drivers("get_cards", driver_ids=[driver["id"]])["items"][driver["id"]]


def test_a_card_is_what_a_rider_may_know(drivers: Call, driver: dict[str, Any]) -> None:
    expected = {
        "id": driver["id"],
        "name": "Dora Driver",
        "rating": None,
        "vehicle": VEHICLE,
        "categories": ["comfort", "standard"],
    }
    for _ in range(2):  # from the database, from the cache
        assert drivers("get_cards", driver_ids=[driver["id"], "nobody"]) == {"items": {driver["id"]: expected}}


def test_a_new_name_reaches_the_card_that_was_cached(drivers: Call, users: Call, driver: dict[str, Any]) -> None:
    card_of(drivers, driver)
    for name in ("Dodo", "Didi"):
        users("update_profile", user_id=driver["id"], changes={"name": name})
    eventually(lambda: card_of(drivers, driver)["name"] == "Didi")


def a_rating(driver_id: str, average: float, count: int, *, after: str | None = None, **more: Any) -> Event:
    """A driver's new mean. `after`: the driver whose events it comes after, when it is another."""
    told = {"rated_user_id": driver_id, "average": average, "count": count, **more}
    return an_event("ratings.rating_given", key=after or driver_id, **told)


def test_a_rating_reaches_the_card_and_old_news_do_not(
    drivers: Call, container: ServiceContainer, driver: dict[str, Any]
) -> None:
    marker = drivers("register_driver", **a_driver_registration())["user"]
    me = driver["id"]
    card_of(drivers, driver)
    of_a_rider = a_rating(me, 1, 9, rated_role="rider")
    tell(container, [a_rating(me, 4.5, 2), a_rating(me, 5, 1), a_rating(me, 4.5, 2), of_a_rider])
    eventually(lambda: card_of(drivers, driver)["rating"] == 4.5)
    assert drivers("get_driver", driver_id=me)["rating_count"] == 2
    tell(container, [a_rating(me, 5, 1), a_rating(marker["id"], 2, 1, after=me)])
    eventually(lambda: card_of(drivers, marker)["rating"] == 2)
    assert card_of(drivers, driver)["rating"] == 4.5


def a_name(driver_id: str, name: str, version: int, *, after: str | None = None) -> Event:
    """A driver's new name. `after`: the driver whose events it comes after, when it is another."""
    return an_event("users.profile_changed", key=after or driver_id, user_id=driver_id, name=name, version=version)


def test_an_old_name_that_comes_late_changes_nothing(
    drivers: Call, container: ServiceContainer, driver: dict[str, Any]
) -> None:
    marker = drivers("register_driver", **a_driver_registration())["user"]
    me = driver["id"]
    tell(container, [a_name(me, "Third", 3), a_name(me, "Second", 2), a_name(me, "Third", 3)])
    eventually(lambda: card_of(drivers, driver)["name"] == "Third")
    tell(container, [a_name(me, "Second", 2), a_name(marker["id"], "Mark", 2, after=me)])
    eventually(lambda: card_of(drivers, marker)["name"] == "Mark")
    assert card_of(drivers, driver)["name"] == "Third"


def test_availability_of_many_is_one_answer(drivers: Call, driver: dict[str, Any]) -> None:
    other = drivers("register_driver", **a_driver_registration(vehicle={**VEHICLE, "category": "van"}))["user"]
    drivers("set_availability", driver_id=driver["id"], online=True)
    assert drivers("get_availability", driver_ids=[driver["id"], other["id"], "nobody"])["items"] == {
        driver["id"]: {"online": True, "categories": ["comfort", "standard"]},
        other["id"]: {"online": False, "categories": ["van"]},
    }
    assert drivers("get_availability", driver_ids=[]) == {"items": {}}
    assert drivers("get_cards", driver_ids=[]) == {"items": {}}


def pages(drivers: Call, **wanted: Any) -> list[list[str]]:
    found, cursor = [], None
    while True:
        page = drivers("list_drivers", **wanted, cursor=cursor)
        found.append([driver["id"] for driver in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_pages_hold_each_driver_once_newest_first(drivers: Call) -> None:
    name = "Pia_%" + a_driver_registration()["email"][:12]
    ids = [drivers("register_driver", **a_driver_registration(name=name))["user"]["id"] for _ in range(5)]
    assert pages(drivers, q=name.upper(), limit=2) == [ids[:2:-1], ids[2:0:-1], ids[:1]]
    assert pages(drivers, q=name, limit=5) == [ids[::-1]]
    assert pages(drivers, q=name, limit=100, online=True) == [[]]
    drivers("set_availability", driver_id=ids[3], online=True)
    assert pages(drivers, q=name, online=True) == [[ids[3]]]
    drivers("suspend_driver", driver_id=ids[3], actor=OLGA)
    assert pages(drivers, q=name, approval="suspended") == [[ids[3]]]
    assert pages(drivers, q=name.replace("_", "x")) == [[]], "_ and % are letters here"


def test_a_driver_is_found_by_the_beginning_of_his_plate(drivers: Call) -> None:
    plate = a_driver_registration()["email"][:12].upper()
    driver = drivers("register_driver", **a_driver_registration(vehicle={**VEHICLE, "plate": plate}))["user"]
    assert pages(drivers, q=plate[:9].lower()) == [[driver["id"]]]
    assert pages(drivers, q=plate[3:]) == [[]]


@pytest.mark.parametrize("wanted", [{"limit": 0}, {"limit": 101}, {"approval": "x"}, {"online": "x"}, {"q": "\x00"}])
def test_a_list_asked_for_wrongly_names_the_field(drivers: Call, wanted: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        drivers("list_drivers", **wanted)
    assert list(refusal.value.details) == list(wanted)


def test_the_counts_follow_what_happens(drivers: Call, driver: dict[str, Any]) -> None:
    before = drivers("count_drivers")
    drivers("set_availability", driver_id=driver["id"], online=True)
    assert drivers("count_drivers") == {**before, "online": before["online"] + 1}
    drivers("suspend_driver", driver_id=driver["id"], actor=OLGA)
    changed = {"approved": before["approved"] - 1, "suspended": before["suspended"] + 1}
    assert drivers("count_drivers") == {**before, **changed}
