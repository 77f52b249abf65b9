"""A driver: drives about, answers offers, fetches riders and carries them, on roads and at the roads' speed."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent

from hansom.bots import habits, roads
from hansom.bots.client import Refused, Unreachable
from hansom.bots.person import Person, trip_in
from hansom.bots.socket import SocketLost
from hansom.values import Point

if TYPE_CHECKING:
    from hansom.bots.world import World

WAIT_FOR_RIDER_S = 300.0
KEPT_POSITIONS = 100
"""As many positions as the contract lets an app keep while it is offline."""
AT_THE_DOOR_M = 25.0
"""This near the rider walks over; round the block it would be minutes."""
GPS_NOISE_M = 1.5
ROAM_M = 1200.0


class TripLost(Exception):
    """The trip is no longer this driver's: cancelled, or given to another."""


class Driver(Person):
    """One car and who drives it."""

    role = "driver"

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self.habits = habits.DriverHabits()
        self.vehicle = habits.vehicle(self.rng, number)
        self.online = False
        self.trip_id: str | None = None
        self._pins: dict[str, str] = {}
        self._seq = 0
        self._kept: deque[dict[str, Any]] = deque(maxlen=KEPT_POSITIONS)
        self._drive = roads.Drive([world.options.area.inside(0.5, 0.5)], 1.0, 0.0)
        self._waits_until = 0.0

    @property
    def state(self) -> str:
        """`free`, `busy`, `away` (no network) or `offline`, for the table."""
        if not self.account.network.is_set():
            return "away"
        return "busy" if self.trip_id else "free" if self.online else "offline"

    def enrol(self) -> None:
        """Registers, opens the socket, goes online somewhere on a road."""
        self.account.register("/v1/drivers", {**self._own, "vehicle": self.vehicle})
        self.world.drivers_by_id[self.account.id] = self
        self._drive = roads.Drive([self.world.navigator.graph.place(self.rng)], 1.0, monotonic())
        self.socket.on_live = self._send_kept
        self.socket.open()
        self._be_online(True)
        self.world.start(gevent.Greenlet(self._report))
        self.lose_network_now_and_then(self.habits.loses_network_every_s, self.habits.network_lost_for_s)

    def live(self) -> None:
        """Works until the world ends; after a failure it asks the server where things stand and goes on from there."""
        while True:
            try:
                self._take_up_running_trip()
                while True:
                    self._work()
            except (Refused, Unreachable):
                self.trip_id = None
                gevent.sleep(self.between((1.0, 3.0)))

    def told_pin(self, trip_id: str, pin: str) -> None:
        """The rider says his PIN at the car's door."""
        self._pins[trip_id] = pin
        self.hear("pin_told", {"trip_id": trip_id})

    # -- between rides -----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Roams until something is offered, and deals with that."""
        if self.tries(self.habits.takes_a_break):
            self._take_a_break()
        while True:
            if monotonic() >= self._moves_on_at():
                self._roam()
            heard = self.next_event(self._moves_on_at())
            if heard is None:
                continue
            event, data = heard
            if event == "demand_hint":
                self._hear_hint(data)
            if event == "offer_made":
                return self._consider(data)
            if event == "trip_assigned":  # the answer to an accept was lost, its effect was not
                return self._carry(trip_in(data))

    def _take_up_running_trip(self) -> None:
        newest = self.account.get("/v1/me/trips", {"limit": 1})["items"]
        if newest and newest[0]["state"] in ("assigned", "arrived", "in_progress"):
            self._carry(newest[0])

    def _be_online(self, online: bool) -> None:
        self.account.put("/v1/driver/availability", {"online": online})
        self.online = online

    def _take_a_break(self) -> None:
        self._be_online(False)
        gevent.sleep(self.between(self.habits.break_s))
        self._be_online(True)

    def _roam(self) -> None:
        graph, here = self.world.navigator.graph, self._drive.end
        route = graph.wander(self.rng, here, self.rng.uniform(0.3, 1.0) * ROAM_M)
        self._set_off(route or self.world.navigator.route(here, graph.place(self.rng)))

    def _moves_on_at(self) -> float:
        return max(self._drive.ends_at, self._waits_until)

    def _hear_hint(self, hint: dict[str, Any]) -> None:
        """Perhaps drives where cars are said to be missing, by the roads he knows, and waits there for a while."""
        self.world.measures.hints_heard += 1
        if datetime.fromisoformat(hint["expires_at"]) < datetime.now(UTC) or not self.tries(self.habits.follows_hints):
            return
        way = self.world.navigator.graph.way(self._drive.fix(monotonic()).point, Point(**hint["point"]))
        if way is not None:
            self.world.measures.hints_followed += 1
            self._set_off(way)
            self._waits_until = self._drive.ends_at + self.between(self.habits.waits_after_hint_s)

    def _set_off(self, route: roads.Route) -> None:
        """Starts along the route from where the car stands, up to a tenth slower or faster than traffic."""
        now = monotonic()
        speed_mps = route.speed_mps * self.world.traffic_speed() * self.rng.uniform(0.9, 1.1)
        self._drive = roads.Drive((self._drive.fix(now).point, *route.line), speed_mps, now)

    def _park(self) -> None:
        now = monotonic()
        self._drive = roads.Drive([self._drive.fix(now).point], 1.0, now)

    # -- an offer ----------------------------------------------------------------------------------------------------

    def _consider(self, offer: dict[str, Any]) -> None:
        self.world.rides.offered(offer["trip_id"], monotonic())
        roll = self.rng.random()
        if roll < self.habits.lets_offer_time_out:
            return
        self._park()  # whoever reads an offer pulls over; past the pickup, a one-way street is a long way round
        if self._withdrawn(offer["offer_id"], monotonic() + self.between(self.habits.answer_after_s)):
            return
        if roll < self.habits.lets_offer_time_out + self.habits.declines:
            self._answer("decline", offer)
            return
        answer = self._answer("accept", offer)
        if answer is not None:
            self.world.rides.promised(offer["trip_id"], self.account.id, offer.get("pickup_eta_s"))
            self._carry(answer.get("trip") or self.account.get("/v1/trips/{id}", id=offer["trip_id"]))

    def _withdrawn(self, offer_id: str, until: float) -> bool:
        """Lets the time pass in which a person makes up his mind; True when the offer went away in it."""
        while (heard := self.next_event(until)) is not None:
            if heard[0] == "offer_withdrawn" and heard[1].get("offer_id") == offer_id:
                return True
        return False

    def _answer(self, verb: str, offer: dict[str, Any]) -> dict[str, Any] | None:
        """Accepts or declines by socket or by HTTP; the server's answer, or None when it was too late."""
        try:
            if not self.tries(self.habits.answers_by_http):
                try:
                    return self.socket.call(f"{verb}_offer", {"offer_id": offer["offer_id"]})
                except SocketLost:
                    pass  # whether it was heard is unknown; saying it again by HTTP is safe
            return self.account.post(f"/v1/offers/{{id}}/{verb}", id=offer["offer_id"])
        except Refused as refused:
            if refused.status in (404, 409):
                return None
            raise

    # -- a ride ------------------------------------------------------------------------------------------------------

    def _carry(self, trip: dict[str, Any]) -> None:
        """Takes the trip from the state it is in to its end."""
        trip_id = self.trip_id = trip["id"]
        pickup, dropoff = Point(**trip["pickup"]), Point(**trip["dropoff"])
        try:
            if trip["state"] == "assigned":
                self._drive_to(pickup, trip_id, gives_up=self.tries(self.habits.cancels_before_arrival))
                self._do("arrive", trip_id)
            if trip["state"] != "in_progress":
                self._let_rider_in(trip_id)
            self._drive_to(dropoff, trip_id, since=pickup)  # the way that the rider was quoted
            self._do("complete", trip_id)
            self.aside(self.between((1.0, 6.0)), self._rate, trip_id)
        except TripLost:
            self._park()
        finally:
            self.trip_id = None
            self._pins.pop(trip_id, None)

    def _drive_to(self, goal: Point, trip_id: str, gives_up: bool = False, since: Point | None = None) -> None:
        """Drives there, by the way from `since` if the car is there. Raises TripLost when the trip goes away meanwhile,
        or when this driver gives it back."""
        here = self._drive.fix(monotonic()).point
        if roads.gap_m(here, goal) > AT_THE_DOOR_M:
            start = since if since and roads.gap_m(here, since) < 2 * AT_THE_DOOR_M else here
            self._set_off(self.world.navigator.route(start, goal))
        if gives_up:
            now = monotonic()
            self._listen(trip_id, now + self.rng.random() * (self._drive.ends_at - now))
            self._do("cancel", trip_id, {"reason": "a puncture"})
            raise TripLost(trip_id)
        self._listen(trip_id, self._drive.ends_at)

    def _listen(self, trip_id: str, until: float, stop_at: str = "") -> bool:
        """Hears events until then; True when `stop_at` came. Raises TripLost when the trip was cancelled."""
        while (heard := self.next_event(until)) is not None:
            event, data = heard
            if event == stop_at:
                return True
            if event in ("trip_cancelled", "trip_expired", "trip_returned") and trip_in(data).get("id") == trip_id:
                raise TripLost(trip_id)
        return False

    def _let_rider_in(self, trip_id: str) -> None:
        """Waits for the rider, types the PIN, perhaps wrongly at first, and starts."""
        if trip_id not in self._pins and not self._listen(trip_id, monotonic() + WAIT_FOR_RIDER_S, "pin_told"):
            self._do("cancel", trip_id, {"reason": "the rider did not come"})
            raise TripLost(trip_id)
        pin = self._pins[trip_id]
        if self.tries(self.habits.mistypes_pin):
            self._type_pin(trip_id, pin[::-1] if pin != pin[::-1] else pin[:-1] + ("1" if pin[-1] == "0" else "0"))
            gevent.sleep(self.between((1.0, 3.0)))
        self._type_pin(trip_id, pin)

    def _type_pin(self, trip_id: str, pin: str) -> None:
        try:
            self._do("start", trip_id, {"pin": pin})
        except Refused as refused:
            if refused.code != "wrong_pin":
                raise

    def _do(self, verb: str, trip_id: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One verb of the trip. Raises TripLost when the trip is no longer one for it, else Refused, Unreachable."""
        try:
            return self.account.post(f"/v1/trips/{{id}}/{verb}", body, id=trip_id)
        except Refused as refused:
            if refused.status in (403, 404, 409):
                raise TripLost(trip_id) from refused
            raise

    def _rate(self, trip_id: str) -> None:
        self.world.rate(self, trip_id, self.habits.comments)

    # -- positions ---------------------------------------------------------------------------------------------------

    def _report(self) -> None:
        """A position every interval, on a timetable that does not slide; how late each was is measured."""
        interval_s = self.world.options.position_interval_s
        due = monotonic() + self.rng.uniform(0, interval_s)
        while True:
            gevent.sleep(max(due - monotonic(), 0.0))
            now = monotonic()
            self.world.measures.lateness.add(now - due)
            if self.online:
                self._send_position(now)
            due += interval_s

    def _send_position(self, now: float) -> None:
        fix = self._drive.fix(now)
        noise = self.rng.gauss
        point = roads.moved(fix.point, noise(0, GPS_NOISE_M), noise(0, GPS_NOISE_M))
        self._seq += 1
        position = {
            "lat": round(point.lat, 6),
            "lng": round(point.lng, 6),
            "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "seq": self._seq,
            "bearing_deg": round(fix.bearing_deg, 1) % 360,
            "speed_mps": round(fix.speed_mps, 2),
            "accuracy_m": round(self.rng.uniform(3, 12), 1),
        }
        if not self._kept and self.socket.tell("report_position", position):
            self.world.measures.positions.add(now)
        else:
            self._kept.append(position)

    def _send_kept(self) -> None:
        if self._kept:
            self.aside(0.0, self._hand_in_kept)

    def _hand_in_kept(self) -> None:
        """Sends what was kept while away, oldest first, and only then goes back to one at a time."""
        while self._kept:
            batch = list(self._kept)
            try:
                self.socket.call("report_positions", {"positions": batch})
            except SocketLost:
                return  # the next connection tries again
            for position in batch:
                if self._kept and self._kept[0] is position:
                    self._kept.popleft()
            self.world.measures.positions_kept += len(batch)
