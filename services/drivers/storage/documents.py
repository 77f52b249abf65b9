"""Drivers' documents in Postgres, inside one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session as Transaction

from hansom.contracts.drivers import DocumentState
from services.drivers.domain.documents import Document, Verdict
from services.drivers.storage.tables import decisions, document_verdicts, documents

DECISIONS_SHOWN = 100


def _document(row: Row[Any]) -> Document:
    return Document(**{**row._mapping, "state": DocumentState(row.state)})


class DocumentRows:
    """The documents that one transaction reads and changes."""

    _transaction: Transaction

    def documents_of(self, driver_id: str) -> list[Document]:
        """What a driver has handed in, as last committed."""
        found = self._transaction.execute(select(documents).where(documents.c.driver_id == driver_id))
        return [_document(row) for row in found]

    def lock_document(self, driver_id: str, kind: str) -> Document | None:
        """The document, held until the end of the transaction."""
        wanted = select(documents).where(documents.c.driver_id == driver_id, documents.c.kind == kind)
        row = self._transaction.execute(wanted.with_for_update()).first()
        return _document(row) if row else None

    def save_document(self, document: Document) -> None:
        """Write it in place of the one before."""
        row = {name: getattr(document, name) for name in document.__slots__} | {"state": document.state.value}
        statement = postgresql.insert(documents).values(row)
        kept = {name: statement.excluded[name] for name in row if name not in ("driver_id", "kind")}
        self._transaction.execute(statement.on_conflict_do_update(index_elements=["driver_id", "kind"], set_=kept))

    def add_verdict(self, document: Document, verdict: Verdict) -> None:
        """Write down who decided what about which document."""
        row = {name: getattr(document, name) for name in ("driver_id", "kind", "number", "reason")}
        by = {"verdict": verdict.value, "decided_by": document.decided_by, "decided_at": document.decided_at}
        self._transaction.execute(insert(document_verdicts).values({**row, **by}))

    def decisions_of(self, driver_id: str) -> list[tuple[str, str, str | None, datetime]]:
        """What ops decided about a driver, newest first, a hundred at most: decision, by whom, why, when."""
        columns = (decisions.c.decision, decisions.c.decided_by, decisions.c.reason, decisions.c.decided_at)
        wanted = select(*columns).where(decisions.c.driver_id == driver_id)
        found = self._transaction.execute(wanted.order_by(decisions.c.id.desc()).limit(DECISIONS_SHOWN))
        return [tuple(row) for row in found]
