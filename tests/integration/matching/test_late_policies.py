"""A policy that is not ready in time: the batch goes out all the same, and says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from eventlet import patcher
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook

from services.matching.domain.model import Batch, Proposal, Rules
from services.matching.domain.policies import nearest
from services.matching.settings import POLICIES
from tests.support.dispatch import FAR, NEAR, Teller, World, request
from tests.support.waiting import eventually

threading = patcher.original("threading")


class Stuck:
    """A policy that thinks until it is let go, in whatever thread it is asked."""

    def __init__(self) -> None:
        self.asked, self.let_go = 0, threading.Event()

    def __call__(self, batch: Batch, rules: Rules) -> Proposal:
        self.asked += 1
        self.let_go.wait(20)
        return nearest(batch, rules)


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stuck]:
    policy = Stuck()
    monkeypatch.setitem(POLICIES, "batch", policy)
    yield policy
    policy.let_go.set()


def decided(matching: ServiceContainer) -> tuple[str, str | None]:
    with entrypoint_hook(matching, "status") as status:
        city = status({})["cities"]["helsinki"]
    return city["decided_by"], city["fallback"]


@pytest.mark.usefixtures("redis", "database")
def test_a_late_policy_leaves_its_batch_to_nearest_eta_and_never_thinks_twice_at_once(
    start: Callable[..., ServiceContainer], partners: World, teller: Teller, stuck: Stuck
) -> None:
    matching = start(MATCHING_SOLVE_S=0.05)
    partners.drivers |= {"far": FAR, "near": NEAR}
    first = request(partners, teller)
    assert eventually(lambda: partners.offer_of(first))["driver_id"] == "near"
    eventually(lambda: decided(matching) == ("nearest_eta", "deadline"))
    second = request(partners, teller)
    assert eventually(lambda: partners.offer_of(second))["driver_id"] == "far"
    eventually(lambda: decided(matching) == ("nearest_eta", "still_solving"))
    assert stuck.asked == 1
    stuck.let_go.set()
    partners.drivers["third"] = NEAR
    third = request(partners, teller)
    eventually(lambda: partners.offer_of(third))
    eventually(lambda: decided(matching) == ("batch", None))
    assert recorded(matching, first) == ("nearest_eta", "deadline")


def recorded(matching: ServiceContainer, trip_id: str) -> tuple[str, str | None]:
    """Who decided the batch that offered the trip, and why not the city's policy, as operators read it."""

    def told() -> list[dict[str, Any]]:
        with entrypoint_hook(matching, "get_decisions") as get_decisions:
            return [each for each in get_decisions({"trip_id": trip_id})["batches"] if each["offered_to"]]

    batch = eventually(told)[0]
    return batch["policy"], batch["fallback"]
