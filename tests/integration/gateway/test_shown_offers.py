"""`trips` hears which offers have reached their drivers."""

from __future__ import annotations

from hansom.ids import new_id
from tests.support.gateway_world import GatewayWorld
from tests.support.raw_socket import Client
from tests.support.waiting import eventually


def shown(world: GatewayWorld) -> list[str]:
    """Offers that `trips` was told of, in their order."""
    return [offer_id for each in world.played.payloads("note_offers_shown") for offer_id in each["offer_ids"]]


def offer_to(world: GatewayWorld, driver_id: str) -> str:
    """An offer goes to the driver's sockets."""
    offer_id = new_id()
    world.send_frames([[driver_id, "offer_made", {"offer_id": offer_id}, None]])
    return offer_id


def test_an_offer_counts_as_shown_once_it_is_written_to_a_socket_of_its_driver(world: GatewayWorld) -> None:
    driver, rider = new_id(), new_id()
    phone = Client(world.address, world.token("driver", driver))
    passenger = Client(world.address, world.token("rider", rider))
    nobodys, riders, own = offer_to(world, new_id()), offer_to(world, rider), offer_to(world, driver)
    assert phone.next()["data"]["offer_id"] == own
    eventually(lambda: own in shown(world))
    assert nobodys not in shown(world) and riders not in shown(world)
    phone.close()
    passenger.close()


def test_an_offer_that_waits_in_the_stream_is_shown_when_its_driver_comes_back(world: GatewayWorld) -> None:
    driver, offer_id = new_id(), new_id()
    event = {"seq": 1, "event": "offer_made", "data": {"offer_id": offer_id}, "at": "2026-03-02T12:00:00.000Z"}
    world.played.streams[driver].append(event)
    phone = Client(world.address, world.token("driver", driver))
    phone.call("resume", {"after": 0})
    eventually(lambda: shown(world) and shown(world)[-1] == offer_id)
    phone.close()


def test_what_trips_could_not_hear_is_told_again(world: GatewayWorld) -> None:
    driver = new_id()
    phone = Client(world.address, world.token("driver", driver))
    world.played.trips_away = True
    offer_id = offer_to(world, driver)
    eventually(lambda: offer_id in shown(world))
    world.played.trips_away = False
    eventually(lambda: shown(world).count(offer_id) > 1)
    phone.close()
