"""Documents that drivers hand in: how it stands with each, and who may not work for want of one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from hansom.contracts.drivers import DocumentChanged, DocumentNotThere, DocumentState, UnknownDocument
from services.drivers.domain.documents import (
    Document,
    DocumentRules,
    Verdict,
    decided,
    handed_in,
    in_order,
    is_same,
    state_of,
    submitted,
    wanting,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = NOW.date()
RULES = DocumentRules(("driving_licence", "insurance"), frozenset({"driving_licence"}))


def a_document(kind: str = "driving_licence", expires_on: date | None = None) -> Document:
    return submitted("d", kind, "A-1", expires_on, NOW)


def accepted(document: Document) -> Document:
    return decided(document, Verdict.ACCEPT, "olga", None, NOW)


def test_what_was_handed_in_waits_until_somebody_decides() -> None:
    document = a_document()
    assert state_of(document, TODAY) is DocumentState.SUBMITTED
    assert state_of(accepted(document), TODAY) is DocumentState.ACCEPTED
    rejected = decided(accepted(document), Verdict.REJECT, "olga", "unreadable", NOW)
    assert (rejected.state, rejected.reason, rejected.decided_by) == (DocumentState.REJECTED, "unreadable", "olga")


def test_a_document_is_good_on_its_last_day_and_not_on_the_next() -> None:
    document = accepted(a_document(expires_on=TODAY))
    assert state_of(document, TODAY) is DocumentState.ACCEPTED
    assert state_of(document, TODAY + timedelta(days=1)) is DocumentState.EXPIRED


def test_nothing_can_be_decided_about_what_is_not_there() -> None:
    with pytest.raises(DocumentNotThere):
        decided(None, Verdict.ACCEPT, "olga", None, NOW)


def test_the_same_decision_again_changes_nothing() -> None:
    document = accepted(a_document())
    assert decided(document, Verdict.ACCEPT, "someone else", None, NOW) is document


def test_the_very_same_document_again_is_no_news_unless_it_was_rejected() -> None:
    document = accepted(a_document())
    assert is_same(document, "A-1", None)
    assert not is_same(document, "A-2", None)
    assert not is_same(document, "A-1", TODAY)
    assert not is_same(decided(document, Verdict.REJECT, "olga", "no", NOW), "A-1", None)


def test_what_takes_another_ones_place_is_told_apart_by_its_moment() -> None:
    first = a_document()
    early = submitted("d", first.kind, "A-2", None, NOW - timedelta(microseconds=900))
    second = handed_in(first, early)
    assert (second.number, second.submitted_at) == ("A-2", NOW + timedelta(milliseconds=1))
    assert handed_in(second, replace(second, submitted_at=NOW + timedelta(days=1))) is second
    assert handed_in(first, replace(early, submitted_at=NOW + timedelta(days=1))).submitted_at.day == NOW.day + 1


def test_what_was_replaced_since_it_was_looked_at_is_not_decided_about() -> None:
    document = replace(a_document(), submitted_at=NOW + timedelta(microseconds=123456))
    seen = NOW + timedelta(milliseconds=123)
    assert decided(document, Verdict.ACCEPT, "olga", None, NOW, seen=seen).state is DocumentState.ACCEPTED
    with pytest.raises(DocumentChanged):
        decided(document, Verdict.ACCEPT, "olga", None, NOW, seen=seen - timedelta(milliseconds=1))
    with pytest.raises(DocumentChanged):
        decided(accepted(document), Verdict.ACCEPT, "olga", None, NOW, seen=NOW)


def test_only_required_documents_are_wanted() -> None:
    assert wanting(RULES, [], TODAY) == {"driving_licence": "missing"}
    assert wanting(RULES, [a_document()], TODAY) == {"driving_licence": "submitted"}
    late = accepted(a_document(expires_on=TODAY - timedelta(days=1)))
    assert wanting(RULES, [late], TODAY) == {"driving_licence": "expired"}
    assert wanting(RULES, [accepted(a_document())], TODAY) == {}


def test_every_kind_is_listed_and_what_the_settings_gave_up_comes_last() -> None:
    old = a_document("passport")
    assert in_order(RULES, [old]) == [("driving_licence", None), ("insurance", None), ("passport", old)]


def test_a_kind_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(UnknownDocument) as refused:
        RULES.must_know("passport")
    assert refused.value.details == {"kind": ["One of: driving_licence, insurance."]}


def test_nothing_is_required_that_cannot_be_handed_in() -> None:
    with pytest.raises(ValueError, match="passport"):
        DocumentRules(("insurance",), frozenset({"passport"}))
