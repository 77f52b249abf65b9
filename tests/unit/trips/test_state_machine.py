"""Every pair of state and verb: what it leads to, or that it is forbidden."""

from __future__ import annotations

from itertools import product

import pytest

from hansom.contracts.trips import FINISHED, IllegalTransition, TripState
from services.trips.domain.machine import TRANSITIONS, Verb, next_state

LEGAL = """
requested    assign    assigned
requested    cancel    cancelled
requested    expire    expired
assigned     arrive    arrived
assigned     change    assigned
assigned     cancel    cancelled
assigned     release   requested
arrived      start     in_progress
arrived      change    arrived
arrived      no_show   cancelled
arrived      cancel    cancelled
arrived      release   requested
in_progress  change    in_progress
in_progress  complete  completed
in_progress  cancel    cancelled
"""
"""The whole machine once more, in words, so that a slip in the table shows."""

EXPECTED = {(state, verb): reached for state, verb, reached in (line.split() for line in LEGAL.split("\n") if line)}


@pytest.mark.parametrize(("state", "verb"), list(product(TripState, Verb)), ids=lambda each: each.value)
def test_every_pair_of_state_and_verb_leads_where_the_machine_says(state: TripState, verb: Verb) -> None:
    expected = EXPECTED.get((state.value, verb.value))
    if expected is not None:
        assert next_state(state, verb) == expected
        return
    with pytest.raises(IllegalTransition) as refused:
        next_state(state, verb)
    assert refused.value.details == {"state": state.value, "verb": verb.value}


def test_nothing_leads_out_of_a_finished_state() -> None:
    assert not {state for state, _ in TRANSITIONS} & FINISHED


def test_every_state_is_reached_from_the_first() -> None:
    reached, news = {TripState.REQUESTED}, {TripState.REQUESTED}
    while news:
        news = {to for (state, _), to in TRANSITIONS.items() if state in news} - reached
        reached |= news
    assert reached == set(TripState)


def test_every_unfinished_state_has_a_way_to_an_end() -> None:
    for state in set(TripState) - FINISHED:
        assert any(start == state and to in FINISHED for (start, _), to in TRANSITIONS.items())
