"""The services behind a gateway, played by small nameko services.

Their names are their own, so that a whole stack may run on the same servers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from hansom.contracts.drivers import DriverNotApproved
from hansom.contracts.errors import Invalid, Unavailable
from hansom.contracts.payments import UnknownConfirmation, WebhookRefused
from hansom.contracts.trips import NotYourTrip, OfferGone, UnknownTrip
from hansom.rpc import rpc

Json = dict[str, Any]


class Played:
    """What the played services know and have been asked."""

    def __init__(self) -> None:
        self.ended: set[str] = set()
        self.asked: list[tuple[str, Json]] = []
        self.streams: dict[str, list[Json]] = defaultdict(list)
        self.cars: list[Json] = []
        self.riding: set[str] = set()
        self.trips_away = self.location_away = self.streams_away = False
        self.once_read: Callable[[], Any] = bool
        """What happens between the next reading of a stream and its answer."""
        self.city: Json = {"drivers": [], "more": 0}
        self.riders: Json = {"waiting": [], "held": []}

    def payloads(self, method: str) -> list[Json]:
        return [payload for name, payload in self.asked if name == method]


def players(played: Played, suffix: str) -> list[type]:
    """Classes of the played services."""

    class Users:
        name = f"users{suffix}"

        @rpc
        def verify_sessions(self, payload: Json) -> Json:
            played.asked.append(("verify_sessions", payload))
            return {"active": [each for each in payload["session_ids"] if each not in played.ended]}

        @rpc
        def end_session(self, payload: Json) -> Json:
            played.ended.add(payload["session_id"])
            return {}

        @rpc
        def get_profile(self, payload: Json) -> Json:
            return {"id": payload["user_id"]}

        @rpc
        def update_profile(self, payload: Json) -> Json:
            raise Invalid(details={"email": ["Taken."]})

        @rpc
        def log_in(self, payload: Json) -> Json:
            raise RuntimeError("secret words of a traceback")

    class Drivers:
        name = f"drivers{suffix}"

        @rpc
        def set_availability(self, payload: Json) -> Json:
            raise DriverNotApproved()

    class Trips:
        name = f"trips{suffix}"

        @rpc
        def get_active_by_driver(self, payload: Json) -> Json:
            played.asked.append(("get_active_by_driver", payload))
            return {"items": {each: {} for each in payload["driver_ids"] if each in played.riding}}

        @rpc
        def note_offers_shown(self, payload: Json) -> Json:
            played.asked.append(("note_offers_shown", payload))
            if played.trips_away:
                raise Unavailable()
            return {"noted": len(payload["offer_ids"])}

        @rpc
        def see_city(self, payload: Json) -> Json:
            played.asked.append(("trips.see_city", payload))
            if played.trips_away:
                raise Unavailable()
            return played.riders

        @rpc
        def request_trip(self, payload: Json) -> Json:
            played.asked.append(("request_trip", payload))
            return {"id": "trip-1"}

        @rpc
        def get_trip(self, payload: Json) -> Json:
            if payload["trip_id"] == "unknown":
                raise UnknownTrip()
            raise NotYourTrip()

        @rpc
        def accept_offer(self, payload: Json) -> Json:
            played.asked.append(("accept_offer", payload))
            if payload["offer_id"] == "late":
                raise OfferGone()
            return {"offer": {"id": payload["offer_id"]}, "trip": {"id": "trip-1"}}

    class Notifications:
        name = f"notifications{suffix}"

        @rpc
        def disconnect_users(self, payload: Json) -> Json:
            played.asked.append(("disconnect_users", payload))
            return {}

        @rpc
        def connect_users(self, payload: Json) -> Json:
            return {"last_seqs": {user_id: len(played.streams[user_id]) for user_id in payload["user_ids"]}}

        @rpc
        def read_stream(self, payload: Json) -> Json:
            if played.streams_away:
                raise Unavailable()
            events = played.streams[payload["user_id"]]
            after = payload["after"]
            page = {"events": events[after : after + payload["limit"]], "last_seq": len(events), "oldest_seq": 1}
            meanwhile, played.once_read = played.once_read, bool
            meanwhile()
            return page

    class Location:
        name = f"location{suffix}"

        @rpc
        def nearby_many(self, payload: Json) -> Json:
            played.asked.append(("nearby_many", payload))
            return {"items": [list(played.cars) for _ in payload["points"]]}

        @rpc
        def see_city(self, payload: Json) -> Json:
            played.asked.append(("location.see_city", payload))
            if played.location_away:
                raise Unavailable()
            return played.city

    class Payments:
        name = f"payments{suffix}"

        @rpc
        def take_webhook(self, payload: Json) -> Json:
            played.asked.append(("take_webhook", payload))
            if payload["headers"].get("test-signature") != "right":
                raise WebhookRefused()
            return {"taken": 1}

        @rpc
        def get_confirmation(self, payload: Json) -> Json:
            raise UnknownConfirmation()

        @rpc
        def confirm_payment(self, payload: Json) -> Json:
            played.asked.append(("confirm_payment", payload))
            return {"id": payload["confirmation_id"], "state": "confirmed"}

    return [Users, Drivers, Trips, Notifications, Location, Payments]
