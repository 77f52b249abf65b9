"""Drivers' documents in Postgres, inside one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session as Transaction

from hansom.contracts.drivers import DocumentState
from services.drivers.domain.documents import Document, Verdict
from services.drivers.storage.tables import decisions, document_verdicts, documents

DECISIONS_SHOWN = 100


def _document(row: Row[Any]) -> Document:
    return Document(**{**row._mapping, "state": DocumentState(row.state)})


def _row(document: Document) -> dict[str, Any]:
    return {name: getattr(document, name) for name in document.__slots__} | {"state": document.state.value}


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

    def add_or_lock_document(self, new: Document) -> Document:
        """The document that is there, or the new one where none is, held until the end of the transaction.

        Two statements: the second sees what the first had to wait for.
        """
        self._transaction.execute(postgresql.insert(documents).values(_row(new)).on_conflict_do_nothing())
        held = self.lock_document(new.driver_id, new.kind)
        assert held is not None, "documents are never taken away"
        return held

    def save_document(self, document: Document) -> None:
        """Write a document that this transaction has locked."""
        its_own = (documents.c.driver_id == document.driver_id, documents.c.kind == document.kind)
        self._transaction.execute(update(documents).where(*its_own).values(_row(document)))

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
