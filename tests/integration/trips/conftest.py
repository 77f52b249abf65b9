"""Trips' stores for tests of its use cases, and the whole service with stand-ins for those it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from nameko.containers import ServiceContainer
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from hansom.contracts.trips import AnswerOffer, OfferProposal
from hansom.events import OutboxWriter
from hansom.mongo import mongo_database
from hansom.rpc import ServiceClient
from hansom.store import Transactions, engine_for, transactions
from services.trips.domain.offer import Offer
from services.trips.domain.trip import Trip
from services.trips.outgoing import UnitsOfWork
from services.trips.storage.mongo import COLLECTION, History, ensure_indexes
from services.trips.storage.rows import offer_values, values_of
from services.trips.storage.tables import Base, offers, outbox, trips
from services.trips.storage.trips import TripRows
from services.trips.usecases.offering import accept_offer, make_offers
from tests.support.trips_builders import HandClock, a_card, a_trip, an_offer
from tests.support.trips_calls import Call
from tests.support.trips_world import (
    SERVICE,
    STAND_INS,
    WORLD,
    Caller,
    Speaker,
    TripsUnderTest,
    World,
    listening,
    own_stores,
)

QUICK = {
    "TRIP_PATIENCE_S": 300,
    "DRIVER_SILENT_S": 0.2,
    "DRIVER_WATCH_S": 0.2,
    "SETTLE_GRACE_S": 0,
    "SETTLE_PATIENCE_S": 4,
    "PIN_LOCK_S": 60,
    "RPC_DEADLINE_S": 5,
}


# -- use cases on real stores ----------------------------------------------------------------------------------------
@pytest.fixture(scope="package")
def desk_settings(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with own_stores(config) as settings:
        yield settings


@pytest.fixture(scope="package")
def engine(desk_settings: dict[str, Any]) -> Iterator[Engine]:
    engine = engine_for(desk_settings, SERVICE)
    yield engine
    engine.dispose()


class SilentRelay:
    """Leaves the outbox's rows where they are, for the test to read."""

    table = outbox

    def wake(self, session: Session | None = None) -> None:
        """Nobody publishes here."""


RELAY: Any = SilentRelay()
WRITER = OutboxWriter(RELAY)


@dataclass
class Desk:
    """Use cases on real stores, with a clock that the test moves and no timers."""

    store: Transactions
    units: UnitsOfWork
    clock: HandClock
    history: History
    engine: Engine

    def put(self, trip: Trip, *its_offers: Offer) -> Trip:
        """Write a trip as it is, with its offers."""
        with self.store.begin() as session:
            session.execute(insert(trips).values(values_of(trip)))
            for offer in its_offers:
                session.execute(insert(offers).values(offer_values(offer)))
        return trip

    def offered(self, driver_id: str | None = None, **changes: Any) -> tuple[Trip, Offer]:
        """A new rider's trip with an open offer to a driver."""
        trip = a_trip(rider_id=changes.pop("rider_id", uuid4().hex), requested_at=self.clock.now(), **changes)
        offer = an_offer(trip, driver_id or uuid4().hex)
        self.put(trip, offer)
        self.clock.forward(2)
        return trip, offer

    def offer(self, *pairs: tuple[str, str], ttl_s: float = 15) -> Any:
        """Make offers of (trip, driver) pairs."""
        proposals = [OfferProposal(trip_id, driver_id, 60.0, ttl_s) for trip_id, driver_id in pairs]
        cards = {driver_id: a_card(driver_id) for _, driver_id in pairs}
        with self.units() as unit:
            return make_offers(unit, proposals, cards, timedelta(seconds=300), lambda: uuid4().hex)

    def accept(self, offer: Offer) -> tuple[Offer, Trip]:
        with self.units() as unit:
            return accept_offer(unit, AnswerOffer(offer.id, offer.driver_id))

    def trip(self, trip_id: str) -> Trip:
        with self.store.begin() as session:
            found = TripRows(session).find(trip_id)
        assert found is not None
        return found

    def states(self, trip_id: str) -> dict[str, str]:
        """Driver → what became of his offer."""
        with self.store.begin() as session:
            rows = session.execute(select(offers.c.driver_id, offers.c.state).where(offers.c.trip_id == trip_id))
            return {row.driver_id: row.state for row in rows}

    def told(self, trip_id: str) -> list[str]:
        """Types of the events about a trip, in the order of the outbox."""
        return [type_ for type_, _ in self.events(trip_id)]

    def events(self, trip_id: str) -> list[tuple[str, dict[str, Any]]]:
        """Type and data of the events about a trip, in the order of the outbox."""
        with self.store.begin() as session:
            told = select(outbox.c.type, outbox.c.data).where(outbox.c.key == trip_id).order_by(outbox.c.id)
            return [(row.type, row.data) for row in session.execute(told)]

    def at(self, moment: datetime) -> Desk:
        """The same desk in a process whose clock says another time."""
        clock = HandClock(moment)
        return replace(self, clock=clock, units=UnitsOfWork(self.store, WRITER, clock))


@pytest.fixture
def desk(engine: Engine, desk_settings: dict[str, Any]) -> Iterator[Desk]:
    _empty(engine)
    database = mongo_database(desk_settings, "trips-tests")
    database[COLLECTION].drop()
    ensure_indexes(database)
    store, clock = transactions(engine), HandClock()
    yield Desk(store, UnitsOfWork(store, WRITER, clock), clock, History(database), engine)
    database[COLLECTION].drop()
    database.client.close()


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())


# -- the whole service -----------------------------------------------------------------------------------------------
@pytest.fixture(scope="package")
def service_settings(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with own_stores(config) as settings:
        yield {**settings, **QUICK}


@pytest.fixture(scope="package")
def containers(service_settings: dict[str, Any]) -> Iterator[dict[str, ServiceContainer]]:
    """The service, those it asks, one who hears its events, and one who calls it."""
    database = mongo_database(service_settings, "trips-tests")
    ensure_indexes(database)
    with listening():
        running = {each.name: ServiceContainer(each, service_settings) for each in (*STAND_INS, TripsUnderTest, Caller)}
        for container in running.values():
            container.start()
        yield running
        for container in running.values():
            container.kill()
    database.client.drop_database(service_settings["MONGO_DATABASE"])
    database.client.close()


@pytest.fixture
def world(containers: dict[str, ServiceContainer], service_settings: dict[str, Any]) -> Iterator[World]:
    WORLD.forget()
    engine = engine_for(service_settings, SERVICE)
    _empty(engine)
    engine.dispose()
    yield WORLD


@pytest.fixture
def call(world: World, containers: dict[str, ServiceContainer]) -> Call:
    """Calls the service."""
    client = next(each for each in containers[Caller.name].extensions if isinstance(each, ServiceClient))
    return lambda method, **payload: client.get_dependency(None).call(method, payload)


@pytest.fixture
def speaker(world: World, service_settings: dict[str, Any]) -> Iterator[Speaker]:
    speaker = Speaker(service_settings)
    yield speaker
    speaker.close()


@pytest.fixture
def replicas(service_settings: dict[str, Any]) -> Iterator[Callable[[], ServiceContainer]]:
    """Starts further replicas of the service; all stop at the end."""
    started: list[ServiceContainer] = []

    def start() -> ServiceContainer:
        container = ServiceContainer(TripsUnderTest, service_settings)
        started.append(container)
        container.start()
        return container

    yield start
    for container in started:
        container.kill()
