"""Idle drivers are sent where cars are missing, not all to one place, and never so that a place is emptied."""

from __future__ import annotations

from collections import Counter
from random import Random

import h3
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.assigning import assign
from services.analytics.domain.hints import Car, Hint, Outlook, Sending, hints
from services.analytics.outlooks import centre_of, parent_of

MPS = 5.0
HERE = h3.latlng_to_cell(60.1700, 24.9400, 9)
NEAR, OTHER = sorted(h3.grid_ring(HERE, 3))[0], sorted(h3.grid_ring(HERE, 3))[-1]
BESIDE = sorted(h3.grid_ring(HERE, 1))[0]
FAR = h3.latlng_to_cell(60.4000, 25.3000, 9)
TOWN = sorted(h3.grid_disk(HERE, 3))
SENDING = Sending(assign, 600.0, parent_of, centre_of)


def cars(segment: str, count: int, idle_s: float = 600.0) -> list[Car]:
    return [Car(f"{segment}-{number}", centre_of(segment), segment, idle_s, idle_s > 0) for number in range(count)]


def outlook(requests: dict[str, float], coming: tuple[tuple[str, str], ...] = (), **unmet: int) -> Outlook:
    return Outlook(requests, {HERE: unmet.get("here", 0)}, coming, MPS)


def sent(found: list[Hint]) -> Counter[str]:
    return Counter(hint.segment for hint in found)


def test_a_place_that_lacks_cars_gets_as_many_as_it_lacks() -> None:
    """Nine requests in the half hour are three in the ten minutes for which a hint holds."""
    found = hints(outlook({HERE: 9.0}), cars(NEAR, 8), SENDING)
    assert sent(found) == {HERE: 3}
    assert {hint.point for hint in found} == {centre_of(HERE)}


def test_where_cars_are_enough_nobody_is_sent() -> None:
    assert hints(outlook({HERE: 9.0}), [*cars(HERE, 3), *cars(NEAR, 8)], SENDING) == []
    assert hints(outlook({}), cars(NEAR, 8), SENDING) == []


def test_drivers_are_spread_over_the_places_that_lack_them() -> None:
    found = hints(outlook({HERE: 9.0, OTHER: 9.0}), cars(NEAR, 10), SENDING)
    assert sent(found) == {HERE: 3, OTHER: 3}


def test_a_place_gives_only_what_it_can_spare_and_those_idle_longest_first() -> None:
    waiting = [*cars(NEAR, 2, idle_s=900.0), *[Car("late", centre_of(NEAR), NEAR, 300.0, True)]]
    found = hints(outlook({HERE: 30.0, NEAR: 6.0}), waiting, SENDING)
    assert [hint.driver_id for hint in found] == [f"{NEAR}-0"], "two are needed where they are"


def test_who_is_not_idle_is_not_sent() -> None:
    assert hints(outlook({HERE: 9.0}), cars(NEAR, 8, idle_s=0.0), SENDING) == []


def test_nobody_is_sent_too_far() -> None:
    assert hints(outlook({HERE: 9.0}), cars(FAR, 8), SENDING) == []


def test_the_nearest_idle_driver_is_sent() -> None:
    found = hints(outlook({HERE: 5.0}), [*cars(NEAR, 1), *cars(BESIDE, 1)], SENDING)
    assert [hint.driver_id for hint in found] == [f"{BESIDE}-0"]


def test_those_on_their_way_are_counted_where_they_go() -> None:
    coming = ((HERE, NEAR), (HERE, NEAR))
    assert sent(hints(outlook({HERE: 9.0}, coming), cars(NEAR, 8), SENDING)) == {HERE: 1}
    there = ((HERE, HERE), (HERE, HERE))
    assert sent(hints(outlook({HERE: 9.0}, there), [*cars(HERE, 2), *cars(NEAR, 8)], SENDING)) == {HERE: 1}


def test_the_reason_is_in_words() -> None:
    found = hints(outlook({HERE: 9.0}, here=2), cars(NEAR, 1), SENDING)
    assert found[0].reason == (
        "About 9 requests expected here in the next half hour, no cars free. 2 riders found no car here lately."
    )


def test_few_requests_here_and_there_are_put_together() -> None:
    """Small segments of which none needs a car: the part of the city with all of them needs some."""
    small = h3.cell_to_children(HERE, 11)
    found = hints(outlook(dict.fromkeys(small, 0.3)), cars(NEAR, 8), SENDING)
    assert sum(sent(found).values()) == int(0.3 * len(small) / 3)


@given(
    st.dictionaries(st.sampled_from(TOWN), st.floats(0, 30), max_size=12),
    st.lists(st.tuples(st.sampled_from(TOWN), st.floats(0, 1000), st.booleans()), max_size=40),
    st.randoms(use_true_random=False),
)
def test_no_driver_twice_no_busy_one_no_place_beyond_its_need_and_the_order_does_not_matter(
    requests: dict[str, float], drawn: list[tuple[str, float, bool]], rng: Random
) -> None:
    free = [Car(f"d{n}", centre_of(segment), segment, idle_s, idle) for n, (segment, idle_s, idle) in enumerate(drawn)]
    found = hints(outlook(requests), free, SENDING)
    told = [hint.driver_id for hint in found]
    assert len(told) == len(set(told))
    assert set(told) <= {car.driver_id for car in free if car.idle}
    assert len(found) <= sum(requests.values()) / 3
    shuffled = free.copy()
    rng.shuffle(shuffled)
    again = hints(outlook(dict(reversed(requests.items()))), shuffled, SENDING)
    assert {hint.driver_id: hint.segment for hint in again} == {hint.driver_id: hint.segment for hint in found}


def test_an_assignment_takes_as_many_pairs_as_can_be_and_then_the_cheapest() -> None:
    assert sorted(assign(2, 2, [(0, 0, 1.0), (0, 1, 50.0), (1, 0, 2.0)])) == [(0, 1), (1, 0)]
    assert sorted(assign(2, 2, [(0, 0, 1.0), (0, 1, 5.0), (1, 0, 2.0), (1, 1, 3.0)])) == [(0, 0), (1, 1)]
    assert assign(3, 0, []) == []
    assert assign(1, 3, [(0, 2, 0.0)]) == [(0, 2)]
