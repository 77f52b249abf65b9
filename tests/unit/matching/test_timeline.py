"""What batches did for a trip is told in few moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hansom.contracts.timeline import Code
from services.matching.domain.timeline import Batch, Promise, looks, promises

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def a_batch(after_s: float, considered: dict[str, str | None], policy: str = "batch") -> Batch:
    return Batch(NOON + timedelta(seconds=after_s), policy, None, False, considered)


def test_batches_that_came_to_the_same_nothing_are_one_moment() -> None:
    [moment] = looks([a_batch(0, {}), a_batch(2, {}), a_batch(4, {})])
    assert moment.at == NOON
    assert (moment.values["batches"], moment.values["for_s"], moment.values["drivers"]) == (3, 4.0, 0)


def test_a_batch_that_made_an_offer_stands_alone() -> None:
    near, far = {"a": None, "b": "another_driver"}, {"b": "too_far"}
    told = [(each.values["offered"], each.values["batches"]) for each in looks([a_batch(0, near), a_batch(2, near)])]
    assert told == [(1, 1), (1, 1)]
    told = [(each.values["offered"], each.values["batches"]) for each in looks([a_batch(0, far), a_batch(2, near)])]
    assert told == [(0, 1), (1, 1)]


def test_other_reasons_and_another_policy_begin_a_new_moment() -> None:
    batches = [a_batch(0, {"a": "too_far"}), a_batch(2, {"a": "finishing"}), a_batch(4, {"a": "finishing"}, "nearest")]
    moments = looks(batches)
    assert [each.values["dropped"] for each in moments] == [{"too_far": 1}, {"finishing": 1}, {"finishing": 1}]
    assert [each.values["policy"] for each in moments] == ["batch", "batch", "nearest"]


def test_everybody_who_was_looked_at_counts_once() -> None:
    [moment] = looks([a_batch(0, {"a": "too_far"}), a_batch(2, {"a": "too_far", "b": "too_far"})])
    assert moment.values["drivers"] == 2


def test_only_what_was_promised_is_told() -> None:
    kept = [Promise(NOON, None, None, "assigned"), Promise(NOON, 120.0, 90.0, "assigned")]
    [moment] = promises(kept)
    assert (moment.code, moment.values) == (
        Code.WAIT_PROMISED,
        {"about_s": 120.0, "actual_s": 90.0, "how": "assigned"},
    )
