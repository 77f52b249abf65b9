"""The audit asks the services what it needs, many at a time, and judges only what is old enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from nameko.exceptions import RemoteError

from hansom import audit as auditing
from hansom.audit import Services, all_trips, check_charges, check_streams, read_stream, self_checks
from hansom.wire import iso
from tests.unit.audit.test_rides import FARE, WHOLE, a_ride, a_stream

NOW = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
LONG = timedelta(hours=24)


class Cluster:
    """Stands for nameko's ClusterRpcProxy: `cluster[service].method(payload)` and `.call_async(payload).result()`."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getitem__(self, service: str) -> Any:
        return _Proxy(self, service)

    def answer(self, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((method, payload))
        reply = self.answers[method](payload)
        if isinstance(reply, Exception):
            raise reply
        return reply


class _Proxy:
    def __init__(self, cluster: Cluster, service: str) -> None:
        self._cluster, self._service = cluster, service

    def __getattr__(self, method: str) -> Any:
        name = f"{self._service}_{method}"

        def call(payload: dict[str, Any]) -> dict[str, Any]:
            return self._cluster.answer(name, payload)

        return _Method(call, lambda payload: SimpleNamespace(result=lambda: call(payload)))


class _Method:
    def __init__(self, call: Any, call_async: Any) -> None:
        self._call, self.call_async = call, call_async

    def __call__(self, payload: dict[str, Any]) -> dict[str, Any]:
        return self._call(payload)


def stream_of(events: list[dict[str, Any]]) -> Any:
    """notifications.read_stream over a stream that is longer than a page."""

    def read(payload: dict[str, Any]) -> dict[str, Any]:
        after = [each for each in events if each["seq"] > payload["after"]]
        return {"events": after[: payload["limit"]], "last_seq": events[-1]["seq"] if events else 0, "oldest_seq": 1}

    return read


def test_all_pages_of_trips_are_read() -> None:
    pages = {None: (["a", "b"], "next"), "next": (["c"], None)}

    def list_all(payload: dict[str, Any]) -> dict[str, Any]:
        items, cursor = pages[payload["cursor"]]
        return {"items": items, "next_cursor": cursor}

    assert all_trips(Services(Cluster(trips_list_all=list_all))) == ["a", "b", "c"]


def test_a_stream_longer_than_a_page_is_read_to_its_end() -> None:
    events = [{"seq": each, "event": "offer_made", "data": {}} for each in range(1, 251)]
    assert read_stream(Services(Cluster(notifications_read_stream=stream_of(events))), "rider-1") == events
    assert read_stream(Services(Cluster(notifications_read_stream=stream_of([]))), "rider-1") == []


def test_a_settled_ride_without_a_receipt_is_found_and_a_fresh_one_is_not_judged() -> None:
    receipts: dict[str, Any] = {"trip-1": {"total": FARE, "rider_id": "rider-1", "driver_id": "driver-1"}}
    cluster = Cluster(payments_get_receipt=lambda asked: receipts.get(asked["trip_id"], RemoteError("NotFound", "")))
    fresh = iso(NOW - timedelta(seconds=5))
    rides = [a_ride(), a_ride(id="trip-2"), a_ride(id="trip-3", settled_at=fresh), a_ride(id="trip-4", settled_at=None)]
    check = check_charges(Services(cluster), rides, NOW)
    assert check.checked == 2
    assert check.breaches == ["trip trip-2: settled at 2026-03-02T12:00:00.000Z, and no receipt"]


def test_both_parties_streams_are_read_once_and_judged() -> None:
    cluster = Cluster(notifications_read_stream=stream_of(a_stream(*WHOLE[:-1])))
    ride = a_ride(requested_at="2026-03-02T11:50:00.000Z")
    order, telling = check_streams(Services(cluster), [ride], NOW, LONG)
    assert (order.checked, order.breaches) == (2, [])
    assert telling.checked == 2 and len(telling.breaches) == 2
    assert len(cluster.asked) == 2
    forgotten = check_streams(Services(cluster), [ride], NOW + 2 * LONG, LONG)[1]
    assert forgotten.checked == 0, "what is kept for a day is not asked for after it"


def test_the_services_own_findings_are_passed_on() -> None:
    found = {"name": "sums", "checked": 3, "breaches": ["x"]}
    money = {"checks": [{**found, "service": name, "broken": 1} for name in ("payments", "trips", "pricing")]}
    cluster = Cluster(payments_run_audit=lambda _: money, notifications_audit=lambda _: {"checks": [found]})
    checks = self_checks(Services(cluster))
    assert [check.name for check in checks] == ["payments.sums", "trips.sums", "pricing.sums", "notifications.sums"]
    assert all(check.breaches == ["x"] and check.checked == 3 for check in checks)


def test_while_another_audit_is_run_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "PAUSE_S", 0.0)
    answers = iter([RemoteError("AuditRunning", "wait"), RemoteError("AuditRunning", "wait"), {"checks": []}])
    cluster = Cluster(payments_run_audit=lambda _: next(answers), notifications_audit=lambda _: {"checks": []})
    assert self_checks(Services(cluster)) == []
    refusing = Cluster(payments_run_audit=lambda _: RemoteError("StoreUnavailable", "down"))
    with pytest.raises(RemoteError):
        self_checks(Services(refusing))
