"""Builders and ears for the tests of users, drivers and ratings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import amqp
import eventlet
import orjson
from eventlet.event import Event as Signal
from nameko.containers import ServiceContainer
from nameko.extensions import Entrypoint
from nameko.testing.utils import get_extension

from hansom.amqp import connect
from hansom.consumer import EventConsumer
from hansom.contracts.errors import HansomError
from hansom.contracts.topology import EVENTS_EXCHANGE
from hansom.events import Event
from hansom.ids import new_id
from hansom.rpc import pack_error, unpack_error

EXAMPLES = Path(__file__).resolve().parents[1] / "contract" / "examples"
PASSWORD = "correct horse"
VEHICLE = {"make": "Toyota", "model": "Corolla", "colour": "silver", "plate": "ABC-123", "category": "comfort"}

Call = Callable[..., dict[str, Any]]


def caller(container: ServiceContainer) -> Call:
    """`call("get_profile", user_id=...)` runs that RPC in a worker of its own, as many at once as ask.

    Gives the reply, or raises the error, as they come off the wire. (Nameko's own `entrypoint_hook` gives whichever
    worker ends first, so two calls at once would be taken for each other.)
    """

    def call(method: str, /, **payload: Any) -> dict[str, Any]:
        return answer(container, method, payload, new_id())

    return call


def answer(container: ServiceContainer, method: str, payload: dict[str, Any], call_id: str) -> dict[str, Any]:
    """The reply to one delivery of a call. The broker delivers a call again, with its id, when its worker has died."""
    ended = Signal()

    def handle_result(worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        ended.send((result, pack_error(exc_info[1]) if exc_info is not None else None))
        return result, exc_info

    entrypoint = get_extension(container, Entrypoint, method_name=method)
    context = {"call_id": call_id}
    container.spawn_worker(entrypoint, (payload,), {}, context_data=context, handle_result=handle_result)
    reply = orjson.loads(orjson.dumps(ended.wait(timeout=20)))
    if reply is None:
        raise AssertionError(f"{method} gave nothing")
    result, error = reply
    if error is not None:
        raise unpack_error(error)
    return result


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call gives, or the error it raises; all are started before one has ended."""

    def run(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except HansomError as exc:
            return exc

    return [greenlet.wait() for greenlet in [eventlet.spawn(run, call) for call in calls]]


@contextmanager
def running(service: type, config: dict[str, Any], **settings: Any) -> Iterator[ServiceContainer]:
    """A container of the service on the real servers."""
    container = ServiceContainer(service, config={**config, **settings})
    container.start()
    try:
        yield container
    finally:
        container.kill()  # `stop` waits seconds for the RPC consumer to drain


def an_email() -> str:
    """An address that nobody has."""
    return f"{uuid4().hex}@example.com"


def a_registration(**changes: Any) -> dict[str, Any]:
    """What a rider-to-be sends, with an address of his own."""
    return {
        "role": "rider",
        "email": an_email(),
        "password": PASSWORD,
        "name": "Ann Example",
        "phone": "+358401234567",
        **changes,
    }


def a_driver_registration(**changes: Any) -> dict[str, Any]:
    """What a driver-to-be sends, with an address of his own."""
    registration = a_registration(name="Dora Driver", vehicle=VEHICLE)
    del registration["role"]
    return {**registration, **changes}


def a_key(fingerprint: str = "body") -> dict[str, str]:
    """An idempotency key that nobody has used."""
    return {"scope": "tests", "key": uuid4().hex, "fingerprint": fingerprint}


class Ear:
    """Hears the events of a publisher from now on."""

    def __init__(self, channel: amqp.Channel, queue: str) -> None:
        self._channel, self._queue = channel, queue
        self._heard: list[tuple[str, dict[str, Any]]] = []

    def heard(self, type_: str, **wanted: Any) -> list[dict[str, Any]]:
        """The data of the events of a type with these values in it, in the order they came."""
        while message := self._channel.basic_get(self._queue, no_ack=True):
            event = orjson.loads(message.body)
            self._heard.append((event["type"], event["data"]))
        return [
            data
            for heard_type, data in self._heard
            if heard_type == type_ and all(data.get(name) == value for name, value in wanted.items())
        ]


@contextmanager
def an_ear(config: dict[str, Any], publisher: str) -> Iterator[Ear]:
    """An `Ear` on the real broker."""
    connection = connect(config["AMQP_URI"])
    try:
        channel = connection.channel()
        channel.exchange_declare(EVENTS_EXCHANGE, "topic", durable=True, auto_delete=False)
        queue = channel.queue_declare("", exclusive=True).queue
        channel.queue_bind(queue, EVENTS_EXCHANGE, f"{publisher}.#")
        yield Ear(channel, queue)
    finally:
        connection.close()


def example(name: str) -> dict[str, Any]:
    """The example message of an event, such as `ratings.rating_given`."""
    return orjson.loads((EXAMPLES / f"{name}.json").read_bytes())


def an_event(name: str, /, *, key: str, **changes: Any) -> Event:
    """The example event with a new id and these values in its data."""
    wire = example(name)
    message = orjson.dumps({**wire, "event_id": new_id(), "data": {**wire["data"], **changes}})
    return Event.from_message(message, {"publisher": name.split(".", maxsplit=1)[0], "key": key})


def tell(container: ServiceContainer, events: list[Event]) -> None:
    """Publish events to the service as their publisher's relay does, with the broker's confirms."""
    [reader] = [extension for extension in container.extensions if isinstance(extension, EventConsumer)]
    partitions = int(container.config["EVENT_PARTITIONS"])
    reader.broker.publish_many([event.to_message(partitions) for event in events])
