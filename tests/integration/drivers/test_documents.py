"""Documents on a real database: handed in, decided upon, required."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import eventlet
import pytest
from sqlalchemy import select, text

from hansom.contracts.drivers import (
    DecideDriver,
    DocumentChanged,
    DocumentNotThere,
    DocumentsMissing,
    SetAvailability,
    SubmitDocument,
    UnknownDocument,
    UnknownDriver,
)
from hansom.contracts.errors import Invalid
from hansom.store import Transactions
from hansom.wire import iso
from services.drivers import usecases
from services.drivers.domain.documents import DocumentRules
from services.drivers.storage.drivers import DriverRows
from services.drivers.storage.tables import document_verdicts
from services.drivers.usecases import Unit, Units, documents
from tests.support.identity import VEHICLE, Call, a_driver_registration, an_email, at_once
from tests.support.waiting import eventually

OLGA = {"user_id": "olga", "role": "ops"}
REQUIRING = DocumentRules(("driving_licence", "insurance"), frozenset({"driving_licence"}))


@pytest.fixture
def driver_id(drivers: Call) -> str:
    return drivers("register_driver", **a_driver_registration())["user"]["id"]


@pytest.fixture
def requiring(strict_units: Units) -> Callable[..., Any]:
    """Transactions of a place where a driving licence is required, and newcomers would be approved at once."""

    @contextmanager
    def units() -> Iterator[Unit]:
        with strict_units() as unit:
            yield replace(unit, auto_approve=True, documents=REQUIRING)

    return units


def test_a_document_is_handed_in_and_decided_upon(drivers: Call, driver_id: str, store: Transactions) -> None:
    hand_in = partial(drivers, "submit_document", driver_id=driver_id, kind="insurance", expires_at="2999-12-31")
    assert hand_in(number="A-1")["state"] == "submitted"
    decide = partial(drivers, "decide_document", driver_id=driver_id, kind="insurance", actor=OLGA)
    rejected = decide(verdict="reject", reason="unreadable")
    assert (rejected["state"], rejected["reason"], rejected["decided_by"]) == ("rejected", "unreadable", "olga")
    assert hand_in(number="A-1")["state"] == "submitted", "the same may be handed in again after a no"
    accepted = decide(verdict="accept")
    assert (accepted["state"], accepted["expires_at"], accepted["reason"]) == ("accepted", "2999-12-31", None)
    assert hand_in(number="A-1")["state"] == "accepted", "once more changes nothing"
    assert hand_in(number="A-2")["state"] == "submitted", "another one is looked at anew"

    record = drivers("get_record", driver_id=driver_id)
    assert {each["kind"]: each["state"] for each in record["documents"]} == {
        "driving_licence": "missing",
        "taxi_licence": "missing",
        "vehicle_registration": "missing",
        "insurance": "submitted",
    }
    assert drivers("list_documents", driver_id=driver_id)["items"] == record["documents"]
    with store.begin() as session:
        kept = session.execute(select(document_verdicts).where(document_verdicts.c.driver_id == driver_id)).all()
    assert [(row.verdict, row.number, row.decided_by) for row in kept] == [
        ("reject", "A-1", "olga"),
        ("accept", "A-1", "olga"),
    ]


def test_ten_hands_hand_the_same_in_at_once(drivers: Call, driver_id: str) -> None:
    hand_in = partial(drivers, "submit_document", driver_id=driver_id, kind="insurance", number="A-1")
    assert {reply["state"] for reply in at_once(*[hand_in] * 10)} == {"submitted"}


def test_what_was_replaced_since_it_was_seen_is_not_decided_about(drivers: Call, driver_id: str) -> None:
    hand_in = partial(drivers, "submit_document", driver_id=driver_id, kind="insurance")
    accept = partial(drivers, "decide_document", driver_id=driver_id, kind="insurance", verdict="accept", actor=OLGA)
    seen = hand_in(number="A-1")["submitted_at"]
    now = hand_in(number="A-2")
    with pytest.raises(DocumentChanged):
        accept(submitted_at=seen)
    assert drivers("list_documents", driver_id=driver_id)["items"][-1] == now, "nothing is decided"
    accepted = accept(submitted_at=now["submitted_at"])
    assert (accepted["state"], accepted["number"]) == ("accepted", "A-2")
    assert accept(submitted_at=now["submitted_at"]) == accepted, "and it is safe to repeat"
    assert accept()["state"] == "accepted", "who does not say what he saw decides about what is there"


def test_a_document_that_is_replaced_while_it_is_decided_about_waits_for_another_look(
    drivers: Call, driver_id: str, store: Transactions
) -> None:
    drivers("submit_document", driver_id=driver_id, kind="insurance", number="A-1")
    with store.begin() as session:
        rows = DriverRows(session)
        before = rows.lock_document(driver_id, "insurance")
        assert before is not None
        accept = {"verdict": "accept", "actor": OLGA, "submitted_at": iso(before.submitted_at)}
        deciding = eventlet.spawn(drivers, "decide_document", driver_id=driver_id, kind="insurance", **accept)
        eventually(lambda: waits_for_a_document(store), why="the verdict waits for the row")
        rows.save_document(replace(before, number="A-2", submitted_at=before.submitted_at + timedelta(milliseconds=1)))
    with pytest.raises(DocumentChanged):
        deciding.wait()
    *_, document = drivers("list_documents", driver_id=driver_id)["items"]
    assert (document["number"], document["state"], document["decided_by"]) == ("A-2", "submitted", None)


def test_documents_of_one_moment_are_told_apart(drivers: Call, driver_id: str) -> None:
    hand_in = partial(drivers, "submit_document", driver_id=driver_id, kind="insurance")
    moments = [reply["submitted_at"] for reply in at_once(*[partial(hand_in, number=f"A-{n}") for n in range(10)])]
    assert len(set(moments)) == 10


def waits_for_a_document(store: Transactions) -> bool:
    """Whether somebody waits until a document's row is let go."""
    asked = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%documents%'")
    with store.begin() as session:
        return session.execute(asked).scalar_one() > 0


def test_what_is_not_there_is_refused(drivers: Call, driver_id: str) -> None:
    with pytest.raises(UnknownDriver):
        drivers("submit_document", driver_id="nobody", kind="insurance", number="A-1")
    with pytest.raises(UnknownDriver):
        drivers("get_record", driver_id="nobody")
    with pytest.raises(UnknownDocument):
        drivers("submit_document", driver_id=driver_id, kind="love_letter", number="A-1")
    with pytest.raises(DocumentNotThere):
        drivers("decide_document", driver_id=driver_id, kind="insurance", verdict="accept", actor=OLGA)
    with pytest.raises(Invalid):
        drivers("submit_document", driver_id=driver_id, kind="insurance", number="A-1", expires_at="tomorrow")


def test_a_record_says_what_was_decided_newest_first(drivers: Call, driver_id: str) -> None:
    drivers("suspend_driver", driver_id=driver_id, actor=OLGA, reason="papers")
    drivers("approve_driver", driver_id=driver_id, actor=OLGA)
    decisions = drivers("get_record", driver_id=driver_id)["decisions"]
    assert [(each["approval"], each["reason"], each["by"]) for each in decisions] == [
        ("approved", None, "olga"),
        ("suspended", "papers", "olga"),
    ]


def test_without_a_required_document_nobody_is_approved_or_goes_online(requiring: Units) -> None:
    driver_id = an_email()
    usecases.add_registered(
        requiring, [{"user_id": driver_id, "role": "driver", "name": "Petra Pending", "vehicle": VEHICLE}]
    )
    assert usecases.get_driver(requiring, driver_id)["approval"] == "pending", "not at once: a document is waited for"
    with pytest.raises(DocumentsMissing) as refused:
        usecases.approve_driver(requiring, DecideDriver(driver_id, "olga"))
    assert refused.value.details == {"documents": {"driving_licence": "missing"}}

    documents.submit_document(requiring, SubmitDocument(driver_id, "driving_licence", "A-1"))
    documents.decide_document(requiring, documents.DecideDocument(driver_id, "driving_licence", "accept", "olga"))
    assert usecases.approve_driver(requiring, DecideDriver(driver_id, "olga"))["approval"] == "approved"
    assert usecases.set_availability(requiring, SetAvailability(driver_id, True)).online
    usecases.set_availability(requiring, SetAvailability(driver_id, False))
    documents.decide_document(
        requiring, documents.DecideDocument(driver_id, "driving_licence", "reject", "olga", "forged")
    )
    with pytest.raises(DocumentsMissing):
        usecases.set_availability(requiring, SetAvailability(driver_id, True))
