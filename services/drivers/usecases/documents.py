"""What can be done with drivers' documents, and a driver's whole record for ops."""

from __future__ import annotations

from datetime import date
from typing import Any

from hansom.contracts.drivers import DecideDocument, DocumentReply, SubmitDocument, UnknownDriver
from hansom.wire import iso
from services.drivers.domain import documents
from services.drivers.domain.documents import Document, DocumentRules, Verdict
from services.drivers.usecases import Unit, Units, driver_reply

DECIDED = {"approve": "approved", "suspend": "suspended"}


def document_reply(kind: str, document: Document | None, rules: DocumentRules, today: date) -> DocumentReply:
    """A kind of document, handed in or not."""
    return {
        "kind": kind,
        "required": kind in rules.required,
        "state": documents.state_of(document, today).value,
        "number": document.number if document else None,
        "expires_at": document.expires_on.isoformat() if document and document.expires_on else None,
        "submitted_at": iso(document.submitted_at) if document else None,
        "decided_at": iso(document.decided_at) if document else None,
        "decided_by": document.decided_by if document else None,
        "reason": document.reason if document else None,
    }


def list_documents(units: Units, driver_id: str) -> dict[str, Any]:
    """Every kind, in the order of the settings. Raises UnknownDriver."""
    with units() as unit:
        _must_be_there(unit, driver_id)
        return {"items": _replies(unit, driver_id)}


def submit_document(units: Units, command: SubmitDocument) -> DocumentReply:
    """Hand a document in, or another in its place: it waits to be looked at. Raises UnknownDriver, UnknownDocument."""
    with units() as unit:
        unit.documents.must_know(command.kind)
        _must_be_there(unit, command.driver_id)
        new = documents.submitted(command.driver_id, command.kind, command.number, command.expires_on, unit.now)
        before = unit.rows.add_or_lock_document(new)
        after = documents.handed_in(before, new)
        if after is not before:
            unit.rows.save_document(after)
        return _reply(unit, after)


def decide_document(units: Units, command: DecideDocument) -> DocumentReply:
    """Accept or reject what was handed in; what the driver replaces at this moment is decided before, or not at all.

    Raises UnknownDriver, UnknownDocument, DocumentNotThere, DocumentChanged.
    """
    with units() as unit:
        unit.documents.must_know(command.kind)
        _must_be_there(unit, command.driver_id)
        before = unit.rows.lock_document(command.driver_id, command.kind)
        verdict = Verdict(command.verdict)
        by, reason = command.decided_by, command.reason
        after = documents.decided(before, verdict, by, reason, unit.now, seen=command.submitted_at)
        if after is not before:
            unit.rows.save_document(after)
            unit.rows.add_verdict(after, verdict)
        return _reply(unit, after)


def get_record(units: Units, driver_id: str) -> dict[str, Any]:
    """All that this service knows of a driver: `driver_reply`, `decisions` newest first, `documents`.

    Raises UnknownDriver.
    """
    with units() as unit:
        found = unit.rows.find([driver_id])
        if not found:
            raise UnknownDriver()
        decisions = unit.rows.decisions_of(driver_id)
        return {
            **driver_reply(found[0]),
            "decisions": [
                {"at": iso(at), "approval": DECIDED[decision], "reason": reason, "by": by}
                for decision, by, reason, at in decisions
            ],
            "documents": _replies(unit, driver_id),
        }


def _replies(unit: Unit, driver_id: str) -> list[DocumentReply]:
    ordered = documents.in_order(unit.documents, unit.rows.documents_of(driver_id))
    return [document_reply(kind, document, unit.documents, unit.now.date()) for kind, document in ordered]


def _reply(unit: Unit, document: Document) -> DocumentReply:
    return document_reply(document.kind, document, unit.documents, unit.now.date())


def _must_be_there(unit: Unit, driver_id: str) -> None:
    if not unit.rows.find([driver_id]):
        raise UnknownDriver()
