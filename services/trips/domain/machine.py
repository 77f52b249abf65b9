"""The life of a trip as a table: (state, verb) → state. What is not in it is forbidden."""

from __future__ import annotations

from enum import StrEnum

from hansom.contracts.trips import IllegalTransition, TripState


class Verb(StrEnum):
    """What can be done to a trip. `release` is a driver's cancel: the trip looks for another driver. `no_show`: he ends
    it, since its rider has not come. `change`: it goes elsewhere."""

    ASSIGN = "assign"
    ARRIVE = "arrive"
    START = "start"
    COMPLETE = "complete"
    CANCEL = "cancel"
    RELEASE = "release"
    EXPIRE = "expire"
    NO_SHOW = "no_show"
    CHANGE = "change"


TRANSITIONS: dict[tuple[TripState, Verb], TripState] = {
    (TripState.REQUESTED, Verb.ASSIGN): TripState.ASSIGNED,
    (TripState.REQUESTED, Verb.CANCEL): TripState.CANCELLED,
    (TripState.REQUESTED, Verb.EXPIRE): TripState.EXPIRED,
    (TripState.ASSIGNED, Verb.ARRIVE): TripState.ARRIVED,
    (TripState.ASSIGNED, Verb.CHANGE): TripState.ASSIGNED,
    (TripState.ASSIGNED, Verb.CANCEL): TripState.CANCELLED,
    (TripState.ASSIGNED, Verb.RELEASE): TripState.REQUESTED,
    (TripState.ARRIVED, Verb.CHANGE): TripState.ARRIVED,
    (TripState.ARRIVED, Verb.START): TripState.IN_PROGRESS,
    (TripState.ARRIVED, Verb.NO_SHOW): TripState.CANCELLED,
    (TripState.ARRIVED, Verb.CANCEL): TripState.CANCELLED,
    (TripState.ARRIVED, Verb.RELEASE): TripState.REQUESTED,
    (TripState.IN_PROGRESS, Verb.CHANGE): TripState.IN_PROGRESS,
    (TripState.IN_PROGRESS, Verb.COMPLETE): TripState.COMPLETED,
    (TripState.IN_PROGRESS, Verb.CANCEL): TripState.CANCELLED,
}


def next_state(state: TripState, verb: Verb) -> TripState:
    """The state that `verb` leads to from `state`. Raises IllegalTransition (details: state, verb)."""
    try:
        return TRANSITIONS[state, verb]
    except KeyError:
        raise IllegalTransition(details={"state": state.value, "verb": verb.value}) from None
