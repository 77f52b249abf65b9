"""The waiting pool in Redis. All of it can be lost: it is rebuilt from `trips.list_waiting`.

matching:pool:<city>        hash  trip id → the waiting trip as JSON
matching:newest:<city>      when the newest trip came into the pool, ms since 1970
matching:built:<city>       there while the pool is whole
matching:status:<city>      hash  what the last batch did
matching:lead:<city>        the lease of the city's leader
matching:offers             hash  trip id → `<until_ms> <offer id> <driver id> <made_ms> <promised s>` of its open offer
matching:excluded:<trip>    set of drivers who must not get the trip, kept for a day
matching:held               sorted set  driver id → not to be looked at until, ms since 1970
matching:idle               hash  driver id → without a ride since, ms since 1970
matching:answers            hash  driver id → `<took> <asked> <newest answer, ms>`: how he answers offers
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

import orjson
from redis import Redis
from redis.client import Pipeline

from hansom.values import Point
from services.matching.domain.pool import (
    ANSWERS_KEPT,
    Change,
    Close,
    Exclude,
    Habits,
    Hold,
    Idle,
    Leave,
    NotIdle,
    Open,
    OpenOffer,
    PooledTrip,
    PoolView,
    Release,
    Said,
    Wait,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

EXCLUDED_KEEP_S = 86_400

OFFERS, HELD, IDLE, ANSWERS = "matching:offers", "matching:held", "matching:idle", "matching:answers"

_OPEN = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and tonumber(string.match(known, '^%d+')) > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], table.concat(ARGV, ' ', 2))
return 1
"""
"""An offer heard of late does not take the place of a newer one."""

_CLOSE = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
if not known then return 0 end
local offer = string.match(known, '^%d+ (%S*)')
if offer ~= ARGV[2] and offer ~= '-' then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
"""
"""Only the offer that ended is closed, or one that a rebuild knew no id of."""

_IDLE = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
if not known or tonumber(known) < tonumber(ARGV[2]) then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
"""

_SAID = """
local took, asked, at = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '0 0 0', '^(%S+) (%S+) (%d+)$')
if tonumber(ARGV[3]) <= tonumber(at) then return 0 end
took, asked = tonumber(took) * tonumber(ARGV[4]) + tonumber(ARGV[2]), tonumber(asked) * tonumber(ARGV[4]) + 1
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.4f %.4f %s', took, asked, ARGV[3]))
return 1
"""
"""A driver answers one offer at a time, so an answer that is not newer than the last one was counted before."""

_REMOVE_IF_SAME = """
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0
"""


def pool_key(city: str) -> str:
    return f"matching:pool:{city}"


def lease_key(city: str) -> str:
    return f"matching:lead:{city}"


def _built_key(city: str) -> str:
    return f"matching:built:{city}"


def _newest_key(city: str) -> str:
    return f"matching:newest:{city}"


def _status_key(city: str) -> str:
    return f"matching:status:{city}"


def _excluded_key(trip_id: str) -> str:
    return f"matching:excluded:{trip_id}"


def encode_trip(trip: PooledTrip) -> str:
    """One trip as it stands in the pool."""
    kept = {
        "city": trip.city,
        "category": trip.category,
        "lat": trip.pickup.lat,
        "lng": trip.pickup.lng,
        "since_ms": trip.waiting_since_ms,
        "returned": trip.returned,
    }
    if trip.dropoff is not None:
        kept["to"] = [trip.dropoff.lat, trip.dropoff.lng]
    if trip.ride_s is not None:
        kept["ride_s"] = trip.ride_s
    if trip.rider_id:
        kept["rider_id"] = trip.rider_id
    return orjson.dumps(kept).decode()


def decode_trip(trip_id: str, text: str) -> PooledTrip:
    kept = orjson.loads(text)
    point = Point(kept["lat"], kept["lng"])
    to = Point(*kept["to"]) if "to" in kept else None
    plain = (kept["city"], kept["category"], point, kept["since_ms"], kept["returned"])
    return PooledTrip(trip_id, *plain, to, kept.get("ride_s"), kept.get("rider_id", ""))


def encode_offer(offer: OpenOffer) -> list[str]:
    """An open offer as it stands in the pool, to be joined by spaces; `-` for what is not known."""
    known = (offer.until_ms, offer.offer_id, offer.driver_id, offer.made_ms, offer.pickup_eta_s)
    return ["-" if each in ("", None) else str(each) for each in known]


def decode_offer(trip_id: str, text: str) -> OpenOffer:
    """Also of an entry of three words, as the release before wrote it."""
    until_ms, *words = text.split(" ")
    offer_id, driver_id, made_ms, eta_s = [None if word == "-" else word for word in [*words, "-", "-"][:4]]
    return OpenOffer(
        trip_id,
        offer_id or "",
        driver_id or "",
        int(until_ms),
        int(made_ms) if made_ms else None,
        float(eta_s) if eta_s else None,
    )


def _habits(idle_ms: str | None, answers: str | None) -> Habits:
    took, asked, _ = (answers or "0 0 0").split(" ")
    return Habits(int(idle_ms) if idle_ms else None, float(took), float(asked))


def _decode_all(raw: dict[str, str], decode: Callable[[str, str], T]) -> tuple[list[T], list[str]]:
    """What can be read, and the trips of what cannot."""
    found, strange = [], []
    for trip_id, text in raw.items():
        try:
            found.append(decode(trip_id, text))
        except (KeyError, ValueError, TypeError):
            strange.append(trip_id)
    return found, strange


class WaitingPool:
    """Reads and changes the pool. Every method is one or two round trips and raises RedisError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def apply(self, changes: Iterable[Change], now_ms: int) -> None:
        """Make all changes in their order, as one transaction."""
        pipe = self._redis.pipeline(transaction=True)
        for change in changes:
            _queue(pipe, change, now_ms)
        if len(pipe):
            pipe.execute()

    def read(self, city: str, now_ms: int) -> PoolView:
        """The city's pool at one moment; forgets offers and holds that have ended."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.hgetall(pool_key(city))
        pipe.hgetall(OFFERS)
        pipe.zremrangebyscore(HELD, "-inf", now_ms)
        pipe.zrange(HELD, 0, -1)
        pipe.exists(_built_key(city))
        trips_raw, offers_raw, _, held, built = pipe.execute()
        trips, strange_trips = _decode_all(trips_raw, decode_trip)
        offers, strange_offers = _decode_all(offers_raw, decode_offer)
        self._forget({pool_key(city): strange_trips, OFFERS: strange_offers})
        self._forget_ended([offer for offer in offers if offer.until_ms <= now_ms])
        excluded = self._excluded([trip.trip_id for trip in trips])
        whole = bool(built) and not strange_trips
        return PoolView(tuple(trips), tuple(offers), excluded, frozenset(held), whole)

    def rebuild(self, city: str, before: PoolView, waiting: list[PooledTrip], changes: list[Change]) -> None:
        """Make the pool what `trips` says it is.

        `before` was read before `trips` was asked: of its trips, those that no longer wait leave, unless an event has
        changed them since. `changes` come with the list: who is excluded, which trips have an offer.
        """
        pipe = self._redis.pipeline(transaction=True)
        still = {trip.trip_id for trip in waiting}
        for trip in before.trips:
            if trip.trip_id not in still:
                pipe.eval(_REMOVE_IF_SAME, 1, pool_key(city), trip.trip_id, encode_trip(trip))
        for trip in waiting:
            pipe.hsetnx(pool_key(city), trip.trip_id, encode_trip(trip))
        for change in changes:
            if isinstance(change, Open):
                pipe.hsetnx(OFFERS, change.offer.trip_id, " ".join(encode_offer(change.offer)))
            else:
                _queue(pipe, change, 0)
        pipe.set(_built_key(city), 1)
        pipe.execute()

    def newest_ms(self, city: str) -> int | None:
        """When the newest trip came into the pool."""
        text = cast("str | None", self._redis.get(_newest_key(city)))
        return int(text) if text is not None else None

    def habits(self, driver_ids: Sequence[str]) -> dict[str, Habits]:
        """What is learnt of these drivers."""
        if not driver_ids:
            return {}
        pipe = self._redis.pipeline(transaction=False)
        pipe.hmget(IDLE, driver_ids)
        pipe.hmget(ANSWERS, driver_ids)
        found = zip(driver_ids, *pipe.execute(), strict=True)
        return {driver_id: _habits(idle_ms, answers) for driver_id, idle_ms, answers in found}

    def write_status(self, city: str, status: dict[str, Any]) -> None:
        self._redis.hset(_status_key(city), mapping={name: orjson.dumps(value) for name, value in status.items()})

    def read_status(self, city: str) -> dict[str, Any]:
        """What the last batch wrote, the holder of the lease, and how many wait and have offers now."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.hgetall(_status_key(city))
        pipe.get(lease_key(city))
        pipe.hkeys(pool_key(city))
        pipe.hkeys(OFFERS)
        status, leader, waiting, offered = pipe.execute()
        return {
            **{name: orjson.loads(value) for name, value in status.items()},
            "leader": leader,
            "waiting": len(waiting),
            "open_offers": len(set(waiting) & set(offered)),
        }

    def _excluded(self, trip_ids: list[str]) -> dict[str, frozenset[str]]:
        if not trip_ids:
            return {}
        pipe = self._redis.pipeline(transaction=False)
        for trip_id in trip_ids:
            pipe.smembers(_excluded_key(trip_id))
        return {trip_id: frozenset(members) for trip_id, members in zip(trip_ids, pipe.execute(), strict=True)}

    def _forget(self, strange: dict[str, list[str]]) -> None:
        """Throw out what cannot be read, such as another release's: one entry must not stop a city's dispatch."""
        for key, trip_ids in strange.items():
            if trip_ids:
                log.error("entries of the waiting pool cannot be read", extra={"key": key, "trips": trip_ids[:20]})
                self._redis.hdel(key, *trip_ids)

    def _forget_ended(self, offers: list[OpenOffer]) -> None:
        if not offers:
            return
        pipe = self._redis.pipeline(transaction=False)
        for offer in offers:
            pipe.eval(_CLOSE, 1, OFFERS, offer.trip_id, offer.offer_id or "-")
        pipe.execute()


def _queue(pipe: Pipeline, change: Change, now_ms: int) -> None:
    match change:
        case Wait(trip):
            pipe.hset(pool_key(trip.city), trip.trip_id, encode_trip(trip))
            pipe.set(_newest_key(trip.city), now_ms)
        case Leave(trip_id, city):
            pipe.hdel(pool_key(city), trip_id)
            pipe.hdel(OFFERS, trip_id)
        case Open(offer):
            pipe.eval(_OPEN, 1, OFFERS, offer.trip_id, *encode_offer(offer))
        case Close(trip_id, offer_id):
            pipe.eval(_CLOSE, 1, OFFERS, trip_id, offer_id)
        case Exclude(trip_id, driver_ids):
            if driver_ids:
                pipe.sadd(_excluded_key(trip_id), *driver_ids)
                pipe.expire(_excluded_key(trip_id), EXCLUDED_KEEP_S)
        case Hold(driver_id, until_ms):
            pipe.zadd(HELD, {driver_id: until_ms})
        case Release(driver_id):
            pipe.zrem(HELD, driver_id)
        case Idle(driver_id, since_ms):
            pipe.eval(_IDLE, 1, IDLE, driver_id, since_ms)
        case NotIdle(driver_id):
            pipe.hdel(IDLE, driver_id)
        case Said(driver_id, yes, at_ms):
            pipe.eval(_SAID, 1, ANSWERS, driver_id, int(yes), at_ms, ANSWERS_KEPT)
