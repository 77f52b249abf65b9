"""Matching, also called cab finder: which driver is offered which trip."""

from __future__ import annotations

import time
from typing import Any

from eventlet import tpool
from nameko.dependency_providers import Config

from hansom.cities import cities
from hansom.clock import Clock
from hansom.consumer import consume, read_queue
from hansom.contracts.errors import Unavailable
from hansom.events import Event
from hansom.ids import Ids
from hansom.mongo import Mongo
from hansom.redis import Live
from hansom.rpc import STORE_DOWN, ServiceClient, rpc
from hansom.wire import iso
from services.matching import record_schemas, schemas, usecases
from services.matching.partners import RemotePartners
from services.matching.records import RecordsQueue, declare_records
from services.matching.settings import dispatch_of
from services.matching.storage.mongo import DecisionRecords
from services.matching.storage.redis import WaitingPool
from services.matching.usecases import BatchResult, Moment, Ports
from services.matching.windows import close_window

TRIES_AGAIN = (Unavailable, *STORE_DOWN)


class MatchingService:
    name = "matching"

    config = Config()
    clock = Clock()
    ids = Ids()
    live = Live()
    mongo = Mongo()
    records_queue = RecordsQueue()
    trips = ServiceClient("trips")
    location = ServiceClient("location")
    maps = ServiceClient("maps")

    # -- the batch ---------------------------------------------------------------------------------------------------
    @close_window(expected_exceptions=TRIES_AGAIN)
    def match_waiting(self, city: str, rebuild: bool) -> BatchResult:
        began, now = time.perf_counter(), self.clock.now()
        pool = WaitingPool(self.live)
        partners = RemotePartners(self.trips, self.location, self.maps, float(self.config["MATCHING_DEADLINE_S"]))
        ports = Ports(pool, partners, self.records_queue, self._compute)
        moment = Moment(self.ids.new(), iso(now) or "", schemas.milliseconds(now))
        result = usecases.match_waiting(dispatch_of(self.config, city), moment, ports, rebuild=rebuild)
        spent_ms = round(1000 * (time.perf_counter() - began), 1)
        pool.write_status(city, {"last_batch_at": moment.at, "batch_ms": spent_ms, "made": result.made})
        return result

    @staticmethod
    def _compute(policy: Any, batch: Any, rules: Any) -> Any:
        """Solving an assignment does not yield: it has a thread of its own."""
        return tpool.execute(policy, batch, rules)

    # -- RPC ---------------------------------------------------------------------------------------------------------
    @rpc
    def get_decisions(self, payload: dict[str, Any]) -> dict[str, Any]:
        trip_id = schemas.read_see_decisions(payload).trip_id
        return dict(record_schemas.write_decisions_reply(trip_id, *self._records().of_trip(trip_id)))

    @rpc
    def status(self, payload: dict[str, Any]) -> dict[str, Any]:
        pool = WaitingPool(self.live)
        return {"cities": {city: self._city_status(pool, city) for city in cities(self.config)}}

    def _city_status(self, pool: WaitingPool, city: str) -> dict[str, Any]:
        blank = {"last_batch_at": None, "batch_ms": None, "policy": dispatch_of(self.config, city).policy_name}
        return {**blank, **pool.read_status(city)}

    # -- events and records ------------------------------------------------------------------------------------------
    @consume
    def on_events(self, events: list[Event]) -> None:
        news = [schemas.read_news(event) for event in events]
        now_ms = schemas.milliseconds(self.clock.now())
        usecases.note_events(news, WaitingPool(self.live), self.records_queue, now_ms)

    @read_queue(declare=declare_records, batch_size=200, linger_ms=1000, expected_exceptions=TRIES_AGAIN)
    def on_records(self, messages: list[dict[str, Any]]) -> None:
        self._records().write(messages)

    def _records(self) -> DecisionRecords:
        return DecisionRecords(self.mongo, float(self.config["DECISIONS_KEEP_DAYS"]))
