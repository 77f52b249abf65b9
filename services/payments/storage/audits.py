"""Audits that were run, and what they compare with trips, in Postgres."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from hansom.contracts.payments import AuditCause, AuditRunning
from services.payments.domain.proof import Audit, ChargeMoney
from services.payments.storage.tables import audits, charges

_LOCK = "hansom.audit"


def lock_audit(session: Session) -> None:
    """Nobody else asks the questions until the transaction ends. Raises AuditRunning."""
    if not session.execute(select(func.pg_try_advisory_xact_lock(func.hashtext(_LOCK)))).scalar_one():
        raise AuditRunning()


def keep(session: Session, audit: Audit) -> None:
    session.execute(
        insert(audits).values(
            id=audit.id,
            cause=audit.cause.value,
            started_at=audit.started_at,
            finished_at=audit.finished_at,
            checked=audit.checked,
            broken=audit.broken,
            checks=list(audit.checks),
        )
    )


def newest(session: Session, limit: int, before: str | None = None) -> list[Audit]:
    """Audits, newest first, from the one after `before`."""
    query = select(audits).order_by(audits.c.id.desc()).limit(limit)
    found = session.execute(query if before is None else query.where(audits.c.id < before))
    return [_audit_of(row) for row in found]


def was_run_since(session: Session, cause: AuditCause, moment: datetime) -> bool:
    query = select(audits.c.id).where(audits.c.cause == cause.value, audits.c.started_at >= moment).limit(1)
    return session.execute(query).first() is not None


def charges_between(session: Session, after: str, until: str | None) -> list[ChargeMoney]:
    """Charges of trips with after < id <= until, of all after it when `until` is None."""
    columns = (charges.c.trip_id, charges.c.kind, charges.c.rider_id, charges.c.driver_id, charges.c.currency)
    amounts = (charges.c.fare_minor, charges.c.discount_minor, charges.c.created_at)
    query = select(*columns, *amounts).where(charges.c.trip_id > after)
    found = session.execute(query if until is None else query.where(charges.c.trip_id <= until))
    return [ChargeMoney(*row) for row in found]


def _audit_of(row: Any) -> Audit:
    return Audit(row.id, AuditCause(row.cause), row.started_at, row.finished_at, row.checks)
