"""The payments service under another name, so that a whole stack may run beside; who tells it of trips and hears it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import amqp
from nameko.containers import ServiceContainer
from nameko.extensions import DependencyProvider
from nameko.testing.services import dummy, entrypoint_hook

from hansom.amqp import Broker, Outgoing, connect
from hansom.clock import SystemClock
from hansom.consumer import consume
from hansom.contracts import topology
from hansom.events import Event, declare_consumer
from hansom.ids import new_id
from hansom.rpc import ServiceClient
from services.payments.service import PaymentsService
from tests.support.money import calling

SERVICE, TRIPS, EAR = "payments_under_test", "payments_trips", "payments_ear"


class PaymentsUnderTest(PaymentsService):
    name = SERVICE


class Mouth(DependencyProvider):
    """Sends messages to the service under test as trips' relay would, and as it never would."""

    broker = Broker()

    def setup(self) -> None:
        self.broker.declare(self._declare)

    def _declare(self, channel: amqp.Channel) -> None:
        declare_consumer(channel, SERVICE, self.container.config)

    def get_dependency(self, worker_ctx: Any) -> Mouth:
        return self

    def send(self, messages: Sequence[Outgoing]) -> None:
        self.broker.publish_many(list(messages))

    def message(self, data: dict[str, Any], type_: str = "trip_settled") -> Outgoing:
        """An event of a trip."""
        key = str(data["trip"]["id"])
        event = Event(new_id(), type_, 1, SystemClock().now(), TRIPS, key, data)
        return event.to_message(int(self.container.config["EVENT_PARTITIONS"]))


class Trips:
    """Stands for trips."""

    name = TRIPS

    mouth = Mouth()

    @dummy
    def settle(self, trips: list[dict[str, Any]], times: int) -> None:
        """Tell of each trip, so many times."""
        messages = [self.mouth.message(data) for data in trips]
        self.mouth.send([message for message in messages for _ in range(times)])

    @dummy
    def tell(self, type_: str, trip: dict[str, Any]) -> None:
        """Tell something of a trip."""
        self.mouth.send([self.mouth.message(trip, type_)])


class Caller:
    """Calls payments as the gateway does."""

    name = "payments_caller"

    payments = ServiceClient(SERVICE)

    @dummy
    def idle(self) -> None:
        """Nameko runs no class without an entrypoint."""


class Ear:
    """Hears every event of payments."""

    name = EAR
    heard: ClassVar[list[Event]] = []

    @consume
    def on_events(self, events: list[Event]) -> None:
        self.heard.extend(events)


def forget_messages(config: dict[str, Any]) -> None:
    """Empty the queues of the service under test and of `Ear`: what a test before left in them."""
    with connect(config["AMQP_URI"]) as connection:
        channel = connection.channel()
        for consumer in (SERVICE, EAR):
            for queue in declare_consumer(channel, consumer, config):
                channel.queue_purge(queue)


def listen() -> None:
    """Let the service under test hear the stand-in for trips, and `Ear` the service."""
    told = topology.SUBSCRIPTIONS["payments"]["trips"]
    topology.PUBLISHED[TRIPS] = told
    topology.PUBLISHED[SERVICE] = topology.PUBLISHED["payments"]
    topology.SUBSCRIPTIONS[SERVICE] = {TRIPS: told}
    topology.SUBSCRIPTIONS[EAR] = {SERVICE: topology.PUBLISHED["payments"]}


class Running:
    """The service in two replicas and its stand-ins, in this process."""

    def __init__(self, config: dict[str, Any]) -> None:
        listen()
        forget_messages(config)
        classes = (Ear, PaymentsUnderTest, PaymentsUnderTest, Caller, Trips)
        self.containers = [ServiceContainer(cls, config) for cls in classes]
        for container in self.containers:
            container.start()
        self.caller, self.trips = self.containers[-2:]

    def stop(self) -> None:
        for container in self.containers:
            container.stop()

    def call(self, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        return calling(self.caller, "payments")(method, payload)

    def settle(self, *trips: dict[str, Any], times: int = 1) -> None:
        with entrypoint_hook(self.trips, "settle") as settle:
            settle(list(trips), times)
