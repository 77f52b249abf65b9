"""The audit's entrypoints: run when asked and each night, kept, and said aloud when something is broken."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import Gauge
from sqlalchemy import text

from hansom.contracts.payments import AuditCause
from hansom.rpc import rpc
from hansom.timers import leader_timer
from hansom.validation import load
from hansom.wire import parse_time
from services.payments import replies, schemas
from services.payments.domain.clearing import Movement
from services.payments.domain.proof import Audit, ChargeMoney, PromoUse, TripMoney
from services.payments.storage import audits
from services.payments.storage.audit import audit
from services.payments.storage.movements import moved_of, moved_since
from services.payments.storage.questions import OF_PROVIDERS
from services.payments.usecases.auditing import last_due, run_audit
from services.payments.usecases.ports import ProviderRecord

log = logging.getLogger(__name__)

Payload = dict[str, Any]

OTHERS = ("trips", "pricing")
"""Services that look into themselves when the money is audited."""

OTHERS_DEADLINE_S = 100.0
PAGE_DEADLINE_S = 20.0
USES_PAGE = 1000

BROKEN = Gauge("payments_audit_broken", "Breaches that the last audit found")
FINISHED_AT = Gauge("payments_audit_finished_at_seconds", "When the last audit ended, in seconds of Unix time")


class Auditing:
    """What `PaymentsService` does about audits. `audit` only reads its own database; `run_audit` asks and keeps all."""

    config: Any
    store: Any
    clock: Any
    ids: Any
    rules: Any
    trips: Any
    pricing: Any
    provider: Any

    @rpc
    def audit(self, payload: Payload) -> Payload:
        with self.store.begin() as session:
            return {"checks": self._ask(session)}

    @rpc
    def run_audit(self, payload: Payload) -> Payload:
        return dict(replies.audit_reply(self._run(AuditCause.ASKED)))

    @rpc
    def list_audits(self, payload: Payload) -> Payload:
        request = load(schemas.LIST_AUDITS, payload)
        with self.store.begin() as session:
            found = audits.newest(session, request["limit"] + 1, request["cursor"])
        page = found[: request["limit"]]
        next_cursor = page[-1].id if len(found) > request["limit"] else None
        return {"items": [dict(replies.audit_reply(each)) for each in page], "next_cursor": next_cursor}

    def last_audit(self) -> Payload | None:
        """The newest audit without its checks; None when there is none yet."""
        with self.store.begin() as session:
            for found in audits.newest(session, 1):
                return {name: value for name, value in replies.audit_reply(found).items() if name != "checks"}
        return None

    @leader_timer(interval_s=60)
    def audit_nightly(self) -> None:
        """Once after each AUDIT_HOUR of the default city's clock; a night that was missed is made up for at once."""
        due = last_due(self.clock.now(), int(self.config["AUDIT_HOUR"]), self.rules.home.zone)
        with self.store.begin() as session:
            if audits.was_run_since(session, AuditCause.NIGHTLY, due):
                return
        self._run(AuditCause.NIGHTLY)

    def _run(self, cause: AuditCause) -> Audit:
        found = run_audit(_Witnesses(self), cause, self.clock.now, self.ids.new)
        with self.store.begin() as session:
            audits.keep(session, found)
        BROKEN.set(found.broken)
        FINISHED_AT.set(found.finished_at.timestamp())
        told = {"audit_id": found.id, "checked": found.checked, "broken": found.broken}
        if found.broken:
            names = [f"{check['service']}: {check['name']}" for check in found.checks if check["broken"]]
            log.error("the audit found what must not be", extra={**told, "checks": names})
        else:
            log.info("the audit found nothing", extra=told)
        return found

    def _ask(self, session: Any) -> list[Any]:
        # one snapshot for all questions, and as much time as it takes
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        session.execute(text("SET LOCAL statement_timeout = 0"))
        audits.lock_audit(session)
        return list(audit(session, self.config["PAYMENT_PROVIDER"]))


class _Witnesses:
    """`usecases.auditing.Witnesses`, of a worker."""

    def __init__(self, service: Auditing) -> None:
        self._service = service

    def own_checks(self) -> list[Any]:
        with self._service.store.begin() as session:
            return self._service._ask(session)

    def checks_of_others(self) -> dict[str, list[Any]]:
        replies_ = {name: getattr(self._service, name).call_async("audit", {}, OTHERS_DEADLINE_S) for name in OTHERS}
        return {name: reply.result()["checks"] for name, reply in replies_.items()}

    def promo_uses(self) -> dict[str, PromoUse]:
        uses: dict[str, PromoUse] = {}
        cursor = None
        while True:
            asked = {"limit": USES_PAGE, "cursor": cursor}
            page = self._service.pricing.call("list_promo_uses", asked, PAGE_DEADLINE_S)
            for item in page["items"]:
                if (use := promo_use(item)) is not None:
                    uses[item["trip_id"]] = use
            cursor = page["next_cursor"]
            if cursor is None:
                return uses

    def providers_list(self, moment: datetime) -> Iterable[ProviderRecord] | None:
        if self._service.config["PAYMENT_PROVIDER"] in OF_PROVIDERS:
            return None
        return self._service.provider.list_since(moment)

    def movements(self, moment: datetime, keys: Collection[str]) -> tuple[list[Movement], dict[str, Movement]]:
        with self._service.store.begin() as session:
            return moved_since(session, moment), moved_of(session, keys)

    def trips_after(self, trip_id: str, limit: int) -> list[TripMoney]:
        asked = {"after": trip_id, "limit": limit}
        return [trip_money(item) for item in self._service.trips.call("list_money", asked, PAGE_DEADLINE_S)["items"]]

    def charges_between(self, after: str, until: str | None) -> list[ChargeMoney]:
        with self._service.store.begin() as session:
            return audits.charges_between(session, after, until)


def trip_money(item: Mapping[str, Any]) -> TripMoney:
    """One item of `trips.list_money`."""
    fee = item["fee"]
    return TripMoney(
        trip_id=item["trip_id"],
        rider_id=item["rider_id"],
        driver_id=item["driver_id"],
        currency=item["fare"]["currency"],
        fare_minor=item["fare"]["amount_minor"],
        discount_minor=item["discount"]["amount_minor"],
        settled_at=parse_time(item["settled_at"]),
        cancelled_at=parse_time(item["cancelled_at"]),
        fee=None if fee is None else (fee["kind"], fee["amount"]["amount_minor"]),
        promo_code=item["promo_code"],
    )


def promo_use(item: Mapping[str, Any]) -> PromoUse | None:
    """One item of `pricing.list_promo_uses`; None for one that came to nothing, or has not come to anything yet."""
    used_at = parse_time(item["resolved_at"])
    if item["state"] != "used" or used_at is None:
        return None
    return PromoUse(item["code"], item["rider_id"], item["discount"]["amount_minor"], used_at)
