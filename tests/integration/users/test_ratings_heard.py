"""What the ratings service tells reaches the profiles."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from nameko.containers import ServiceContainer

from hansom.events import Event
from tests.support.identity import Call, a_registration, an_event, tell
from tests.support.waiting import eventually


@pytest.fixture
def rated(users: Call) -> Iterator[dict[str, Any]]:
    """A rider about to be rated."""
    yield users("register_account", **a_registration())["user"]


def a_rating(user_id: str, average: float, count: int, key: str | None = None) -> Event:
    """`key`: whose events it comes after; the rated user's own unless it says another's."""
    told = {"rated_user_id": user_id, "rated_role": "rider", "average": average, "count": count}
    return an_event("ratings.rating_given", key=key or user_id, **told)


def rating_of(users: Call, user: dict[str, Any]) -> tuple[float | None, int]:
    profile = users("get_profile", user_id=user["id"])
    return profile["rating"], profile["rating_count"]


def test_a_rating_reaches_the_profile_though_it_was_cached(
    users: Call, container: ServiceContainer, rated: dict[str, Any]
) -> None:
    assert rating_of(users, rated) == (None, 0)
    tell(container, [a_rating(rated["id"], 4.5, 2)])
    eventually(lambda: rating_of(users, rated) == (4.5, 2))


def test_ratings_that_come_twice_or_in_any_order_leave_the_newest(
    users: Call, container: ServiceContainer, rated: dict[str, Any]
) -> None:
    events = [a_rating(rated["id"], round(1 + count / 10, 2), count) for count in range(1, 21)] * 2
    random.Random(7).shuffle(events)
    tell(container, [*events, a_rating("nobody", 5, 1)])
    eventually(lambda: rating_of(users, rated) == (3.0, 20))


def test_an_old_rating_that_comes_late_changes_nothing(
    users: Call, container: ServiceContainer, rated: dict[str, Any]
) -> None:
    marker = users("register_account", **a_registration())["user"]
    tell(container, [a_rating(rated["id"], 3.1, 21)])
    eventually(lambda: rating_of(users, rated) == (3.1, 21))
    tell(container, [a_rating(rated["id"], 1.1, 1), a_rating(marker["id"], 5.0, 1, key=rated["id"])])
    eventually(lambda: rating_of(users, marker) == (5.0, 1))
    assert rating_of(users, rated) == (3.1, 21)
