"""The payments service under another name, so that a whole stack may run beside; a publisher for it and a listener."""

from __future__ import annotations

from typing import Any

from nameko.testing.services import dummy
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from hansom.consumer import consume
from hansom.contracts import topology
from hansom.events import Event, Outbox
from hansom.rpc import ServiceClient
from hansom.store import Store
from hansom.tables import outbox_table
from services.payments.service import PaymentsService

SERVICE, TRIPS, EAR = "payments_under_test", "payments_trips", "payments_ear"


class PaymentsUnderTest(PaymentsService):
    name = SERVICE


class TripsBase(DeclarativeBase):
    """The database of the stand-in for trips: nothing but an outbox."""

    metadata = MetaData()


outbox_table(TripsBase.metadata)


class Trips:
    """Stands for trips: tells of settled trips."""

    name = TRIPS
    store = Store(TripsBase)
    outbox = Outbox(TripsBase)

    @dummy
    def settle(self, trips: list[dict[str, Any]]) -> None:
        """Tell of each, in one transaction."""
        with self.store.begin() as session:
            self.outbox.add_many(session, [("trip_settled", data["trip"]["id"], data) for data in trips])


class Ear:
    """Hears every event of payments."""

    name = EAR
    heard: list[Event] = []

    @consume
    def on_events(self, events: list[Event]) -> None:
        self.heard += events


class Caller:
    name = "payments_caller"
    payments = ServiceClient(SERVICE)

    @dummy
    def idle(self) -> None:
        """Nameko runs no class without an entrypoint."""


def listen() -> None:
    """Connect the stand-ins and the service under test."""
    topology.PUBLISHED[TRIPS] = ("trip_settled",)
    topology.PUBLISHED[SERVICE] = topology.PUBLISHED["payments"]
    topology.SUBSCRIPTIONS[SERVICE] = {TRIPS: ("trip_settled",)}
    topology.SUBSCRIPTIONS[EAR] = {SERVICE: topology.PUBLISHED["payments"]}
