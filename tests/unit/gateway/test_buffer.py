"""What a full buffer of positions keeps, and of whom."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.gateway.socket.buffer import NEVER_MS, Driver, Lane, PositionBuffer
from services.gateway.socket.connection import FULL
from services.gateway.socket.flood import Bucket

LIMIT = 4


class Held:
    """A client's socket as the buffer sees it."""

    held = 0

    def hold(self, why: int) -> None:
        self.held |= why

    def release(self, why: int) -> None:
        self.held &= ~why


@pytest.fixture
def lane() -> Lane:
    return Lane("positions.0", LIMIT)


@pytest.fixture
def buffer(lane: Lane) -> PositionBuffer:
    made = PositionBuffer()
    made.lanes = [lane]
    return made


def a_driver(lane: Lane, name: str, *, free_since_ms: float = NEVER_MS) -> Driver:
    return Driver(name, lane, Bucket(1000, 0), free_since_ms)


def a_row(driver: Driver, at_ms: int, *, mark: str = "") -> list[Any]:
    return [driver.id, 60.17, 24.94, at_ms, at_ms, None, None, None, *([mark] if mark else [])]


def report(buffer: PositionBuffer, driver: Driver, *times_ms: int, client: Any = None) -> Any:
    client = client or Held()
    for at_ms in times_ms:
        buffer.add(driver, client, [a_row(driver, at_ms)])
    return client


def kept(lane: Lane) -> list[tuple[str, int]]:
    return [(row[0], row[3]) for row in lane.rows]


def land(buffer: PositionBuffer, lane: Lane) -> list[int]:
    """One message gets to the broker; gives the times in it."""
    times = [row[3] for row in json.loads(lane.take_off())["positions"]]
    for done in lane.landed():
        done()
    buffer.make_room(lane)
    return times


def test_a_full_lane_keeps_the_newest_of_a_free_driver_instead_of_his_older_one(
    buffer: PositionBuffer, lane: Lane
) -> None:
    free, other = a_driver(lane, "free", free_since_ms=0), a_driver(lane, "other", free_since_ms=0)
    client = report(buffer, other, 1, 2, 3)
    report(buffer, free, 10, 11, 12, client=client)
    assert kept(lane) == [("other", 1), ("other", 2), ("other", 3), ("free", 12)]
    assert not client.held
    report(buffer, free, 11, client=client)
    assert kept(lane)[-1] == ("free", 12), "an older one that comes late is not the newest"


def test_a_free_driver_with_nothing_in_a_full_lane_gets_one_place(buffer: PositionBuffer, lane: Lane) -> None:
    report(buffer, a_driver(lane, "other"), *range(LIMIT))
    free = a_driver(lane, "free", free_since_ms=0)
    client = report(buffer, free, *range(10, 30))
    assert kept(lane)[LIMIT:] == [("free", 29)]
    assert not client.held


@pytest.mark.parametrize("free_since_ms", [NEVER_MS, 1_000_000])
def test_who_rides_or_rode_when_he_was_there_is_not_read_and_loses_nothing(
    buffer: PositionBuffer, lane: Lane, free_since_ms: float
) -> None:
    driver = a_driver(lane, "riding", free_since_ms=free_since_ms)
    client = report(buffer, driver, 1, 2, 3, 4)
    assert not client.held
    report(buffer, driver, 5, client=client)
    assert client.held == FULL
    assert land(buffer, lane) == [1, 2, 3, 4]
    assert not client.held
    assert land(buffer, lane) == [5]


def test_a_backlog_waits_whole_and_is_answered_when_it_has_landed(buffer: PositionBuffer, lane: Lane) -> None:
    free = a_driver(lane, "free", free_since_ms=0)
    client = report(buffer, free, 1, 2, 3, 4)
    told: list[str] = []
    buffer.add(free, client, [a_row(free, number) for number in range(10, 30)], lambda: told.append("taken"))  # type: ignore[arg-type]
    assert (client.held, len(lane.rows)) == (FULL, LIMIT)
    land(buffer, lane)
    assert told == []
    assert land(buffer, lane) == list(range(10, 30))
    assert told == ["taken"]


def test_what_an_answer_was_asked_for_is_never_replaced(buffer: PositionBuffer, lane: Lane) -> None:
    free = a_driver(lane, "free", free_since_ms=0)
    client = Held()
    for at_ms in range(LIMIT):
        buffer.add(free, client, [a_row(free, at_ms)], lambda: None)  # type: ignore[arg-type]
    report(buffer, free, 9, client=client)
    assert [at_ms for _, at_ms in kept(lane)] == [0, 1, 2, 3, 9]


def test_what_is_being_sent_is_not_replaced_and_comes_back_in_order(buffer: PositionBuffer, lane: Lane) -> None:
    free = a_driver(lane, "free", free_since_ms=0)
    report(buffer, free, 1, 2, 3, 4)
    lane.take_off()
    report(buffer, free, 5, 6)
    lane.came_back(0.0)
    assert [at_ms for _, at_ms in kept(lane)] == [1, 2, 3, 4, 6]
    assert land(buffer, lane) == [1, 2, 3, 4, 6]


def test_a_ride_that_begins_protects_what_follows_and_its_end_does_not_expose_it(
    buffer: PositionBuffer, lane: Lane
) -> None:
    driver = a_driver(lane, "driver", free_since_ms=0)
    report(buffer, driver, 1)
    driver.rides()
    client = report(buffer, driver, 2, 3, 4)
    driver.is_free(100)
    report(buffer, driver, 200, 201, client=client)
    assert [at_ms for _, at_ms in kept(lane)] == [1, 2, 3, 4, 201]
    assert not client.held


def test_a_marked_position_takes_nobodys_place(buffer: PositionBuffer, lane: Lane) -> None:
    free = a_driver(lane, "free", free_since_ms=0)
    client = report(buffer, free, 1, 2, 3, 4)
    buffer.add(free, client, [a_row(free, 9, mark="clock_skew")])
    assert client.held == FULL
    assert [at_ms for _, at_ms in kept(lane)] == [1, 2, 3, 4]
