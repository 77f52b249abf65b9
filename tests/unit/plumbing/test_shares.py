"""Which replica reads which queue, worked out by each replica for itself."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from hansom.sharing import shares

QUEUES = [f"location.positions.{number}" for number in range(8)]
replicas = st.sets(st.uuids().map(str), min_size=1, max_size=12)


@given(replicas, st.integers(1, 16))
def test_every_queue_has_one_owner_and_nobody_has_two_more_than_another(names: set[str], count: int) -> None:
    queues = [f"toy.{number}" for number in range(count)]
    owners = shares(queues, names)
    load = Counter(owners.values())
    assert set(owners) == set(queues)
    assert max(load.values()) - min(load[name] for name in names) <= 1


@given(st.lists(st.uuids().map(str), min_size=1, max_size=6, unique=True), st.randoms(use_true_random=False))
def test_all_work_out_the_same_in_whatever_order_they_heard_of_each_other(names: list[str], chance: Random) -> None:
    assert shares(QUEUES, chance.sample(names, len(names))) == shares(QUEUES, names)


def test_when_a_replica_goes_the_others_keep_most_of_what_they_had() -> None:
    before = shares(QUEUES, ["a", "b", "c", "d"])
    after = shares(QUEUES, ["a", "b", "c"])
    kept = [queue for queue in QUEUES if before[queue] != "d" and after[queue] == before[queue]]
    assert len(kept) >= 4
