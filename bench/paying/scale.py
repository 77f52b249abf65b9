"""How fast: charges through the service, a payout run, an audit; and how the last two grow with the books."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from bench.paying.books import SERVICE as PAYMENTS
from bench.paying.books import Settings, counter, one, owner_engine
from bench.paying.grow import grow
from bench.paying.process import SERVICE, TRIPS
from bench.paying.rides import CITY, Story, some_stories
from bench.paying.running import Mouth, Running, queues_gone, queues_made
from hansom.clock import SystemClock
from hansom.events import Event
from hansom.ids import new_id
from hansom.stack.scratch import own_database
from services.payments import schemas
from services.payments.dependencies import money_rules
from services.payments.storage.audit import audit
from services.payments.usecases.charging import charge_rides
from services.payments.usecases.paying_out import run_payouts

Say = Callable[[str], None]

CHARGED_AT_ONCE = 500
LOOK_S = 0.25
BARE_S = 2.0
CHARGED_WITHIN_S = 120.0

_ANSWERED = "SELECT count(*) FROM charges WHERE state <> 'pending'"

_STEADY = """
    WITH marks AS (SELECT percentile_disc(0.2) WITHIN GROUP (ORDER BY resolved_at) AS began,
                          percentile_disc(0.9) WITHIN GROUP (ORDER BY resolved_at) AS ended FROM charges)
    SELECT extract(epoch FROM ended - began),
           (SELECT count(*) FROM charges WHERE resolved_at > began AND resolved_at <= ended) FROM marks
"""


# -- charges -------------------------------------------------------------------------------------------------------
def charges_a_second(config: Settings, seed: int, rides: int, say: Say) -> dict[str, Any]:
    """Rides wait in the queue; how many are answered a second while there are enough of them.

    Measured between a fifth and nine tenths of them, and held against single-row commits on one connection.
    """
    with own_database(config, PAYMENTS, SERVICE) as own:
        stories = some_stories(seed, rides, max(10, rides // 20), "steady", plain=True)
        queues_made(own)
        engine = owner_engine(own)
        bare = _commits_a_second(engine)
        try:
            _tell_all(own, stories)
            with Running(own, {story.trip_id: story.known_to_trips() for story in stories}):
                _watch(engine, rides)
            rate = _steady(engine)
        finally:
            engine.dispose()
            queues_gone(own)
    say(f"    {rate:,.0f} charges a second; {bare:,.0f} single-row commits a second on one connection")
    return {
        "rides": rides,
        "a_second": round(rate, 1),
        "bare_commits_a_second": round(bare, 1),
        "ratio_to_bare_commits": round(rate / bare, 3),
    }


def _tell_all(config: Settings, stories: list[Story]) -> None:
    mouth, at = Mouth(config["AMQP_URI"]), SystemClock().now()
    try:
        for story in stories:
            type_, data = story.told()
            event = Event(new_id(), type_, 1, at, TRIPS, story.trip_id, data)
            mouth.say([event.to_message(int(config["EVENT_PARTITIONS"]))])
    finally:
        mouth.close()


def _watch(engine: Engine, rides: int) -> None:
    """Returns when all are answered. Raises TimeoutError."""
    until = time.monotonic() + CHARGED_WITHIN_S
    while (answered := int(one(engine, _ANSWERED))) < rides:
        if time.monotonic() > until:
            raise TimeoutError(f"{answered} of {rides} rides were charged in {CHARGED_WITHIN_S:g} s")
        time.sleep(LOOK_S)


def _steady(engine: Engine) -> float:
    """Charges a second by when each was answered; 0 when there were too few to say."""
    with engine.connect() as connection:
        seconds, charges = connection.execute(text(_STEADY)).one()
    return charges / float(seconds) if seconds else 0.0


def _commits_a_second(engine: Engine) -> float:
    """The least a charge could cost: one row, one commit, on one connection."""
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, said text)"))
        connection.commit()
        done, began = 0, time.monotonic()
        while time.monotonic() - began < BARE_S:
            connection.execute(text("INSERT INTO bare (said) VALUES ('a charge')"))
            connection.commit()
            done += 1
        lasted = time.monotonic() - began
        connection.execute(text("DROP TABLE bare"))
        connection.commit()
    return done / lasted


# -- books of a size -------------------------------------------------------------------------------------------------
def charged(config: Settings, seed: int, rides: int, drivers: int, *, paid_out: bool) -> float:
    """Rides charged by the use case itself, some refunded; gives how many a second."""
    rules = money_rules(config)
    stories = some_stories(seed, rides, drivers, f"books{rides}", plain=True)
    settled = [schemas.settled_ride(story.told()[1], new_id(), rules) for story in stories]
    with counter(config) as desk:
        began = time.monotonic()
        for first in range(0, len(settled), CHARGED_AT_ONCE):
            charge_rides(desk.desk, settled[first : first + CHARGED_AT_ONCE])
        lasted = time.monotonic() - began
        if paid_out:
            desk.now += timedelta(days=1)
            run_payouts(desk.desk, None)
    return rides / lasted


@dataclass(frozen=True, slots=True)
class Size:
    """Of books: rides that are charged, and how many times they are copied under other ids."""

    rides: int
    drivers: int
    times: int

    @property
    def smaller(self) -> Size:
        """A tenth."""
        return Size(self.rides, self.drivers, max(1, self.times // 10))


# -- payouts ---------------------------------------------------------------------------------------------------------
def payout_run(config: Settings, seed: int, size: Size, say: Say) -> dict[str, Any]:
    """All lines of a day that is over, to all drivers, through the provider."""
    with own_database(config, PAYMENTS) as own:
        charged(own, seed, size.rides, size.drivers, paid_out=False)
        engine = owner_engine(own)
        try:
            grow(engine, size.times, lambda _: None)
            lines = one(engine, "SELECT count(*) FROM payout_lines")
            drivers = one(engine, "SELECT count(DISTINCT driver_id) FROM payout_lines")
            with counter(own) as desk:
                desk.now += timedelta(days=1)
                seconds, sent = _timed(lambda: run_payouts(desk.desk, None))
            exact = one(engine, _PAID_EXACTLY, least=_least(own)) == 0
        finally:
            engine.dispose()
    say(f"    {lines:,} lines of {drivers:,} drivers: {sent:,} payouts in {seconds:.1f} s")
    return {
        "lines": lines,
        "drivers": drivers,
        "payouts": sent,
        "seconds": round(seconds, 2),
        "lines_a_second": round(lines / seconds),
        "exact": exact,
    }


_PAID_EXACTLY = """
    WITH owed AS (SELECT driver_id, sum(amount_minor) AS minor FROM payout_lines GROUP BY driver_id),
         paid AS (SELECT driver_id, sum(amount_minor) AS minor, count(*) AS times
                    FROM simulated_provider.payouts WHERE state = 'sent' GROUP BY driver_id)
    SELECT count(*) FROM owed FULL JOIN paid USING (driver_id)
     WHERE coalesce(paid.minor, 0) <> CASE WHEN owed.minor >= :least THEN owed.minor ELSE 0 END
        OR coalesce(paid.times, 0) > 1
"""
"""Drivers who were not sent, once, just what they were owed."""


def _least(config: Settings) -> int:
    return int(config["CITIES"][CITY]["payout_minimum"])


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.monotonic()
    done = work()
    return time.monotonic() - began, done


# -- the audit -------------------------------------------------------------------------------------------------------
def audit_of(config: Settings, seed: int, size: Size, say: Say) -> dict[str, Any]:
    """Every question of the audit, of books that went through the real constraints."""
    with own_database(config, PAYMENTS) as own:
        charged(own, seed, size.rides, size.drivers, paid_out=True)
        engine = owner_engine(own)
        try:
            loaded, _ = _timed(lambda: grow(engine, size.times, say))
            with Session(engine) as session:
                seconds, checks = _timed(lambda: audit(session, "simulated"))
            entries = one(engine, "SELECT count(*) FROM ledger_entries")
            bare, _ = _timed(lambda: one(engine, "SELECT sum(amount_minor) FROM ledger_entries"))
        finally:
            engine.dispose()
    broken = {check["name"]: check["broken"] for check in checks if check["broken"]}
    say(f"    {entries:,} entries: {len(checks)} questions in {seconds:.1f} s, broken: {broken or 'nothing'}")
    return {
        "entries": entries,
        "questions": len(checks),
        "checked": sum(check["checked"] for check in checks),
        "seconds": round(seconds, 2),
        "ratio_to_one_pass": round(seconds / bare, 1),
        "load_s": round(loaded, 1),
        "broken": broken,
    }
