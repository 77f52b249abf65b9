"""Timers whose interval is a setting: in one replica only, or in each."""

from __future__ import annotations

import logging
from typing import Any

import psycopg2
from nameko.timer import Timer
from sqlalchemy.engine import make_url

from hansom.contracts.errors import Unavailable
from hansom.rpc import STORE_DOWN
from hansom.store import database_uri

log = logging.getLogger(__name__)


class LeaderTimer(Timer):
    """Entrypoint: a method called every so many seconds in the replica that holds the service's advisory lock.

    The lock lives in the timer's own connection: when the process or Postgres dies it is free, and another takes over.
    """

    def __init__(self, interval_s: float | None = None, *, setting: str | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("expected_exceptions", (Unavailable, *STORE_DOWN))
        super().__init__(interval_s, **kwargs)
        self.setting = setting
        self._connection: Any = None

    def setup(self) -> None:
        config = self.container.config
        if self.setting is not None:
            self.interval = float(config[self.setting])
        service = self.container.service_name
        self.uri = make_url(database_uri(config, service)).set(drivername="postgresql")
        self.lock = f"hansom.timer.{service}.{self.method_name}"

    def handle_timer_tick(self) -> None:
        if self._leads():
            super().handle_timer_tick()
        else:
            self.worker_complete.send()

    def _leads(self) -> bool:
        try:
            if self._connection is None:
                self._connection = psycopg2.connect(self.uri.render_as_string(hide_password=False), connect_timeout=5)
                self._connection.autocommit = True
                self._held = False
            cursor = self._connection.cursor()
            # asked for once; later only whether the connection, and so the lock, still lives
            cursor.execute("SELECT true" if self._held else "SELECT pg_try_advisory_lock(hashtext(%s))", (self.lock,))
            self._held = bool(cursor.fetchone()[0])
            return self._held
        except psycopg2.Error as exc:
            log.warning("a timer waits for Postgres", extra={"timer": self.lock, "error": str(exc).strip()[:200]})
            self._close()
            return False

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def stop(self) -> None:
        super().stop()
        self._close()

    def kill(self) -> None:
        super().kill()
        self._close()


leader_timer = LeaderTimer.decorator


class SettingTimer(Timer):
    """Entrypoint: a method called in every replica when it starts, and again every `setting` seconds."""

    def __init__(self, setting: str, **kwargs: Any) -> None:
        kwargs.setdefault("expected_exceptions", (Unavailable, *STORE_DOWN))
        super().__init__(None, eager=True, **kwargs)
        self.setting = setting

    def setup(self) -> None:
        self.interval = float(self.container.config[self.setting])


every = SettingTimer.decorator
