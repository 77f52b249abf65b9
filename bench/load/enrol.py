"""Tens of thousands of accounts at once, written into the services' databases as the services would have written them.

A password hash is meant to be slow: 25,000 registrations over HTTP would take a quarter of an hour of both cores and
measure nothing. So accounts, sessions, drivers (approved and online), vehicles and rides under way go in by COPY, with
no usable password, and the access tokens are signed as `users` signs them. Everything is removed again by `remove`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg2
from uuid_utils import uuid7

from hansom.tokens import make_access_token
from hansom.values import Point

DOMAIN = "bench-location.invalid"
TOKEN_TTL_S = 7200
"""Longer than a stack's own, so that a run of half an hour needs no refresh."""
CATEGORIES = ("standard",) * 6 + ("comfort",) * 3 + ("van",)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a session. `trip_id` of the ride that he drives or is driven on, '' when none."""

    id: str
    token: str
    trip_id: str = ""


@dataclass(frozen=True, slots=True)
class People:
    drivers: list[Person]
    riders: list[Person]


class Enrolment:
    """Fills and clears the databases of one stack. `environment` is what `./hansom` exports for it."""

    def __init__(self, environment: dict[str, str], seed: int) -> None:
        self._environment = environment
        self._rng = Random(f"{seed}:enrolment")
        self._now = datetime.now(UTC)

    def enrol(self, drivers: int, rides: int, city: str, centre: Point) -> People:
        """That many drivers, online; the first `rides` of them with a rider on board."""
        driver_ids = [new_id() for _ in range(drivers)]
        rider_ids = [new_id() for _ in range(rides)]
        trip_ids = [new_id() for _ in range(rides)]
        ids = [(each, "driver") for each in driver_ids] + [(each, "rider") for each in rider_ids]
        sessions = [new_id() for _ in ids]
        self._put_accounts(ids, sessions)
        self._put_drivers(driver_ids)
        self._put_trips(list(zip(trip_ids, driver_ids, rider_ids, strict=False)), city, centre)
        tokens = [self._token(user, role, session) for (user, role), session in zip(ids, sessions, strict=True)]
        trips = [*trip_ids, *[""] * (drivers - rides), *trip_ids]
        people = [Person(user, token, trip) for (user, _), token, trip in zip(ids, tokens, trips, strict=True)]
        return People(people[:drivers], people[drivers:])

    def remove(self) -> None:
        """Take everybody of this and of earlier runs out again."""
        with closing(self._connect("users")) as users:
            ids = _column(users, "SELECT id FROM accounts WHERE email LIKE %s", f"%@{DOMAIN}")
            for database, table, column in (("trips", "trips", "rider_id"), ("drivers", "drivers", "id")):
                with closing(self._connect(database)) as connection:
                    _execute(connection, f"DELETE FROM {table} WHERE {column} = ANY(%s)", ids)
            _execute(users, "DELETE FROM accounts WHERE id = ANY(%s)", ids)

    def _put_accounts(self, ids: Sequence[tuple[str, str]], sessions: Sequence[str]) -> None:
        until = self._now + timedelta(days=30)
        with closing(self._connect("users")) as users:
            columns = ("id", "role", "email", "name", "phone", "locale", "password_hash", "created_at")
            accounts = ((i, role, f"{i}@{DOMAIN}", "A Bench", "+358401234567", "en", "!", self._now) for i, role in ids)
            _copy(users, "accounts", columns, accounts)
            sessions_columns = ("id", "account_id", "generation", "created_at", "refreshed_at", "expires_at")
            pairs = zip(ids, sessions, strict=True)
            _copy(users, "sessions", sessions_columns, ((s, i, 1, self._now, self._now, until) for (i, _), s in pairs))
            users.commit()

    def _put_drivers(self, driver_ids: Sequence[str]) -> None:
        with closing(self._connect("drivers")) as drivers:
            columns = ("id", "name", "approval", "online", "went_online_at", "created_at")
            _copy(
                drivers, "drivers", columns, ((i, "A Bench", "approved", "t", self._now, self._now) for i in driver_ids)
            )
            columns = ("driver_id", "make", "model", "colour", "plate", "category")
            cars = (
                (i, "Toyota", "Prius", "white", f"B{n}", self._rng.choice(CATEGORIES)) for n, i in enumerate(driver_ids)
            )
            _copy(drivers, "vehicles", columns, cars)
            drivers.commit()

    def _put_trips(self, rides: Sequence[tuple[str, str, str]], city: str, centre: Point) -> None:
        """Rides in progress since a moment ago, heading for the middle of the city."""
        at = self._now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        verbs = (("request", "requested"), ("assign", "assigned"), ("arrive", "arrived"), ("start", "in_progress"))
        columns = (
            *("id", "rider_id", "driver_id", "state", "version", "city", "category", "quote_id"),
            *("pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng", "fare_minor", "currency", "fare_final"),
            *("distance_m", "duration_s", "pin", "pin_failures", "returns", "history"),
            *("requested_at", "waiting_since", "assigned_at", "arrived_at", "started_at"),
        )
        rows = []
        for trip_id, driver_id, rider_id in rides:
            by = {"request": rider_id, "assign": driver_id, "arrive": driver_id, "start": driver_id}
            steps = [[number, verb, state, by[verb], at] for number, (verb, state) in enumerate(verbs, start=1)]
            who = (trip_id, rider_id, driver_id, "in_progress", len(steps), city, "standard", new_id())
            where = (centre.lat, centre.lng, centre.lat, centre.lng)
            what = (1000, "EUR", "f", 1000.0, 300.0, "0000", 0, 0, json.dumps(steps))
            rows.append((*who, *where, *what, *[self._now] * 5))
        with closing(self._connect("trips")) as trips:
            _copy(trips, "trips", columns, rows)
            trips.commit()

    def _token(self, user_id: str, role: str, session_id: str) -> str:
        config = {"JWT_SECRET": self._environment["JWT_SECRET"], "ACCESS_TOKEN_TTL_S": TOKEN_TTL_S}
        return make_access_token(
            config, user_id=user_id, role=role, session_id=session_id, token_id=new_id(), issued_at=self._now
        )

    def _connect(self, service: str) -> Any:
        return psycopg2.connect(f"{self._environment['POSTGRES_URI']}/hansom_{service}")


def new_id() -> str:
    """As `hansom.ids`, which belongs to eventlet's processes."""
    return uuid7().hex


def _copy(connection: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    text = io.StringIO("".join("\t".join(str(cell) for cell in row) + "\n" for row in rows))
    with connection.cursor() as cursor:
        cursor.copy_from(text, table, columns=columns)


def _column(connection: Any, query: str, *arguments: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, arguments)
        return [row[0] for row in cursor.fetchall()]


def _execute(connection: Any, statement: str, *arguments: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
    connection.commit()
