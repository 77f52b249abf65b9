"""Drivers' documents: what each hands in, and whether ops take it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from hansom.contracts.drivers import DocumentNotThere, DocumentState, UnknownDocument


class Verdict(StrEnum):
    """What ops can decide about a document."""

    ACCEPT = "accept"
    REJECT = "reject"


VERDICTS = {Verdict.ACCEPT: DocumentState.ACCEPTED, Verdict.REJECT: DocumentState.REJECTED}


@dataclass(frozen=True, slots=True)
class DocumentRules:
    """The kinds of documents that there are, in their order, and those without which nobody drives."""

    kinds: tuple[str, ...]
    required: frozenset[str]

    def __post_init__(self) -> None:
        unknown = self.required - set(self.kinds)
        if unknown:
            raise ValueError(f"DRIVER_DOCUMENTS_REQUIRED names what DRIVER_DOCUMENTS does not: {sorted(unknown)}")

    def must_know(self, kind: str) -> None:
        """Raises UnknownDocument."""
        if kind not in self.kinds:
            raise UnknownDocument(details={"kind": [f"One of: {', '.join(self.kinds)}."]})


@dataclass(frozen=True, slots=True)
class Document:
    """A document as handed in last. `expires_on`: its last day; None: it has none."""

    driver_id: str
    kind: str
    number: str
    expires_on: date | None
    state: DocumentState
    submitted_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = None


def submitted(driver_id: str, kind: str, number: str, expires_on: date | None, now: datetime) -> Document:
    """A document that waits to be looked at."""
    return Document(driver_id, kind, number, expires_on, DocumentState.SUBMITTED, now)


def is_same(before: Document | None, number: str, expires_on: date | None) -> bool:
    """Whether the very same was handed in before: handing it in again changes nothing, unless it was rejected."""
    if before is None or before.state is DocumentState.REJECTED:
        return False
    return (before.number, before.expires_on) == (number, expires_on)


def decided(document: Document | None, verdict: Verdict, by: str, reason: str | None, now: datetime) -> Document:
    """The document after a verdict; the very same object when it changes nothing. Raises DocumentNotThere."""
    if document is None:
        raise DocumentNotThere()
    state = VERDICTS[verdict]
    if state is document.state and reason == document.reason:
        return document
    return replace(document, state=state, decided_at=now, decided_by=by, reason=reason)


def state_of(document: Document | None, today: date) -> DocumentState:
    """How it stands with it on a day."""
    if document is None:
        return DocumentState.MISSING
    if document.expires_on is not None and document.expires_on < today:
        return DocumentState.EXPIRED
    return document.state


def wanting(rules: DocumentRules, documents: Iterable[Document], today: date) -> dict[str, str]:
    """Kind → state of the required documents that are not in order on a day, in the order of their kinds."""
    known: Mapping[str, Document] = {document.kind: document for document in documents}
    states = {kind: state_of(known.get(kind), today) for kind in rules.kinds if kind in rules.required}
    return {kind: state.value for kind, state in states.items() if state is not DocumentState.ACCEPTED}


def in_order(rules: DocumentRules, documents: Sequence[Document]) -> list[tuple[str, Document | None]]:
    """Each kind with what was handed in of it; what the settings no longer name comes last."""
    known = {document.kind: document for document in documents}
    kinds = [*rules.kinds, *sorted(known.keys() - set(rules.kinds))]
    return [(kind, known.get(kind)) for kind in kinds]
