"""The time, as a dependency, so that tests and simulations bring their own."""

from __future__ import annotations

from datetime import UTC, datetime

from nameko.extensions import DependencyProvider


class SystemClock:
    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        return datetime.now(UTC)


class Clock(DependencyProvider):
    """Gives a worker the clock: `self.clock.now()`."""

    def get_dependency(self, worker_ctx: object) -> SystemClock:
        return SystemClock()
