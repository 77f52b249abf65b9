"""location: where every car is, which are free and near, and the trace of every ride."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import eventlet
from nameko.dependency_providers import Config
from nameko.timer import timer

from hansom.cities import city_at
from hansom.clock import Clock
from hansom.consumer import consume, declare_positions, durable_queue, read_queue
from hansom.contracts.errors import Unavailable
from hansom.contracts.topology import TRACES_QUEUE
from hansom.events import Event
from hansom.ids import Ids
from hansom.mongo import Mongo
from hansom.rpc import STORE_DOWN, ServiceClient, rpc
from hansom.validation import load
from services.location import schemas
from services.location.domain.finishing import FinishingWindow
from services.location.domain.positions import trace_row
from services.location.domain.rides import ms
from services.location.domain.traces import Stretch
from services.location.storage.glances import GlancesProvider
from services.location.storage.listening import Ears
from services.location.storage.live import Cars
from services.location.storage.marks import Marks
from services.location.storage.mongo import Traces
from services.location.storage.outgoing import Outgoings
from services.location.storage.pending import UnderWay
from services.location.storage.readings import Readings
from services.location.storage.segments import Segments
from services.location.storage.tally import Tallies
from services.location.storage.watch import Plausible
from services.location.usecases import (
    around,
    coarsening,
    doubting,
    finishing,
    hearing,
    learning,
    near,
    positions,
    tracing,
    watching,
)

TRANSIENT = (Unavailable, *STORE_DOWN)
COARSEN_EVERY_S = 600
FORGET_MARKS_EVERY_S = 3600
DAY_MS = 86_400_000


class LocationService:
    name = "location"

    config = Config()
    clock = Clock()
    ids = Ids()
    cars = Cars()
    mongo = Mongo()
    ears = Ears()
    glances = GlancesProvider()
    segments = Segments()
    outgoing = Outgoings()
    pending = UnderWay()
    watch = Plausible()
    tally = Tallies()
    maps = ServiceClient("maps")
    drivers = ServiceClient("drivers")
    trips = ServiceClient("trips")

    # -- queues and events ------------------------------------------------------------------------------------------

    @read_queue(declare=declare_positions, shared=True, batch_size=50, linger_ms=5, expected_exceptions=TRANSIENT)
    def on_positions(self, messages: list[dict[str, Any]]) -> None:
        rows = [row for message in messages for row in message["positions"]]
        positions.take_positions(rows, self._now_ms(), int(self.config["POSITION_MAX_AGE_S"]) * 1000, self._intake())

    @read_queue(durable_queue(TRACES_QUEUE), batch_size=50, linger_ms=100, expected_exceptions=TRANSIENT)
    def on_trace_points(self, messages: list[dict[str, Any]]) -> None:
        positions.keep_trace_points(messages, Traces(self.mongo), self._marks())

    @consume
    def on_events(self, events: list[Event]) -> None:
        self._trace(hearing.hear(events, self.cars))

    # -- who is near ------------------------------------------------------------------------------------------------

    @rpc
    def nearby(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(schemas.NearbyRequest(), payload)
        limit = request["limit"] or int(self.config["NEARBY_LIMIT"])
        found = near.find_nearby(
            schemas.point_of(request["point"]), limit, self._since("DRIVER_SHOWN_WITHIN_S"), self._town(), self.maps
        )
        return {"items": schemas.nearby_items(found)}

    @rpc
    def nearby_many(self, payload: dict[str, Any]) -> dict[str, Any]:
        points = schemas.points_of(payload.get("points"))
        limit = schemas.limit_of(payload, int(self.config["NEARBY_LIMIT"]))
        found = near.find_nearby_many(points, limit, self._since("DRIVER_SHOWN_WITHIN_S"), self._town())
        return {"items": [schemas.nearby_items(cars) for cars in found]}

    @rpc
    def pickup_etas(self, payload: dict[str, Any]) -> dict[str, Any]:
        point = schemas.point_of(load(schemas.PickupEtasRequest(), payload)["point"])
        city = city_at(self.config, point)
        categories = list(city.categories) if city else []
        etas_s, free = near.find_pickup_etas(
            point, categories, self._since("DRIVER_OFFERED_WITHIN_S"), self._town(), self.maps
        )
        return {"categories": etas_s, "free_nearby": free}

    @rpc
    def find_candidates(self, payload: dict[str, Any]) -> dict[str, Any]:
        requests = schemas.candidate_requests(payload.get("requests"))
        limit = schemas.limit_of(payload, int(self.config["MATCHING_CANDIDATES"]))
        town, since_ms = self._town(), self._since("DRIVER_OFFERED_WITHIN_S")
        found = near.find_candidates(requests, limit, since_ms, town)
        window = FinishingWindow(self._now_ms(), schemas.finishing_within_s(payload), since_ms)
        soon = finishing.find_finishing(requests, window, town)
        return {"items": schemas.candidate_items(found), "finishing": schemas.finishing_items(soon)}

    @rpc
    def look_around(self, payload: dict[str, Any]) -> dict[str, Any]:
        requests, within_m = schemas.candidate_requests(payload.get("requests")), schemas.within_m_of(payload)
        since_ms = self._since("DRIVER_OFFERED_WITHIN_S")
        window = FinishingWindow(self._now_ms(), schemas.finishing_within_s(payload), since_ms)
        return {"items": schemas.around_items(around.look_around(requests, within_m, window, self._town()))}

    # -- live state -------------------------------------------------------------------------------------------------

    @rpc
    def get_positions(self, payload: dict[str, Any]) -> dict[str, Any]:
        driver_ids = load(schemas.PositionsRequest(), payload)["driver_ids"]
        seen, now_ms = watching.get_positions(driver_ids, self.cars), self._now_ms()
        return {"items": {driver_id: schemas.seen_item(one, now_ms) for driver_id, one in seen.items()}}

    @rpc
    def last_heard(self, payload: dict[str, Any]) -> dict[str, Any]:
        driver_ids = load(schemas.PositionsRequest(), payload)["driver_ids"]
        return schemas.heard_reply(*watching.last_heard(driver_ids, self.ears))

    @rpc
    def list_live(self, payload: dict[str, Any]) -> dict[str, Any]:
        request, now_ms = load(schemas.ListLiveRequest(), payload), self._now_ms()
        since_ms = self._since("DRIVER_SHOWN_WITHIN_S")
        seen = watching.list_live(request["city"], request["limit"], since_ms, self.cars, self.segments)
        return {"items": [schemas.live_item(one, now_ms) for one in seen]}

    @rpc
    def see_city(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(schemas.SeeCityRequest(), payload)
        spans = (self._since("DRIVER_SHOWN_WITHIN_S"), self._since("DRIVER_OFFERED_WITHIN_S"))
        rows, more = watching.see_city(request["city"], request["limit"], spans, self.glances, self.segments)
        return {"drivers": rows, "more": more}

    @rpc
    def count_live(self, payload: dict[str, Any]) -> dict[str, Any]:
        since_ms = self._since("DRIVER_SHOWN_WITHIN_S")
        free, busy = self.cars.count("free", since_ms), self.cars.count("busy", since_ms)
        return {"free": free, "busy": busy, "shown": free + busy}

    @rpc
    def count_positions(self, payload: dict[str, Any]) -> dict[str, Any]:
        since, now_ms = load(schemas.CountPositionsRequest(), payload)["since"], self._now_ms()
        return schemas.counted_reply(self.tally.since(ms(since), now_ms), now_ms)

    @rpc
    def supply_by_segment(self, payload: dict[str, Any]) -> dict[str, Any]:
        return {"items": watching.count_supply(self.cars, self._index())}

    # -- whose positions are not believed ---------------------------------------------------------------------------

    @rpc
    def marks_of(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(schemas.MarksRequest(), payload)
        found = doubting.marks_of(request["driver_id"], request["limit"], self._doubting())
        return schemas.marks_reply(request["driver_id"], found, self._now_ms())

    @rpc
    def list_doubts(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(schemas.DoubtsRequest(), payload)
        after, since_ms = schemas.after_doubt(request["cursor"]), self._now_ms() - DAY_MS
        found, more = doubting.list_doubts(since_ms, after, request["limit"], self._doubting())
        return schemas.doubts_reply(found, more)

    # -- traces -----------------------------------------------------------------------------------------------------

    @rpc
    def finish_trace(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(schemas.FinishTraceRequest(), payload)
        return tracing.finish_trace(
            request["trip_id"],
            request["driver_id"],
            Stretch(ms(request["from_at"]), ms(request["until_at"])),
            now_ms=self._now_ms(),
            wait_s=float(self.config["TRACE_WAIT_S"]),
            traces=Traces(self.mongo),
            maps=self.maps,
        )

    @rpc
    def get_trace(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(schemas.GetTraceRequest(), payload)
        return tracing.get_trace(
            request["trip_id"],
            request["driver_id"],
            tracing.Reader(**request["actor"]),
            now_ms=self._now_ms(),
            reading_id=self.ids.new(),
            traces=Traces(self.mongo),
            readings=Readings(self.mongo),
        )

    @rpc
    def list_trace_readings(self, payload: dict[str, Any]) -> dict[str, Any]:
        request = load(schemas.ListReadingsRequest(), payload)
        found, following = tracing.list_readings(
            request["trip_id"], request["ops_user_id"], request["cursor"], request["limit"], Readings(self.mongo)
        )
        return {"items": [schemas.reading_item(one) for one in found], "next_cursor": following}

    # -- timers -----------------------------------------------------------------------------------------------------

    @timer(interval=0.2, expected_exceptions=TRANSIENT)
    def tell_moves(self) -> None:
        positions.tell_moves(
            self._now_ms(),
            int(float(self.config["ETA_REFRESH_S"]) * 1000),
            cars=self.cars,
            pending=self.pending,
            maps=self.maps,
            outgoing=self.outgoing,
        )

    @timer(interval=1, expected_exceptions=TRANSIENT)
    def look_again(self) -> None:
        positions.look_again(self._now_ms(), self._intake())

    @timer(interval=1, expected_exceptions=TRANSIENT)
    def flush_tally(self) -> None:
        self.tally.flush()

    @timer(interval=1, expected_exceptions=TRANSIENT)
    def forget_silent(self) -> None:
        self.cars.forget(self._since("DRIVER_SHOWN_WITHIN_S"), self._now_ms())

    @timer(interval=2, expected_exceptions=TRANSIENT)
    def reconcile(self) -> None:
        if self.cars.claim("reconciling", float(self.config["LOCATION_RECONCILE_S"])):
            for remembered in learning.reconcile(self._now_ms, self.cars, self._services(), eventlet.sleep):
                self._trace(remembered)

    @timer(interval=60, expected_exceptions=TRANSIENT)
    def coarsen_traces(self) -> None:
        if self.cars.claim("coarsening_traces", COARSEN_EVERY_S):
            before_ms = self._now_ms() - int(float(self.config["TRACES_COARSEN_AFTER_DAYS"]) * DAY_MS)
            coarsening.coarsen_traces(before_ms, Traces(self.mongo), self._index())

    @timer(interval=60, expected_exceptions=TRANSIENT)
    def forget_marks(self) -> None:
        if self.cars.claim("forgetting_marks", FORGET_MARKS_EVERY_S):
            self._marks().forget(self._now_ms() - int(float(self.config["MARKS_KEEP_DAYS"]) * DAY_MS))

    # -- what several of them need ----------------------------------------------------------------------------------

    def _now(self) -> datetime:
        return self.clock.now()

    def _now_ms(self) -> int:
        return ms(self._now())

    def _since(self, setting: str) -> int:
        return self._now_ms() - int(float(self.config[setting]) * 1000)

    def _index(self) -> Any:
        return self.segments.index(self.maps)

    def _town(self) -> near.Town:
        return near.Town(self.cars, self._index(), self.segments.straight_mps)

    def _intake(self) -> positions.Intake:
        services, marks = self._services(), self._marks()
        going = (self.outgoing, self.pending, self.watch, marks, self.ears, self.tally)
        return positions.Intake(self.cars, self._index(), services, *going)

    def _services(self) -> learning.Services:
        return learning.Services(self.drivers, self.trips)

    def _marks(self) -> Marks:
        return Marks(self.mongo)

    def _doubting(self) -> doubting.Sources:
        return doubting.Sources(self._marks(), self.cars, self._since("DRIVER_OFFERED_WITHIN_S"))

    def _trace(self, found: list[Any]) -> None:
        if found:
            self.outgoing.trace([trace_row(trip_id, position) for trip_id, position in found])
