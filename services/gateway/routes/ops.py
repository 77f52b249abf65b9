"""What operators see and decide."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from hansom.contracts.errors import HansomError
from hansom.contracts.users import MAX_PROFILES
from hansom.wire import parse_time
from services.gateway import dispatch_replies, heat_replies, ops_replies, replies, schemas
from services.gateway.asking import names_of
from services.gateway.heat import heat_map
from services.gateway.http.route import OPS, Call, route
from services.gateway.routes.needs import Needs

PART_DEADLINE_S = 2.0

_BEGINS_AN_ID = re.compile(r"[0-9a-f]{4,32}")
NO_NAME_IS_SO_LONG = 12
"""Hexadecimal digits: so many are the beginning of an id and of nobody's name."""


class OpsRoutes(Needs):
    @route("GET", "/v1/ops/overview", who=OPS, gives=replies.Overview(), summary="Live figures")
    def get_overview(self, call: Call) -> Any:
        """Every part at once; one that is down is null and named in `missing`."""
        asked = {
            "trips": self.trips.call_async("count_trips", {}, PART_DEADLINE_S),
            "drivers": self.drivers.call_async("count_drivers", {}, PART_DEADLINE_S),
            "cars": self.location.call_async("count_live", {}, PART_DEADLINE_S),
            "money": self.payments.call_async("count_money", {}, PART_DEADLINE_S),
            "matching": self.matching.call_async("status", {}, PART_DEADLINE_S),
            "figures": self.analytics.call_async("key_figures", {}, PART_DEADLINE_S),
        }
        overview: dict[str, Any] = {}
        missing = []
        for name, reply in asked.items():
            try:
                overview[name] = reply.result()
            except HansomError as exc:
                overview[name] = None
                missing.append({"part": name, "code": exc.code})
        return {**overview, "sockets": self.sockets.count(), "missing": missing}

    @route("GET", "/v1/ops/trips", who=OPS, query=schemas.TripsQuery(), gives=ops_replies.ListedTrips(),
           summary="Trips, filtered, newest first")  # fmt: skip
    def list_all_trips(self, call: Call) -> Any:
        """`rider.name` is null while the users service is away. Of people whom `q` finds the newest 200 count, of trips
        with a `payment` the newest 1,000."""
        page = self._found_trips(call.data)
        names = names_of(self.users, {trip["rider_id"] for trip in page["items"]})
        for trip in page["items"]:
            trip["rider"] = {"id": trip["rider_id"], "name": names.get(trip["rider_id"])}
        return page

    def _found_trips(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A page of trips. What others know of them is asked first: `payment` becomes the ids of trips, `q` the people
        and the beginning of an id that it may stand for."""
        wanted = {name: value for name, value in asked.items() if name not in ("q", "payment")}
        cut_off = False
        if "payment" in asked:
            paid_so = self.payments.find_trips({"payment": asked["payment"], "city": asked.get("city")})
            wanted["ids"], cut_off = paid_so["trip_ids"], paid_so["more"]
        wanted |= self._meant_by(asked.get("q", "").strip())
        is_nobodys = wanted.get("people") == [] and "id_prefix" not in wanted
        if is_nobodys or wanted.get("ids") == []:
            return {"items": [], "next_cursor": None, "cut_off": cut_off}
        return {**self.trips.list_all(wanted), "cut_off": cut_off}

    def _meant_by(self, q: str) -> dict[str, Any]:
        """The people and the beginning of an id, one or both, that somebody may look for; nothing of nothing."""
        if not q:
            return {}
        meant: dict[str, Any] = {}
        is_id = _BEGINS_AN_ID.fullmatch(q.lower()) is not None
        if is_id:
            meant["id_prefix"] = q.lower()
        if not is_id or len(q) < NO_NAME_IS_SO_LONG:
            meant["people"] = self.users.find_accounts({"q": q, "limit": 200})["user_ids"]
        return meant

    @route("GET", "/v1/ops/trips/{trip_id}/decisions", who=OPS, gives=dispatch_replies.Decisions(),
           summary="Every driver considered for a trip, and why not")  # fmt: skip
    def get_decisions(self, call: Call) -> Any:
        """`driver_name` is null while the users service is away."""
        self.trips.get_parties({"trip_id": call.data["trip_id"]})
        record = self.matching.get_decisions({"trip_id": call.data["trip_id"]})
        drivers = dict.fromkeys(item["driver_id"] for item in record["items"])
        names = names_of(self.users, set(list(drivers)[:MAX_PROFILES]))
        for item in record["items"]:
            item["driver_name"] = names.get(item["driver_id"])
        return record

    @route("GET", "/v1/ops/trace-readings", who=OPS, query=schemas.TraceReadingsQuery(), gives=replies.TraceReadings(),
           summary="Which operator read which ride's trace, newest first")  # fmt: skip
    def list_trace_readings(self, call: Call) -> Any:
        return self.location.list_trace_readings(call.data)

    @route("GET", "/v1/ops/drivers", who=OPS, query=schemas.DriversQuery(), gives=replies.Drivers(),
           summary="Drivers, filtered")  # fmt: skip
    def list_drivers(self, call: Call) -> Any:
        return self.drivers.list_drivers(call.data)

    @route("POST", "/v1/ops/drivers/{driver_id}/approve", who=OPS, gives=replies.Driver(), summary="Let a driver work")
    def approve_driver(self, call: Call) -> Any:
        return self.drivers.approve_driver({**call.data, "actor": call.actor})

    @route("POST", "/v1/ops/drivers/{driver_id}/suspend", who=OPS, body=schemas.Suspension(), gives=replies.Driver(),
           summary="Stop a driver from working")  # fmt: skip
    def suspend_driver(self, call: Call) -> Any:
        return self.drivers.suspend_driver({**call.data, "actor": call.actor})

    @route("GET", "/v1/ops/drivers/{driver_id}/positions", who=OPS, query=schemas.MarksQuery(),
           gives=replies.DriverPositions(), summary="A driver's positions that are not believed")  # fmt: skip
    def get_driver_positions(self, call: Call) -> Any:
        """`last` are the newest; `why_not` says why no offer reaches him, as far as his position goes."""
        self.drivers.get_driver({"driver_id": call.data["driver_id"]})
        return self.location.marks_of(call.data)

    @route("GET", "/v1/ops/drivers/{driver_id}/why-no-rides", who=OPS, query=schemas.WhyNoRidesQuery(),
           gives=dispatch_replies.WhyNoRides(), summary="Why a driver had few rides in an hour")  # fmt: skip
    def get_driver_why_no_rides(self, call: Call) -> Any:
        """In the words that the driver is told. `until`: when the hour ends, now unless given."""
        return self.matching.why_no_rides(call.data)

    @route("GET", "/v1/ops/implausible", who=OPS, query=schemas.PageQuery(), gives=replies.Implausible(),
           summary="Drivers with positions of the last day that are not believed, most first")  # fmt: skip
    def list_implausible(self, call: Call) -> Any:
        """`driver_name` is null while the users service is away."""
        page = self.location.list_doubts(call.data)
        names = names_of(self.users, {item["driver_id"] for item in page["items"]})
        for item in page["items"]:
            item["driver_name"] = names.get(item["driver_id"])
        return page

    @route("GET", "/v1/ops/demand", who=OPS, query=schemas.DemandQuery(), gives=heat_replies.HeatMap(),
           refuses=frozenset({404}), summary="Demand, supply, surge and forecast by segment, as GeoJSON")  # fmt: skip
    def get_demand(self, call: Call) -> Any:
        """Requests and unmet ones of the last hour, cars and surge now, requests `forecast` for the next half hour, and
        what is `usual` for it. With `at` the hour that holds it or, when it is to come, the forecast from it on; what
        does not apply is null."""
        city = call.data.get("city", self.config["DEFAULT_CITY"])
        return heat_map(self, city, parse_time(call.data.get("at")), datetime.now(UTC))

    @route("GET", "/v1/ops/eta", who=OPS, query=schemas.EtaQuery(), gives=replies.EtaErrors(),
           summary="Promised times against actual ones by segment and hour, and the corrections learnt")  # fmt: skip
    def get_eta_errors(self, call: Call) -> Any:
        """`hour` is of the city's day. `corrections` is null while nothing was learnt: road times are as they are."""
        request = {"city": self.config["DEFAULT_CITY"], **call.data}
        errors = self.analytics.call_async("eta_errors", request)
        corrections = self.analytics.call_async("eta_corrections", {})
        known = corrections.result()["items"].get(request["city"])
        return {"city": request["city"], **errors.result(), "corrections": known}
