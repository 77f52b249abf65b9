"""Where a socket is in its user's stream: in order, no gap, none twice, whatever arrives when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.socket.stream import Cursor, Step


def test_the_next_number_is_sent_and_an_old_one_dropped() -> None:
    cursor = Cursor(last_seq=4)
    assert cursor.arrived(5) is Step.SEND
    assert cursor.arrived(5) is Step.DROP
    assert cursor.arrived(3) is Step.DROP
    assert cursor.last_seq == 5


def test_a_gap_is_fetched_first() -> None:
    cursor = Cursor(last_seq=4)
    assert cursor.arrived(7) is Step.FETCH
    assert cursor.behind
    assert [seq for seq in (5, 6, 7) if cursor.fetched(seq)] == [5, 6, 7]
    assert not cursor.behind


def test_what_comes_while_fetching_is_left_to_the_fetching() -> None:
    cursor = Cursor(last_seq=4, fetching=True)
    assert cursor.arrived(5) is Step.DROP
    assert cursor.behind


def test_what_comes_before_it_can_have_said_where_it_left_off_is_noted() -> None:
    cursor = Cursor(last_seq=4, expected=True)
    assert cursor.arrived(5) is Step.DROP
    cursor.expected = False
    assert cursor.behind


def test_who_could_not_be_told_what_he_missed_is_told_it_later() -> None:
    cursor = Cursor(last_seq=7)
    cursor.stays_after(4)
    assert cursor.behind
    assert [seq for seq in (5, 6, 7, 8) if cursor.fetched(seq)] == [5, 6, 7, 8]
    cursor.stays_after(99)
    assert cursor.last_seq == 8, "a number that there never was is nobody's place"


def test_what_arrives_while_the_end_is_read_is_still_wanted() -> None:
    cursor = Cursor(last_seq=2, fetching=True)
    cursor.asks()
    assert cursor.arrived(3) is Step.DROP
    cursor.at_end(2)
    assert cursor.behind


def test_a_number_that_is_not_kept_is_not_sought_for_ever() -> None:
    cursor = Cursor(last_seq=2)
    cursor.exists(50)
    cursor.asks()
    cursor.at_end(50)
    assert (cursor.last_seq, cursor.behind) == (50, False)


def test_what_comes_before_the_place_is_known_is_noted() -> None:
    cursor = Cursor()
    assert cursor.arrived(9) is Step.DROP
    cursor.last_seq = 8
    assert cursor.behind


def test_numbers_that_are_no_longer_kept_are_passed_over() -> None:
    cursor = Cursor(last_seq=2)
    cursor.exists(50)
    assert cursor.fetched(40)
    assert cursor.fetched(50)
    assert not cursor.behind


@given(order=st.permutations(list(range(1, 9))), lost=st.sets(st.integers(1, 8)))
def test_in_any_order_and_with_any_losses_each_is_sent_once_and_in_order(order: list[int], lost: set[int]) -> None:
    cursor, sent = Cursor(last_seq=0), []
    for seq in order:
        if seq in lost:
            continue
        step = cursor.arrived(seq)
        if step is Step.SEND:
            sent.append(seq)
        elif step is Step.FETCH:
            sent += [each for each in range(1, cursor.wanted + 1) if cursor.fetched(each)]
    cursor.exists(8)  # what the gateway hears with its next refresh
    if cursor.behind:
        sent += [each for each in range(1, 9) if cursor.fetched(each)]
    assert sent == list(range(1, 9))
