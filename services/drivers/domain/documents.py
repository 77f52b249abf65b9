"""Drivers' documents: what each hands in, and whether ops take it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from hansom.contracts.drivers import DocumentChanged, DocumentNotThere, DocumentState, UnknownDocument


class Verdict(StrEnum):
    """What ops can decide about a document."""

    ACCEPT = "accept"
    REJECT = "reject"


A_MOMENT = timedelta(milliseconds=1)
"""What the wire tells apart."""

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


def is_same(before: Document, number: str, expires_on: date | None) -> bool:
    """Whether the very same was handed in before: handing it in again changes nothing, unless it was rejected."""
    if before.state is DocumentState.REJECTED:
        return False
    return (before.number, before.expires_on) == (number, expires_on)


def handed_in(before: Document, document: Document) -> Document:
    """What there is once `document` is handed in: `before` when it is the very same, else the new one.

    The new one is a millisecond later at least, however near they come: by that moment people say which they looked at.
    """
    if is_same(before, document.number, document.expires_on):
        return before
    return replace(document, submitted_at=max(document.submitted_at, before.submitted_at + A_MOMENT))


def decided(
    document: Document | None,
    verdict: Verdict,
    by: str,
    reason: str | None,
    now: datetime,
    *,
    seen: datetime | None = None,
) -> Document:
    """The document after a verdict; the very same object when it changes nothing.

    `seen`: when the one was handed in that was looked at, to the millisecond as the wire tells it; None: nobody says.
    Raises DocumentNotThere, DocumentChanged.
    """
    if document is None:
        raise DocumentNotThere()
    if seen is not None and _to_the_millisecond(seen) != _to_the_millisecond(document.submitted_at):
        raise DocumentChanged()
    state = VERDICTS[verdict]
    if state is document.state and reason == document.reason:
        return document
    return replace(document, state=state, decided_at=now, decided_by=by, reason=reason)


def _to_the_millisecond(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


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
