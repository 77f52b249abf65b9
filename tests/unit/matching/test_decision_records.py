"""What is kept of a batch, for the trip and for the driver, and what it says in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from hansom.contracts.matching import Answer, Dropped
from hansom.values import Point
from services.matching.domain.model import Considered, Proposal, WaitingTrip
from services.matching.domain.outcome import MadeOffer, Outcome, RefusedOffer
from services.matching.domain.summary import ANSWERS, OTHERS, Asked, Look, summarise
from services.matching.record_schemas import MAX_TRIPS, write_decisions, write_decisions_reply, write_seen
from services.matching.usecases import ClosedBatch, Moment

BEGAN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PICKUP = Point(60.17, 24.94)


def a_pair(
    trip_id: str, driver_id: str, eta_s: float | None, dropped: Dropped | None = None, **more: Any
) -> Considered:
    return Considered(trip_id, driver_id, 100.0, eta_s, eta_s, dropped, **more)


def a_closed_batch(*pairs: Considered, outcome: Outcome, **proposal: Any) -> ClosedBatch:
    dispatch: Any = SimpleNamespace(city="helsinki", policy_name="foresight")
    trips = [WaitingTrip(trip_id, "standard", PICKUP, 4.04) for trip_id in dict.fromkeys(p.trip_id for p in pairs)]
    moment = Moment("b1", "2026-03-02T12:00:00.000Z", 0)
    return ClosedBatch(dispatch, moment, trips, Proposal(pairs, **proposal), outcome, estimated=False)


def a_look(seconds: float, considered: dict[str, str | None], **more: Any) -> Look:
    about = {"policy": "batch", "fallback": None, "estimated": False, **more}
    return Look(BEGAN + timedelta(seconds=seconds), considered=considered, **about)


# -- what is kept ------------------------------------------------------------------------------------------------------
def test_a_trip_s_record_has_every_driver_with_the_parts_of_his_score() -> None:
    offered = a_pair("t", "near", 60.0, parts={"road": 61.234, "waited": -1.234})
    held = a_pair("t", "late", 40.0, Dropped.HELD, free_in_s=12.34)
    outcome = Outcome((MadeOffer("t", "near", "o1", 1),))
    closed = a_closed_batch(offered, held, outcome=outcome, policy="nearest_eta", fallback="deadline")
    [record] = write_decisions(closed)
    assert (record["policy"], record["fallback"], record["waited_s"]) == ("nearest_eta", "deadline", 4.0)
    first, second = record["considered"]
    assert (first["offer_id"], first["dropped"], first["parts"]) == ("o1", None, {"road": 61.23, "waited": -1.23})
    assert (second["offer_id"], second["dropped"], second["free_in_s"]) == (None, "held", 12.3)


def test_the_city_s_policy_is_named_when_the_proposal_names_none() -> None:
    [record] = write_decisions(a_closed_batch(a_pair("t", "d", 60.0), outcome=Outcome()))
    assert record["policy"] == "foresight"
    assert record["considered"][0]["dropped"] == "refused:unknown"


def test_a_driver_s_record_says_of_each_trip_why_and_how_far_behind_he_was() -> None:
    closed = a_closed_batch(
        a_pair("t1", "d1", 60.0),
        a_pair("t1", "d2", 150.0, Dropped.ANOTHER_DRIVER),
        a_pair("t2", "d2", 90.0),
        a_pair("t3", "d2", None, Dropped.NO_ROAD),
        outcome=Outcome((MadeOffer("t1", "d1", "o1", 1),), (RefusedOffer("t2", "d2", "driver_not_free"),)),
    )
    first, second = write_seen(closed)
    assert (first["driver_id"], first["trips"]) == ("d1", [["t1", "offered", 60.0, None]])
    assert second["trips"] == [
        ["t2", "refused:driver_not_free", 90.0, None],
        ["t1", "another_driver", 150.0, 90.0],
        ["t3", "no_road", None, None],
    ]


def test_a_driver_s_record_is_bounded_and_keeps_what_he_was_offered() -> None:
    pairs = [a_pair(f"t{n}", "d", float(n), Dropped.ANOTHER_TRIP) for n in range(2 * MAX_TRIPS)]
    pairs.append(a_pair("far", "d", 900.0))
    outcome = Outcome((MadeOffer("far", "d", "o1", 1),))
    [seen] = write_seen(a_closed_batch(*pairs, outcome=outcome))
    assert (len(seen["trips"]), seen["looked"]) == (MAX_TRIPS, 2 * MAX_TRIPS + 1)
    assert seen["trips"][0][:2] == ["far", "offered"]


def test_an_answer_says_how_long_it_took() -> None:
    [record] = write_decisions(a_closed_batch(a_pair("t", "d", 60.0), outcome=Outcome((MadeOffer("t", "d", "o1", 1),))))
    answer = {"made_at": BEGAN, "answered_at": BEGAN + timedelta(seconds=4.5), "answer": "declined", "offer_id": "o1"}
    reply = write_decisions_reply("t", [{**record, "batch_at": BEGAN}], {"d": answer})
    assert [(line["answer"], line["delay_s"]) for line in reply["items"]] == [("declined", 4.5)]
    assert reply["batches"][0]["offered_to"] == "d"
    assert reply["summary"] == "1 driver was looked at in 1 batch. 1 was asked: 1 declined."


# -- in words ----------------------------------------------------------------------------------------------------------
def test_the_summary_tells_who_was_asked_and_why_the_others_were_not() -> None:
    looks = [
        a_look(0, {"a": None, "b": "another_driver", "c": "too_far", "d": "too_far"}),
        a_look(2, {}),
        a_look(
            4,
            {"b": None, "c": "too_far", "d": "refused:driver_not_free"},
            policy="nearest_eta",
            fallback="deadline",
            estimated=True,
        ),
    ]
    asked = [Asked("a", Answer.DECLINED, 2.0), Asked("b", Answer.ACCEPTED, 6.2)]
    assert summarise(looks, asked) == (
        "4 drivers were looked at in 3 batches, over 4 s. In 1 of them none was near. "
        "2 were asked: 1 declined, 1 accepted (after 6 s). "
        "Not asked: 1 was too far away, 1 was not free after all. "
        "In 1 batch `nearest_eta` decided, as the city's own policy was not ready in time. "
        "In 1 batch road times were estimates."
    )


def test_the_summary_tells_that_nobody_was_near() -> None:
    looks = [a_look(2 * n, {}) for n in range(60)]
    assert summarise(looks, []) == "No free driver was near in 60 batches, over 2 min. Nobody was asked."


def test_every_reason_and_answer_has_words() -> None:
    assert set(OTHERS) == set(Dropped)
    assert set(ANSWERS) == set(Answer)


def test_the_summary_of_a_trip_that_no_batch_saw_says_so() -> None:
    assert summarise([], []) == "No batch has looked at this trip."


def test_the_summary_counts_an_offer_whose_batch_was_not_recorded() -> None:
    assert summarise([], [Asked("a", None, None)]) == "1 was asked: 1 had not answered."
