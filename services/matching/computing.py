"""Policies at work in threads of their own, no longer than a batch can wait for them."""

from __future__ import annotations

import time
from typing import Any

import eventlet
from eventlet import tpool
from nameko.extensions import DependencyProvider
from prometheus_client import Counter, Histogram

from services.matching.domain.model import Batch, Policy, Proposal, Rules
from services.matching.usecases.ports import PolicyLate

SECONDS = Histogram(
    "matching_policy_seconds",
    "Time in which a city's policy decided a batch",
    ["city"],
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LATE = Counter("matching_policy_late_total", "Batches that the policy was too late for", ["city", "why"])


class Computing(DependencyProvider):
    """Gives a worker a `ports.Compute`.

    A thread cannot be stopped: a policy that is late works on, and until it has finished its city's next batches are
    told so at once. So there is never more than one such thread for a city. The deadline is kept by the event loop,
    which a thread may hold up: by some milliseconds while it runs Python, as long as `solver.py` says while it solves.
    """

    def setup(self) -> None:
        self._at_work: set[str] = set()

    def get_dependency(self, worker_ctx: Any) -> Computing:
        return self

    def __call__(self, city: str, policy: Policy, batch: Batch, rules: Rules, within_s: float | None) -> Proposal:
        """What the policy proposes. Raises PolicyLate after `within_s` seconds; None: it is waited for."""
        if within_s is None:
            return tpool.execute(policy, batch, rules)
        if city in self._at_work:
            raise self._late(city, "still_solving")
        self._at_work.add(city)
        with eventlet.Timeout(within_s, False):
            proposal, spent_s = tpool.execute(self._work, city, policy, batch, rules)
            SECONDS.labels(city).observe(spent_s)
            return proposal
        raise self._late(city, "deadline")

    def _work(self, city: str, policy: Policy, batch: Batch, rules: Rules) -> tuple[Proposal, float]:
        began = time.perf_counter()
        try:
            return policy(batch, rules), time.perf_counter() - began
        finally:
            self._at_work.discard(city)

    @staticmethod
    def _late(city: str, why: str) -> PolicyLate:
        LATE.labels(city, why).inc()
        return PolicyLate(why)
