"""The batch loop: one leader for each city closes a window every BATCH_WINDOW_S seconds."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import eventlet
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint
from redis.exceptions import RedisError

from hansom.cities import cities
from hansom.leader import RedisLease
from hansom.redis import live_redis
from services.matching.domain.schedule import Schedule
from services.matching.storage.redis import WaitingPool, lease_key
from services.matching.usecases import BatchResult

log = logging.getLogger(__name__)

LOOK_S = 0.1
"""How often the leader looks whether a window closes."""

RENEWALS = 5
"""Times a lease is renewed in its life."""

REDIS_PAUSE_S = 0.5

STOP_S = 3


@dataclass(slots=True)
class _Lead:
    """What one process knows about leading one city. Times are seconds since 1970."""

    city: str
    lease: RedisLease
    schedule: Schedule
    leads: bool = False
    renew_at: float = 0.0
    rebuild_at: float = 0.0
    busy: bool = False
    failing: bool = False


class BatchWindows(Entrypoint):
    """Entrypoint: `method(city, rebuild)` is called in the city's leader whenever a window closes, one call at a time.

    A call that raises is logged and the next window tries again. With `rebuild` the pool is rebuilt first: after the
    lead was taken, every MATCHING_RECONCILE_S seconds, and when a batch found the pool stale or failed.
    """

    def setup(self) -> None:
        config = self.container.config
        self.ttl_s = float(config["MATCHING_LEASE_S"])
        self.reconcile_s = float(config["MATCHING_RECONCILE_S"])
        self.window_s, self.min_wait_s = float(config["BATCH_WINDOW_S"]), float(config["MATCHING_MIN_WAIT_S"])
        self.cities = list(cities(config))
        self._stopping = False
        self._loops: list[Any] = []

    def start(self) -> None:
        for city in self.cities:
            loop = self.container.spawn_managed_thread(lambda city=city: self._run(city), identifier=f"matching.{city}")
            self._loops.append(loop)

    def stop(self) -> None:
        """Give the leads back before the process goes."""
        self._stopping = True
        with eventlet.Timeout(STOP_S, False):
            for loop in self._loops:
                loop.wait()

    def kill(self) -> None:
        self._stopping = True

    def _run(self, city: str) -> None:
        client = live_redis(self.container.config)
        pool = WaitingPool(client)
        schedule = Schedule(self.window_s, self.min_wait_s)
        lead = _Lead(city, RedisLease(client, lease_key(city), self.ttl_s), schedule)
        while not self._stopping:
            try:
                self._look(lead, pool)
                lead.failing = False
                eventlet.sleep(LOOK_S)
            except RedisError as exc:
                if not lead.failing:
                    log.warning("dispatch waits for Redis", extra={"city": city, "error": str(exc)[:200]})
                lead.failing, lead.renew_at = True, 0.0
                eventlet.sleep(REDIS_PAUSE_S)
        self._give_back(lead)
        client.close()

    def _look(self, lead: _Lead, pool: WaitingPool) -> None:
        now_s = time.time()
        if not self._holds(lead, now_s) or lead.busy:
            return
        newest_ms = pool.newest_ms(lead.city)
        lead.schedule.note_arrival(newest_ms / 1000 if newest_ms is not None else None)
        if lead.schedule.due(now_s):
            self._close(lead, now_s)

    def _holds(self, lead: _Lead, now_s: float) -> bool:
        """Whether this process leads the city; renews the lease in time. Raises RedisError."""
        if lead.leads and now_s < lead.renew_at <= now_s + self.ttl_s:
            return True
        led, lead.leads = lead.leads, lead.lease.hold()
        lead.renew_at = now_s + self.ttl_s / RENEWALS
        if lead.leads and not led:
            log.info("leads the dispatch", extra={"city": lead.city})
            lead.rebuild_at = 0.0
        if not lead.leads:
            # nothing to do before the other's lease may be over; looks more often cost Redis for nothing
            eventlet.sleep(min(1.0, self.ttl_s / RENEWALS))
        return lead.leads

    def _close(self, lead: _Lead, now_s: float) -> None:
        rebuild = now_s >= lead.rebuild_at or lead.rebuild_at > now_s + self.reconcile_s
        lead.busy = True

        def handle_result(worker_ctx: Any, result: BatchResult | None, exc_info: Any) -> tuple[Any, Any]:
            lead.busy = False
            if exc_info is not None or result is None:
                lead.rebuild_at = 0.0
                lead.schedule.closed(now_s, left=1)
                return result, exc_info
            if rebuild or result.stale:
                lead.rebuild_at = 0.0 if result.stale else now_s + self.reconcile_s
            lead.schedule.closed(now_s, result.left)
            return result, exc_info

        try:
            self.container.spawn_worker(self, (lead.city, rebuild), {}, handle_result=handle_result)
        except ContainerBeingKilled:
            self._stopping = True

    def _give_back(self, lead: _Lead) -> None:
        """Another process leads at once instead of when the lease ends."""
        if not lead.leads:
            return
        try:
            lead.lease.release()
        except RedisError as exc:
            log.info("a lease ends by itself: %s", exc)


close_window = BatchWindows.decorator
