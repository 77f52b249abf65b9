"""The whole service on the real servers: from an event and a move on the broker to a gateway's queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import amqp
import pytest
from nameko.containers import ServiceContainer
from nameko.testing.utils import get_extension

from hansom.amqp import Outgoing, connect
from hansom.contracts.gateway import FRAMES_QUEUE
from hansom.contracts.topology import MOVES_EXCHANGE
from hansom.events import Event
from hansom.ids import new_id
from hansom.store import engine_for, transactions
from hansom.wire import parse_time
from services.notifications import usecases
from services.notifications.delivery import DeliveryProvider
from services.notifications.domain.texts import Letter, Way
from services.notifications.outreach import Outreach
from services.notifications.service import NotificationsService
from tests.support.waiting import eventually

EXAMPLES = Path(__file__).parents[2] / "contract" / "examples"


class GatewayQueue:
    """A gateway's own queue, read from outside."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.gateway_id = new_id()
        self.name = FRAMES_QUEUE.format(gateway_id=self.gateway_id)
        self.connection = connect(config["AMQP_URI"])
        self.channel: amqp.Channel = self.connection.channel()
        self.channel.queue_declare(self.name, durable=False, auto_delete=False, arguments={"x-expires": 60_000})
        self.frames: list[list[Any]] = []

    def read(self, count: int) -> list[list[Any]]:
        """The first `count` frames, as soon as they are there."""

        def enough() -> bool:
            while (message := self.channel.basic_get(self.name, no_ack=True)) is not None:
                self.frames += json.loads(message.body)["frames"]
            return len(self.frames) >= count

        eventually(enough, within_s=10)
        return self.frames

    def close(self) -> None:
        self.channel.queue_delete(self.name)
        self.connection.close()


@pytest.fixture
def gateway(config: dict[str, Any]) -> Iterator[GatewayQueue]:
    queue = GatewayQueue(config)
    yield queue
    queue.close()


@pytest.fixture
def service(config: dict[str, Any]) -> Iterator[ServiceContainer]:
    container = ServiceContainer(NotificationsService, config)
    container.start()
    yield container
    container.kill()


class Letters:
    """An adapter that keeps what it should send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send(self, profile: dict[str, Any], letter: Letter) -> None:
        self.sent.append((profile["id"], letter.title))


def an_event(name: str, **ids: str) -> tuple[Event, dict[str, Any]]:
    """The publisher's own example, about other people."""
    wire = json.loads((EXAMPLES / f"{name}.json").read_text())
    data = wire["data"]
    data["trip"] |= ids
    publisher, type_ = name.split(".")
    occurred_at = parse_time(wire["occurred_at"])
    assert occurred_at is not None
    return Event(new_id(), type_, 1, occurred_at, publisher, data["trip"]["id"], data), data


def test_an_event_reaches_the_gateways_of_its_users_with_their_own_numbers(
    service: ServiceContainer, gateway: GatewayQueue, config: dict[str, Any]
) -> None:
    rider_id, driver_id = new_id(), new_id()
    store = transactions(engine_for(config, "notifications"))
    delivery = get_extension(service, DeliveryProvider).delivery
    usecases.connect_users(store, delivery.registry, gateway.gateway_id, [rider_id, driver_id])
    event, data = an_event("trips.trip_assigned", rider_id=rider_id, driver_id=driver_id, id=new_id())
    broker = get_extension(service, DeliveryProvider).broker
    for _ in range(2):  # delivered twice
        broker.publish_many([event.to_message(int(config["EVENT_PARTITIONS"]))])
    rider, driver = gateway.read(2)
    assert (rider[0], rider[1], rider[3]) == (rider_id, "trip_assigned", 1)
    assert (driver[0], driver[1], driver[3]) == (driver_id, "trip_assigned", 1)
    assert rider[2]["trip"]["pin"] == data["trip"]["pin"]
    assert driver[2]["trip"]["pin"] is None
    page = usecases.read_stream(store, rider_id, 0, 10)
    assert [event["event"] for event in page["events"]] == ["trip_assigned"]


def test_a_moving_car_reaches_its_rider_and_is_not_numbered(
    service: ServiceContainer, gateway: GatewayQueue, config: dict[str, Any]
) -> None:
    rider_id, trip_id = new_id(), new_id()
    provider = get_extension(service, DeliveryProvider)
    provider.delivery.registry.put(gateway.gateway_id, [rider_id])
    move = {"rider_id": rider_id, "trip_id": trip_id, "point": {"lat": 60.17, "lng": 24.94}, "bearing_deg": 9.0}
    body = json.dumps({"moves": [{**move, "eta_s": 50}]}).encode()
    provider.broker.publish(Outgoing(MOVES_EXCHANGE, "moves", body, persistent=False))
    (frame,) = gateway.read(1)
    told = {"trip_id": trip_id, "point": {"lat": 60.17, "lng": 24.94}, "bearing_deg": 9.0, "eta_s": 50}
    assert frame == [rider_id, "driver_moved", told, None]


def test_who_has_the_app_closed_gets_a_letter_and_who_has_it_open_does_not(
    service: ServiceContainer, gateway: GatewayQueue, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, away, letters = new_id(), new_id(), Letters()
    outreach = get_extension(service, Outreach)
    outreach.adapters = dict.fromkeys(Way, letters)
    profiles = {"items": {user_id: {"id": user_id} for user_id in (here, away)}}
    monkeypatch.setattr(outreach, "client", type("Users", (), {"get_profiles": lambda self, _: profiles}))
    provider = get_extension(service, DeliveryProvider)
    provider.delivery.registry.put(gateway.gateway_id, [here])
    store = transactions(engine_for(config, "notifications"))
    for user_id in (here, away):
        event, _ = an_event("trips.trip_expired", rider_id=user_id, id=new_id())
        # not by the broker: with a whole stack on the same servers, its own service would take it
        usecases.tell_events(store, provider.delivery, outreach, [event], event.occurred_at)
    eventually(lambda: letters.sent == [(away, "No driver found")], within_s=10)
