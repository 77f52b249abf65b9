"""The whole life of one ride: quote, request, offer, accept, positions, arrive, start, complete, ratings, receipt."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import gevent
from gevent.event import AsyncResult

from bench.load.people import APPROACH_MPS, RIDE_MPS, Driver, Rider
from hansom.bots.client import Refused, Unreachable
from hansom.bots.roads import Route
from hansom.bots.socket import SocketLost
from hansom.values import Point

LONGEST_S = 90.0
"""A ride that takes longer than this from its request to its receipt is lost."""


@dataclass(slots=True)
class Story:
    """One ride. Times on the monotonic clock; `lost` says at which point and why it ended early."""

    due_at: float
    started_at: float = 0.0
    requested_at: float = 0.0
    offered_at: float = 0.0
    completed_at: float = 0.0
    paid_at: float = 0.0
    over_at: float = 0.0
    driven_s: float = 0.0
    trip_id: str = ""
    pin: str = ""
    lost: str = ""
    step: str = "quote"
    heard: dict[str, AsyncResult] = field(default_factory=dict)

    def wait_for(self, event: str) -> AsyncResult:
        return self.heard.setdefault(event, AsyncResult())


class Offers:
    """Brings drivers' offers and riders' requests together: either may be known first."""

    def __init__(self) -> None:
        self._waiting: dict[str, AsyncResult] = {}

    def of(self, trip_id: str) -> AsyncResult:
        """Gets (driver, offer, heard at) of the trip's next offer."""
        return self._waiting.setdefault(trip_id, AsyncResult())

    def made(self, driver: Driver, offer: dict[str, Any]) -> None:
        self.of(offer["trip_id"]).set((driver, offer, monotonic()))

    def forget(self, trip_id: str) -> None:
        self._waiting.pop(trip_id, None)


def ride(story: Story, rider: Rider, way: tuple[Point, Point, Route], offers: Offers) -> Story:
    """Lives one ride to its end; whatever goes wrong is told in `story.lost`, never raised."""
    story.started_at = monotonic()
    rider.hear = lambda event, data: _note(story, event, data)
    try:
        with gevent.Timeout(LONGEST_S):
            driver = _ask(story, rider, way, offers)
            _carry(story, rider, driver, way)
            _finish(story, rider, driver)
    except gevent.Timeout:
        story.lost = f"{story.step}: took over {LONGEST_S:.0f} s"
    except (Refused, Unreachable, SocketLost) as failure:
        story.lost = f"{story.step}: {failure!r}"
    finally:
        offers.forget(story.trip_id)
        story.over_at = monotonic()
    return story


def _note(story: Story, event: str, data: dict[str, Any]) -> None:
    about = data.get("trip_id") or (data.get("trip") or data).get("id")
    if event == "driver_moved" or about != story.trip_id:
        return
    if event in ("payment_captured", "payment_failed"):
        story.wait_for("payment").set(event)
    else:
        story.wait_for(event).set(data)


def _ask(story: Story, rider: Rider, way: tuple[Point, Point, Route], offers: Offers) -> Driver:
    """Quote, request, and the driver who was offered the ride and accepted it."""
    ends = {"pickup": way[0].as_dict(), "dropoff": way[1].as_dict()}
    quote = rider.account.post("/v1/quotes", ends)
    story.step = "request"
    story.requested_at = monotonic()
    trip = rider.account.post(
        "/v1/trips", {"quote_id": quote["id"], "category": "standard", "payment_method": "card_ok"}
    )
    story.trip_id, story.pin = trip["id"], trip.get("pin") or ""
    story.step = "offer"
    while True:
        driver, offer, heard_at = offers.of(story.trip_id).get()
        story.offered_at = story.offered_at or heard_at
        story.step = "accept"
        offers.forget(story.trip_id)
        try:
            driver.socket.call("accept_offer", {"offer_id": offer["offer_id"]})
        except SocketLost:
            driver.account.post("/v1/offers/{id}/accept", id=offer["offer_id"])
        except Refused as refused:
            if refused.code != "offer_gone":
                raise
            continue
        return driver


def _carry(story: Story, rider: Rider, driver: Driver, way: tuple[Point, Point, Route]) -> None:
    """From the driver's place to the pickup and on to the drop-off, with a position every second."""
    post = driver.account.post
    story.step = "approach"
    story.driven_s += driver.drive([way[2].line[0]], APPROACH_MPS)
    story.step = "arrive"
    post("/v1/trips/{id}/arrive", id=story.trip_id)
    pin = story.pin or rider.account.get("/v1/trips/{id}", id=story.trip_id)["pin"]
    story.step = "start"
    post("/v1/trips/{id}/start", {"pin": pin}, id=story.trip_id)
    story.step = "ride"
    story.driven_s += driver.drive(way[2].line, RIDE_MPS)
    story.step = "complete"
    post("/v1/trips/{id}/complete", id=story.trip_id)
    story.completed_at = monotonic()


def _finish(story: Story, rider: Rider, driver: Driver) -> None:
    """The rider hears of the end and of the payment; both rate; the receipt is there."""
    story.step = "trip_completed"
    story.wait_for("trip_completed").get()
    story.step = "ratings"
    rider.account.post("/v1/trips/{id}/rating", {"stars": 5}, id=story.trip_id)
    driver.account.post("/v1/trips/{id}/rating", {"stars": 5}, id=story.trip_id)
    story.step = "payment"
    payment = story.wait_for("payment").get()
    if payment != "payment_captured":
        story.lost = f"payment: {payment}"
        return
    story.paid_at = monotonic()
    story.step = "receipt"
    rider.account.get("/v1/trips/{id}/receipt", id=story.trip_id)
