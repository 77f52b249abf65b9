"""What each consumer makes of the examples that the publishers promise to send."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hansom.contracts.topology import SUBSCRIPTIONS
from hansom.events import Event
from services.analytics.domain.figures import figures_of
from services.analytics.schemas import read_fact
from services.location.usecases import hearing
from services.matching.domain.news import effects_of
from services.matching.schemas import read_news
from services.notifications.domain.news import news_of

EXAMPLES = Path(__file__).with_name("examples")


class Noted:
    """Takes whatever changes a handler asks for, in place of a pipeline."""

    def __init__(self) -> None:
        self.changes: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **kwargs: self.changes.append(name)


def heard_by_location(event: Event) -> object:
    noted = Noted()
    hearing.HANDLERS[event.name](event, noted)  # type: ignore[arg-type]
    return noted.changes


READERS: dict[str, Callable[[Event], Any]] = {
    "matching": lambda event: effects_of([read_news(event)]).changes,
    "analytics": lambda event: figures_of(read_fact(event)),
    "notifications": lambda event: news_of(event.name, event.data),
    "location": heard_by_location,
}
"""Consumer → reads an event as it does; gives what follows from it. The other consumers' own tests read the examples:
users, drivers and ratings in tests/integration, payments in tests/unit, pricing in tests/integration/pricing."""

SAYS_NOTHING = {("notifications", "trips.trip_requested")}
"""Heard, and nothing follows: the rider knows it from the answer to his request."""

HEARD = [
    (consumer, f"{publisher}.{type_}")
    for consumer, publishers in SUBSCRIPTIONS.items()
    if consumer in READERS
    for publisher, types in publishers.items()
    for type_ in types
]


def example(name: str) -> Event:
    wire = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    headers = {"publisher": name.partition(".")[0], "key": "key"}
    return Event.from_message(json.dumps(wire).encode(), headers)


@pytest.mark.parametrize(("consumer", "name"), HEARD)
def test_a_consumer_understands_what_it_subscribed_to(consumer: str, name: str) -> None:
    found = READERS[consumer](example(name))
    assert bool(found) == ((consumer, name) not in SAYS_NOTHING), f"{consumer} makes {found} of {name}"


@pytest.mark.parametrize(("consumer", "name"), HEARD)
def test_a_consumer_bears_fields_that_it_does_not_know(consumer: str, name: str) -> None:
    event = example(name)
    event.data["added_later"] = {"what": "ever"}
    if "trip" in event.data:
        event.data["trip"]["added_later"] = 1
    assert READERS[consumer](event) == READERS[consumer](example(name)) or consumer == "notifications"
