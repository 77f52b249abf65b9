"""Matching, also called cab finder: which driver is offered which trip."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from nameko.dependency_providers import Config

from hansom.cities import cities, city_at
from hansom.clock import Clock
from hansom.consumer import consume, read_queue
from hansom.contracts.errors import HansomError, Unavailable
from hansom.events import Event
from hansom.ids import Ids
from hansom.mongo import Mongo
from hansom.redis import Live
from hansom.rpc import STORE_DOWN, ServiceClient, rpc
from hansom.timers import every
from hansom.values import Point
from hansom.wire import iso
from services.matching import explaining, record_schemas, retelling, schemas, usecases, waiting
from services.matching.computing import Computing
from services.matching.explaining import Sources
from services.matching.partners import RemotePartners
from services.matching.records import RecordsQueue, declare_records
from services.matching.settings import dispatch_of
from services.matching.storage.mongo import DecisionRecords
from services.matching.storage.redis import WaitingPool
from services.matching.storage.waits import Waits
from services.matching.telling import WaitingNews
from services.matching.usecases import BatchResult, Dispatch, Moment
from services.matching.usecases.ports import Ports
from services.matching.waiting import WaitingRiders
from services.matching.windows import close_window
from services.matching.worths import Worths

TRIES_AGAIN = (Unavailable, *STORE_DOWN)


class MatchingService:
    name = "matching"

    config = Config()
    clock = Clock()
    ids = Ids()
    live = Live()
    mongo = Mongo()
    records_queue = RecordsQueue()
    waiting_news = WaitingNews()
    computing = Computing()
    worths = Worths()
    trips = ServiceClient("trips")
    location = ServiceClient("location")
    maps = ServiceClient("maps")
    analytics = ServiceClient("analytics")
    drivers = ServiceClient("drivers")

    # -- the batch ---------------------------------------------------------------------------------------------------
    @close_window(expected_exceptions=TRIES_AGAIN)
    def match_waiting(self, city: str, rebuild: bool) -> BatchResult:
        began, now = time.perf_counter(), self.clock.now()
        ports = self._ports(lambda: time.perf_counter() - began)
        moment = Moment(self.ids.new(), iso(now) or "", schemas.milliseconds(now))
        result = usecases.match_waiting(self._dispatch(city), moment, ports, rebuild=rebuild)
        status = schemas.write_batch_status(moment.at, round(1000 * ports.spent_s(), 1), result)
        WaitingPool(self.live).write_status(city, status)
        return result

    def _ports(self, spent_s: Callable[[], float]) -> Ports:
        partners = RemotePartners(self.trips, self.location, self.maps, float(self.config["MATCHING_DEADLINE_S"]))
        pool = WaitingPool(self.live)
        return Ports(pool, partners, self.records_queue, self.computing, self.worths.of, self._riders(), spent_s)

    def _riders(self) -> WaitingRiders:
        near_m, deadline_s = float(self.config["WAITING_NEAR_M"]), float(self.config["MATCHING_DEADLINE_S"])
        return WaitingRiders(Waits(self.live), self.location, self.waiting_news.tell, near_m, deadline_s)

    def _dispatch(self, city: str) -> Dispatch:
        return dispatch_of(self.config, city)

    @every(setting="MATCHING_WORTHS_S", expected_exceptions=(HansomError, *STORE_DOWN))
    def fetch_worths(self) -> None:
        """Only for cities whose policy asks for them."""
        for city in cities(self.config):
            if self._dispatch(city).foresees:
                self.worths.fetch(city, self.maps, self.analytics)

    # -- RPC ---------------------------------------------------------------------------------------------------------
    @rpc
    def get_decisions(self, payload: dict[str, Any]) -> dict[str, Any]:
        trip_id = schemas.read_see_decisions(payload).trip_id
        return dict(record_schemas.write_decisions_reply(trip_id, *self._records().of_trip(trip_id)))

    @rpc
    def get_timeline(self, payload: dict[str, Any]) -> dict[str, Any]:
        decisions, _, waits = self._records().of_trip(schemas.read_see_decisions(payload).trip_id)
        return retelling.write_timeline(decisions, waits)

    @rpc
    def get_waiting(self, payload: dict[str, Any]) -> dict[str, Any]:
        trip_id = schemas.read_see_decisions(payload).trip_id
        state = Waits(self.live).states([trip_id]).get(trip_id)
        return {"waiting": None if state is None else dict(record_schemas.write_waiting(state))}

    @rpc
    def why_no_rides(self, payload: dict[str, Any]) -> dict[str, Any]:
        command = record_schemas.read_see_why_no_rides(payload)
        sources = Sources(self._records(), self._ask, self._city_at)
        return dict(
            record_schemas.write_why_no_rides(command, explaining.why_no_rides(command, self.clock.now(), sources))
        )

    def _ask(self, service: str, method: str, payload: dict[str, Any]) -> Any:
        return getattr(self, service).call_async(method, payload, float(self.config["MATCHING_DEADLINE_S"]))

    def _city_at(self, point: Point) -> str | None:
        city = city_at(self.config, point)
        return city.key if city is not None else None

    @rpc
    def status(self, payload: dict[str, Any]) -> dict[str, Any]:
        pool = WaitingPool(self.live)
        return {"cities": {city: self._city_status(pool, city) for city in cities(self.config)}}

    def _city_status(self, pool: WaitingPool, city: str) -> dict[str, Any]:
        return dict(schemas.city_status(self._dispatch(city).policy_name, pool.read_status(city)))

    # -- events and records ------------------------------------------------------------------------------------------
    @consume
    def on_events(self, events: list[Event]) -> None:
        news = [schemas.read_news(event) for event in events]
        now_ms = schemas.milliseconds(self.clock.now())
        waiting.note_ended(news, Waits(self.live), self.records_queue.put_waits)
        usecases.note_events(news, WaitingPool(self.live), self.records_queue, now_ms)

    @read_queue(declare=declare_records, batch_size=200, linger_ms=1000, expected_exceptions=TRIES_AGAIN)
    def on_records(self, messages: list[dict[str, Any]]) -> None:
        self._records().write(messages)

    def _records(self) -> DecisionRecords:
        return DecisionRecords(self.mongo, float(self.config["DECISIONS_KEEP_DAYS"]))
