"""The audit: did every ride have one driver, one charge and one set of events, in order?

`./hansom audit` asks each service that keeps a truth to check itself (RPC `audit`), and then compares them ride by ride
over their own RPC: what a trip costs with its receipt and its promo code, its life with what its people were told.
It only reads, and may run beside a working system: what is younger than `SLACK` is not judged.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from nameko.exceptions import RemoteError, RpcTimeout
from nameko.standalone.rpc import ClusterRpcProxy

from hansom.contracts.payments import AuditRunning
from hansom.settings import load_config
from hansom.wire import parse_time

SELF_CHECKED = ("notifications",)
"""Beside those that payments asks when it audits the money."""
SLACK = timedelta(seconds=30)
"""How long a settled ride may wait for its receipt, and an event for its place in a stream."""

AT_ONCE = 50
"""RPC requests under way at the same time."""

PAGE = 100
USES_PAGE = 1000
LINES_KEPT = 100
DEADLINE_S = 120
PAUSE_S = 0.5
"""Before asking again for an audit while another is run."""

AUDITOR = {"user_id": "audit", "role": "ops"}

TOLD_TO_BOTH = {
    "trip_assigned",
    "driver_arrived",
    "trip_started",
    "trip_completed",
    "trip_cancelled",
    "trip_settled",
}
"""User events that carry the trip, and with it the version that the event made."""


@dataclass
class Check:
    """What must hold, how much was looked at, and each thing that breaks it."""

    name: str
    checked: int = 0
    breaches: list[str] = field(default_factory=list)

    def look(self, breaches: Iterable[str]) -> None:
        self.checked += 1
        self.breaches += list(breaches)[: LINES_KEPT - len(self.breaches)]


class Services:
    """The services' RPC, many requests at a time."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster

    def ask(self, service: str, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        """One request. Raises RemoteError, RpcTimeout."""
        return getattr(self._cluster[service], method)(payload)

    def ask_many(
        self, service: str, method: str, payloads: Sequence[dict[str, Any]]
    ) -> Iterator[dict[str, Any] | RemoteError]:
        """A reply or the service's error for each payload, in their order. Raises RpcTimeout."""
        call = getattr(self._cluster[service], method)
        for first in range(0, len(payloads), AT_ONCE):
            for reply in [call.call_async(payload) for payload in payloads[first : first + AT_ONCE]]:
                try:
                    yield reply.result()
                except RemoteError as exc:
                    yield exc


# -- what must hold, as pure functions -------------------------------------------------------------------------------
def charge_breaches(trip: dict[str, Any], receipt: dict[str, Any] | None) -> list[str]:
    """A settled ride has a receipt over its final fare without its discount, between its own rider and driver."""
    if receipt is None:
        return [f"trip {trip['id']}: settled at {trip['settled_at']}, and no receipt"]
    breaches = []
    # rides of versions before promo codes have none
    to_pay = trip.get("to_pay") or trip["fare"]
    if receipt["total"] != to_pay:
        breaches.append(f"trip {trip['id']}: to pay is {to_pay}, the receipt says {receipt['total']}")
    for party in ("rider_id", "driver_id"):
        if receipt[party] != trip[party]:
            breaches.append(f"trip {trip['id']}: {party} is {trip[party]}, the receipt says {receipt[party]}")
    return breaches


def promo_breaches(trips: Sequence[dict[str, Any]], uses: Mapping[str, dict[str, Any]], now: datetime) -> Check:
    """Every discount is a used promo code of the same amount, and every code that was used is a discount."""
    check = Check("rides.a_discount_is_a_promo_code_used")
    for trip in trips:
        if not _older(trip["settled_at"], now):
            continue
        use = uses.get(trip["id"])
        used = (use["code"], use["discount"], use["rider_id"]) if use and use["state"] == "used" else None
        code = trip.get("promo_code")
        taken = (code, trip["discount"], trip["rider_id"]) if code is not None else None
        if taken is not None or use is not None:
            check.look([] if used == taken else [f"trip {trip['id']}: its discount is {taken}, the code used {used}"])
    settled = {trip["id"] for trip in trips if trip["settled_at"] is not None}
    for trip_id, use in uses.items():
        if use["state"] == "used" and trip_id not in settled and _older(use["resolved_at"], now):
            check.look([f"trip {trip_id}: code {use['code']} was used, and no such ride is settled"])
    return check


def stream_breaches(user_id: str, stream: Sequence[dict[str, Any]]) -> list[str]:
    """Numbers rise by one; of each trip every version is told once, the older before the newer."""
    breaches = []
    for before, after in pairwise(stream):
        if after["seq"] != before["seq"] + 1:
            breaches.append(f"user {user_id}: event {after['seq']} comes after {before['seq']}")
    versions: dict[str, list[int]] = defaultdict(list)
    for told in stream:
        if told["event"] in TOLD_TO_BOTH:
            versions[told["data"]["trip"]["id"]].append(told["data"]["trip"]["version"])
    for trip_id, seen in versions.items():
        if seen != sorted(set(seen)):
            breaches.append(f"user {user_id}: trip {trip_id} was told in the order {seen} of its versions")
    return breaches


def telling_breaches(trip: dict[str, Any], user_id: str, stream: Sequence[dict[str, Any]]) -> list[str]:
    """Who was in a ride to its end was told of each step exactly once."""
    told = [each["event"] for each in stream if each["data"].get("trip", {}).get("id") == trip["id"]]
    steps = {
        "driver_arrived": trip["arrived_at"],
        "trip_started": trip["started_at"],
        "trip_completed": trip["completed_at"],
        "trip_cancelled": trip["cancelled_at"],
        "trip_settled": trip["settled_at"],
    }
    expected = [event for event, at in steps.items() if at is not None]
    return [
        f"user {user_id}: trip {trip['id']} told {event} {told.count(event)} times"
        for event in expected
        if told.count(event) != 1
    ]


# -- asking ----------------------------------------------------------------------------------------------------------
def self_checks(services: Services) -> list[Check]:
    """What services find in themselves. Payments audits the money: it asks the others whose truths bear on it, holds
    trips, charges and promo codes against each other, and keeps what it found for operators to see."""
    money = _when_free(services, "payments", "run_audit")["checks"]
    checks = [Check(f"{each['service']}.{each['name']}", each["checked"], list(each["breaches"])) for each in money]
    for service in SELF_CHECKED:
        for each in services.ask(service, "audit", {})["checks"]:
            checks.append(Check(f"{service}.{each['name']}", each["checked"], list(each["breaches"])))
    return checks


def _when_free(services: Services, service: str, method: str) -> dict[str, Any]:
    """The answer to a call of which there is one at a time. Raises RemoteError, RpcTimeout."""
    until = time.monotonic() + DEADLINE_S
    while True:
        try:
            return services.ask(service, method, {})
        except RemoteError as exc:
            if exc.exc_type != AuditRunning.__name__ or time.monotonic() > until:
                raise
            time.sleep(PAUSE_S)


def all_trips(services: Services) -> list[dict[str, Any]]:
    """Every trip, live and archived, newest first."""
    trips: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = services.ask("trips", "list_all", {"limit": PAGE, "cursor": cursor})
        trips += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return trips


def check_charges(services: Services, trips: Sequence[dict[str, Any]], now: datetime) -> Check:
    """Every settled ride against its receipt."""
    check = Check("rides.one_charge_of_the_final_fare")
    due = [trip for trip in trips if _older(trip["settled_at"], now)]
    asked = [{"trip_id": trip["id"], "actor": AUDITOR} for trip in due]
    for trip, reply in zip(due, services.ask_many("payments", "get_receipt", asked), strict=True):
        check.look(charge_breaches(trip, None if isinstance(reply, RemoteError) else reply))
    return check


def promo_uses(services: Services) -> dict[str, dict[str, Any]]:
    """Every use of a promo code, by trip."""
    uses: dict[str, dict[str, Any]] = {}
    cursor = None
    while True:
        page = services.ask("pricing", "list_promo_uses", {"limit": USES_PAGE, "cursor": cursor})
        uses |= {use["trip_id"]: use for use in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            return uses


def check_streams(services: Services, trips: Sequence[dict[str, Any]], now: datetime, kept: timedelta) -> list[Check]:
    """Every stream of a user who was in a ride, and every ride that ended against the streams of its two."""
    order, telling = Check("rides.events_in_order"), Check("rides.every_step_told_once")
    parties = sorted({user for trip in trips for user in (trip["rider_id"], trip["driver_id"]) if user})
    streams = {user_id: read_stream(services, user_id) for user_id in parties}
    for user_id, stream in streams.items():
        order.look(stream_breaches(user_id, stream))
    for trip in trips:
        last = trip["settled_at"] or trip["cancelled_at"]
        if trip["driver_id"] is None or not _older(last, now) or _older(trip["requested_at"], now, kept):
            continue
        for user_id in (trip["rider_id"], trip["driver_id"]):
            telling.look(telling_breaches(trip, user_id, streams[user_id]))
    return [order, telling]


def read_stream(services: Services, user_id: str) -> list[dict[str, Any]]:
    """All that is kept of a user's stream, in its order."""
    stream: list[dict[str, Any]] = []
    while True:
        after = stream[-1]["seq"] if stream else 0
        reply = services.ask("notifications", "read_stream", {"user_id": user_id, "after": after, "limit": PAGE})
        stream += reply["events"]
        if not reply["events"] or stream[-1]["seq"] >= reply["last_seq"]:
            return stream


def _older(moment: str | None, now: datetime, than: timedelta = SLACK) -> bool:
    at = parse_time(moment)
    return at is not None and at < now - than


def run_audit(config: dict[str, Any], now: datetime) -> list[Check]:
    """Every check. Raises RemoteError, RpcTimeout when a service cannot be asked."""
    kept = timedelta(hours=float(config["STREAM_KEEP_HOURS"])) - SLACK
    with ClusterRpcProxy(config, timeout=DEADLINE_S) as cluster:
        services = Services(cluster)
        trips = all_trips(services)
        promos = promo_breaches(trips, promo_uses(services), now)
        checks = [check_charges(services, trips, now), promos, *check_streams(services, trips, now, kept)]
        return [*self_checks(services), *checks]


def print_for_people(checks: Sequence[Check]) -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        verdict = "ok" if not check.breaches else f"BROKEN {len(check.breaches)}"
        print(f"{check.name:<{width}}  {check.checked:>8}  {verdict}")
        for line in check.breaches:
            print(f"  {line}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: all holds; 1: something is broken; 2: a service could not be asked."""
    parser = argparse.ArgumentParser(
        prog="hansom audit", description="One driver, one charge, one set of events a ride?"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options = parser.parse_args(arguments)
    try:
        checks = run_audit(load_config(), datetime.now(UTC))
    except (RemoteError, RpcTimeout, OSError) as exc:
        print(f"hansom audit: a service could not be asked: {type(exc).__name__} {exc}", file=sys.stderr)
        return 2
    broken = sum(len(check.breaches) for check in checks)
    if options.json:
        print(json.dumps({"broken": broken, "checks": [asdict(check) for check in checks]}))
    else:
        print_for_people(checks)
        print("Nothing is broken." if not broken else f"{broken} breaches.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
