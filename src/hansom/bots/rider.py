"""A rider: looks, asks, waits, sometimes thinks better of it, tells the PIN at the door, rides, rates, tips."""

from __future__ import annotations

import uuid
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent

from hansom.bots import habits
from hansom.bots.client import Refused, Unreachable
from hansom.bots.navigator import road_time_s
from hansom.bots.person import Person, trip_in
from hansom.bots.rides import Ride
from hansom.bots.roads import moved
from hansom.bots.socket import SocketLost
from hansom.values import Point

if TYPE_CHECKING:
    from hansom.bots.world import World

ASK_AFTER_SILENCE_S = 30.0
KERB_M = 6.0


class Rider(Person):
    """One rider, one trip at a time."""

    role = "rider"

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self.habits = habits.RiderHabits()
        self._told: tuple[str, str] | None = None

    def enrol(self) -> None:
        """Registers and opens the socket."""
        self.account.register("/v1/riders", self._own)
        self.socket.open()
        self.lose_network_now_and_then(self.habits.loses_network_every_s, self.habits.network_lost_for_s)

    def live(self) -> None:
        """Goes out again and again until the world closes."""
        gevent.sleep(self.rng.uniform(0, self.habits.pause_mean_s))
        while not self.world.closing:
            with suppress(Refused, Unreachable, SocketLost):  # counted by its code; he tries again after the pause
                self._go_out()
            gevent.sleep(min(self.rng.expovariate(1 / self.habits.pause_mean_s), 6 * self.habits.pause_mean_s))

    def hear(self, event: str, data: dict[str, Any]) -> None:
        """Car movements are counted, payments booked at once; the rest goes into the letterbox."""
        if event == "driver_moved":
            self.world.measures.moves_seen += 1
        elif event in ("payment_captured", "payment_failed"):
            self.world.rides.paid(data["trip_id"], event, monotonic())
            if event == "payment_captured" and data.get("kind", "ride") == "ride" and self.tries(self.habits.tips):
                self.aside(self.between((1.0, 8.0)), self._tip, data["trip_id"])
        elif event not in ("nearby_drivers", "waiting_update"):
            super().hear(event, data)

    # -- asking ------------------------------------------------------------------------------------------------------

    def _go_out(self) -> None:
        start = self.world.navigator.graph.place(self.rng)
        pickup = self._at_kerb(start)
        if self.tries(self.habits.watches_nearby):
            self._watch(pickup)
        quote = self._quote(start, pickup)
        if self.tries(self.habits.only_looks) or self.world.closing:
            return
        order = {"quote_id": quote["id"], "category": habits.category(self.rng, quote["options"])}
        payment = habits.one_of(self.rng, habits.PAYMENTS)
        if payment is not None:
            order["payment_method"] = payment
        with self.world.asking():
            sent_at = monotonic()
            trip = self._ask(order)
            ride = self.world.rides.asked(trip, sent_at)
        self._see_through(ride, trip)

    def _quote(self, start: Point, pickup: Point) -> dict[str, Any]:
        """A quote for somewhere he wants to go from there; mostly not one for a long ride."""
        navigator = self.world.navigator
        for tried in range(1 + habits.THINKS_AGAIN):
            dropoff = self._at_kerb(habits.destination(self.rng, navigator.graph, start))
            quote = self.account.post("/v1/quotes", {"pickup": pickup.as_dict(), "dropoff": dropoff.as_dict()})
            navigator.remember(pickup, dropoff, quote)
            if road_time_s(quote) <= habits.LONG_RIDE_S or tried == habits.THINKS_AGAIN or self.tries(0.1):
                break
        return quote

    def _at_kerb(self, point: Point) -> Point:
        aside = moved(point, self.rng.uniform(-KERB_M, KERB_M), self.rng.uniform(-KERB_M, KERB_M))
        return Point(round(aside.lat, 6), round(aside.lng, 6))

    def _watch(self, pickup: Point) -> None:
        """Looks at the cars on the map for a while."""
        try:
            self.socket.call("watch_nearby", pickup.as_dict())
            gevent.sleep(self.between(self.habits.looks_for_s))
            self.socket.call("unwatch_nearby", {})
        except SocketLost:
            self.account.get("/v1/drivers/nearby", pickup.as_dict())

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Asks for the trip; when he still owes for another, he pays that first, by a card that works."""
        try:
            return self._tap(order)
        except Refused as refusal:
            if refusal.code != "debt_open":
                raise
        self.account.post("/v1/me/debts/settle", {"payment_method": "card_ok"})
        return self._tap(order)

    def _tap(self, order: dict[str, Any]) -> dict[str, Any]:
        """Sends the order, sometimes by a double tap, which has to be one trip."""
        key = uuid.uuid4().hex
        if not self.tries(self.habits.taps_twice):
            return self.account.post("/v1/trips", order, key=key)
        taps = [gevent.spawn(self.account.post, "/v1/trips", order, key=key) for _ in range(2)]
        trips = [tap.get() for tap in taps]
        if trips[0]["id"] != trips[1]["id"]:
            self.world.measures.errors["double_tap_made_two_trips"] += 1
        return trips[0]

    # -- the ride ----------------------------------------------------------------------------------------------------

    def _see_through(self, ride: Ride, trip: dict[str, Any]) -> None:
        """Follows the trip by its events until its end; after a silence asks how it stands."""
        self._told = None
        self._see(ride, trip)
        self._plan_to_cancel(ride, "requested", self.habits.cancels_while_waiting, (3.0, 25.0))
        will_cancel_assigned = self.tries(self.habits.cancels_once_assigned)
        while not ride.ended:
            heard = self.next_event(monotonic() + ASK_AFTER_SILENCE_S)
            was = ride.state
            if heard is None:
                self._look_up(ride)
            elif trip_in(heard[1]).get("id") == ride.trip_id and "state" in trip_in(heard[1]):
                self._see(ride, trip_in(heard[1]))
            if will_cancel_assigned and was == "requested" and ride.state == "assigned":
                will_cancel_assigned = False
                self._plan_to_cancel(ride, "assigned", 1.0, (2.0, 30.0))
        if ride.state == "completed" and self.tries(self.habits.rates):
            self.aside(self.between((1.0, 8.0)), self.world.rate, self, ride.trip_id, self.habits.comments)

    def _look_up(self, ride: Ride) -> None:
        trip = self.account.get("/v1/trips/{id}", id=ride.trip_id)
        if self._see(ride, trip):
            self.world.measures.learned_by_asking += 1

    def _see(self, ride: Ride, trip: dict[str, Any]) -> bool:
        """Takes in how the trip stands; at the car's door tells the PIN. True when its state was news."""
        news = self.world.rides.seen(trip, monotonic())
        at_door = (ride.trip_id, trip.get("driver_id") or "")
        if trip["state"] == "arrived" and ride.state == "arrived" and trip.get("pin") and self._told != at_door:
            self._told = at_door
            self.aside(self.between(self.habits.walks_to_car_s), self._tell_pin, ride, trip)
        return news

    def _tell_pin(self, ride: Ride, trip: dict[str, Any]) -> None:
        driver = self.world.drivers_by_id.get(trip["driver_id"])
        if driver is not None and ride.state == "arrived":
            driver.told_pin(ride.trip_id, trip["pin"])

    def _tip(self, trip_id: str) -> None:
        """By card, whatever the ride was paid with."""
        tip = {"amount_minor": habits.one_of(self.rng, habits.TIPS), "payment_method": "card_ok"}
        self.account.post("/v1/trips/{id}/tip", tip, id=trip_id)

    def _plan_to_cancel(self, ride: Ride, state: str, chance: float, after_s: tuple[float, float]) -> None:
        if self.tries(chance):
            self.aside(self.between(after_s), self._cancel, ride, state)

    def _cancel(self, ride: Ride, state: str) -> None:
        if ride.state == state:
            trip = self.account.post("/v1/trips/{id}/cancel", {"reason": "changed my mind"}, id=ride.trip_id)
            self.world.rides.seen(trip, monotonic())
            self.hear("trip_cancelled", {"trip": trip})
