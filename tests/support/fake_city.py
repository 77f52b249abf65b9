"""A small city with nothing behind it, for tests of the bots: users, quotes, trips, offers, streams, all in memory.

Streets are a square grid. `fake_gateway` serves it over HTTP and the socket.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from random import Random
from time import monotonic
from typing import Any

import gevent

from hansom.bots.roads import gap_m
from hansom.values import Point

BLOCK_DEG = 0.0005
SPEED_MPS = 9.0
OFFER_TTL_S = 8.0
ACTIVE = ("requested", "assigned", "arrived", "in_progress")
VERBS = {
    ("assigned", "arrive"): "arrived",
    ("arrived", "start"): "in_progress",
    ("in_progress", "complete"): "completed",
}
EVENT_OF = {"arrive": "driver_arrived", "start": "trip_started", "complete": "trip_completed"}


class No(Exception):
    """A refusal: HTTP status and code."""


def at(seconds: float = 0.0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def grid_route(start: dict[str, float], end: dict[str, float]) -> list[dict[str, float]]:
    """Along a square grid: first east or west, then north or south."""
    x, y = (round(start[k] / BLOCK_DEG) for k in ("lng", "lat"))
    to_x, to_y = (round(end[k] / BLOCK_DEG) for k in ("lng", "lat"))
    line = [(x, y)]
    while (x, y) != (to_x, to_y):
        if x != to_x:
            x += 1 if to_x > x else -1
        else:
            y += 1 if to_y > y else -1
        line.append((x, y))
    return [{"lat": round(y * BLOCK_DEG, 6), "lng": round(x * BLOCK_DEG, 6)} for x, y in line]


class City:
    """Everything that is: users, quotes, trips, offers, streams."""

    def __init__(self, speed_mps: float = SPEED_MPS, faults: float = 0.0) -> None:
        """Cars do `speed_mps` on every street; of `faults` requests one half is answered 503, one half not at all."""
        self.speed_mps, self.faults, self.rng = speed_mps, faults, Random(1)
        self.numbers = count(1)
        self.users: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, str] = {}
        self.quotes: dict[str, dict[str, Any]] = {}
        self.trips: dict[str, dict[str, Any]] = {}
        self.offers: dict[str, dict[str, Any]] = {}
        self.answers: dict[tuple[str, str], Any] = {}
        self.log: Counter[str] = Counter()
        self.fastest_mps = 0.0

    def new(self, kind: str) -> str:
        return f"{kind}{next(self.numbers)}"

    # -- people --

    def register(self, role: str, body: dict[str, Any]) -> dict[str, Any]:
        user_id = self.new(role)
        person = {"id": user_id, "role": role, **{k: body[k] for k in ("email", "name", "phone")}}
        self.users[user_id] = {
            "me": person,
            "vehicle": body.get("vehicle"),
            "online": False,
            "fix": None,
            "stream": [],
            "sockets": set(),
        }
        return {"user": person, **self.session(user_id)}

    def session(self, user_id: str) -> dict[str, Any]:
        access, refresh = self.new("access"), self.new("refresh")
        self.tokens[access] = self.tokens[refresh] = user_id
        return {"access_token": access, "refresh_token": refresh, "expires_in": 900}

    def tell(self, user_id: str, event: str, data: dict[str, Any], kept: bool = True) -> None:
        user = self.users[user_id]
        if kept:
            user["stream"].append((event, data := {**data, "seq": len(user["stream"]) + 1}))
        for link in list(user["sockets"]):
            link.push(event, data)

    # -- trips --

    def quote(self, rider_id: str, body: dict[str, Any]) -> dict[str, Any]:
        line = grid_route(body["pickup"], body["dropoff"])
        points = [Point(**p) for p in line]
        metres = sum(gap_m(a, b) for a, b in pairwise(points))
        options = [
            {"category": c, "fare": {"amount_minor": 900, "currency": "EUR"}, "pickup_eta_s": 60}
            for c in ("standard", "comfort", "van")
        ]
        quote = {
            "id": self.new("quote"),
            "distance_m": metres,
            "duration_s": metres / self.speed_mps,
            "route": line,
            "options": options,
            "expires_at": at(300),
        }
        self.quotes[quote["id"]] = {**quote, **body}
        return quote

    def ask(self, rider_id: str, body: dict[str, Any]) -> dict[str, Any]:
        if any(t["rider_id"] == rider_id and t["state"] in ACTIVE for t in self.trips.values()):
            raise No(409, "active_trip_exists")
        quote = self.quotes[body["quote_id"]]
        trip = {
            "id": self.new("trip"),
            "state": "requested",
            "rider_id": rider_id,
            "driver_id": None,
            "category": body["category"],
            "pin": "4711",
            "version": 1,
            "pickup": quote["pickup"],
            "dropoff": quote["dropoff"],
            "fare": quote["options"][0]["fare"],
            "payment": body.get("payment_method", "card_ok"),
            "skipped": [],
        }
        self.trips[trip["id"]] = trip
        return self.shown(trip, rider_id)

    def shown(self, trip: dict[str, Any], user_id: str) -> dict[str, Any]:
        hidden = ("skipped", "payment") + (() if user_id == trip["rider_id"] else ("pin",))
        return {k: v for k, v in trip.items() if k not in hidden}

    def move(self, trip: dict[str, Any], state: str, event: str | None) -> None:
        trip["state"], trip["version"] = state, trip["version"] + 1
        for user_id in (trip["rider_id"], trip["driver_id"]):
            if user_id and event:
                self.tell(user_id, event, {"trip": self.shown(trip, user_id)})

    def do(self, user_id: str, trip: dict[str, Any], verb: str, body: dict[str, Any]) -> dict[str, Any]:
        if user_id not in (trip["rider_id"], trip["driver_id"]):
            raise No(403, "forbidden")
        if verb == "rating":
            return {"trip_id": trip["id"], **body}
        if verb == "cancel":
            return self.cancel(user_id, trip)
        to = VERBS.get((trip["state"], verb))
        if to is None:
            raise No(409, "illegal_transition")
        if verb == "start" and body.get("pin") != trip["pin"]:
            raise No(422, "wrong_pin")
        self.move(trip, to, EVENT_OF[verb])
        if to == "completed":
            gevent.spawn_later(0.2, self.settle, trip)
        return self.shown(trip, user_id)

    def cancel(self, user_id: str, trip: dict[str, Any]) -> dict[str, Any]:
        if trip["state"] not in ACTIVE[:3]:
            raise No(409, "illegal_transition")
        if user_id == trip["driver_id"]:
            trip["skipped"].append(user_id)
            trip["driver_id"] = None
            self.move(trip, "requested", "driver_cancelled")
        else:
            self.move(trip, "cancelled", "trip_cancelled")
        return self.shown(trip, user_id)

    def settle(self, trip: dict[str, Any]) -> None:
        refused = trip["payment"] in ("card_declined", "card_insufficient_funds")
        event = "payment_failed" if refused else "payment_captured"
        self.tell(trip["rider_id"], event, {"trip_id": trip["id"], "amount": trip["fare"]})

    def answer(self, driver_id: str, offer_id: str, verb: str) -> dict[str, Any]:
        offer = self.offers[offer_id]
        trip = self.trips[offer["trip_id"]]
        if offer["state"] != "open" or trip["state"] != "requested":
            raise No(409, "offer_gone")
        offer["state"] = verb
        trip["skipped"].append(driver_id)
        if verb == "decline":
            return {"offer": offer}
        trip["driver_id"] = driver_id
        self.move(trip, "assigned", "trip_assigned")
        return {"offer": offer, "trip": self.shown(trip, driver_id)}

    def match(self) -> None:
        """For ever: each half second, old offers end and waiting trips are offered to any free driver near."""
        while True:
            gevent.sleep(0.5)
            for offer in self.offers.values():
                if offer["state"] == "open" and monotonic() > offer["until"]:
                    offer["state"] = "gone"
                    self.tell(offer["driver_id"], "offer_withdrawn", {"offer_id": offer["offer_id"]})
            taken = {o["driver_id"] for o in self.offers.values() if o["state"] == "open"}
            taken |= {t["driver_id"] for t in self.trips.values() if t["state"] in ACTIVE}
            offered = {o["trip_id"] for o in self.offers.values() if o["state"] == "open"}
            for trip in self.trips.values():
                if trip["state"] == "requested" and trip["id"] not in offered:
                    self.offer(trip, taken)

    def offer(self, trip: dict[str, Any], taken: set[str]) -> None:
        free = {i: u["fix"] for i, u in self.users.items() if u["online"] and u["fix"] and i not in taken}
        near = [i for i in free if i not in trip["skipped"]]
        if not near:
            return
        pickup = Point(**trip["pickup"])
        driver_id = min(near, key=lambda i: gap_m(free[i], pickup))
        taken.add(driver_id)
        offer = {
            "offer_id": self.new("offer"),
            "trip_id": trip["id"],
            "driver_id": driver_id,
            "state": "open",
            "until": monotonic() + OFFER_TTL_S,
        }
        self.offers[offer["offer_id"]] = offer
        shown = {k: trip[k] for k in ("pickup", "dropoff", "fare")}
        self.tell(driver_id, "offer_made", {**offer, **shown, "pickup_eta_s": 60, "expires_at": at(OFFER_TTL_S)})

    def hint(self, driver_id: str) -> None:
        """Riders are expected in the middle of the city."""
        point = {"lat": 60.1717, "lng": 24.9443}
        hint = {
            "segment": "8a1126d33017fff",
            "point": point,
            "reason": "About 7 requests expected.",
            "expires_at": at(600),
        }
        self.tell(driver_id, "demand_hint", hint)

    def position(self, driver_id: str, data: dict[str, Any]) -> None:
        user, here = self.users[driver_id], Point(data["lat"], data["lng"])
        self.log["positions"] += 1
        seen_at = datetime.fromisoformat(data["at"])
        if user["fix"] is None:
            self.hint(driver_id)
        if user["fix"] is not None:
            apart_s = (seen_at - user["seen_at"]).total_seconds()
            if apart_s > 0.8:
                self.fastest_mps = max(self.fastest_mps, gap_m(user["fix"], here) / apart_s)
        user["fix"], user["seen_at"] = here, seen_at
        for trip in self.trips.values():
            if trip["driver_id"] == driver_id and trip["state"] in ACTIVE:
                moved = {"trip_id": trip["id"], "point": here.as_dict(), "bearing_deg": 0, "eta_s": 60}
                self.tell(trip["rider_id"], "driver_moved", moved, kept=False)
