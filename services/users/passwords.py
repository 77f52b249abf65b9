"""Password hashes (Argon2id, RFC 9106), made where they stop nobody else.

A hash takes some 20 ms of a core: in the event loop every other worker would stand still. It runs in a thread of its
own, and only so many at once as there are cores to use; the rest wait in line, and no longer than their callers do.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError
from eventlet import tpool
from eventlet.semaphore import Semaphore
from nameko.extensions import DependencyProvider

from hansom.contracts.users import Crowded

T = TypeVar("T")


class PasswordHasher:
    """Makes and checks hashes. `patience_s`: how long one waits for its turn before it raises Crowded."""

    def __init__(self, memory_kib: int, passes: int, at_once: int, patience_s: float) -> None:
        self._argon2 = argon2.PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._turns = Semaphore(at_once)
        self._patience_s = patience_s
        self._decoy = self._argon2.hash(secrets.token_hex(16))

    def hash(self, password: str) -> str:
        """A hash with its salt and parameters, in the PHC string format. Raises Crowded."""
        return self._in_turn(self._argon2.hash, password)

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether the hash is of this password. None (nobody has that address) takes as long and is False.

        Raises Crowded.
        """
        return self._in_turn(self._verify, stored or self._decoy, password) and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether the settings ask for a stronger hash than this."""
        return self._argon2.check_needs_rehash(stored)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._argon2.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def _in_turn(self, work: Callable[..., T], *args: Any) -> T:
        if not self._turns.acquire(timeout=self._patience_s):
            raise Crowded()  # the caller has given up by now: the work would be for nobody
        try:
            return tpool.execute(work, *args)
        finally:
            self._turns.release()


class Passwords(DependencyProvider):
    """Gives a worker the process' one hasher."""

    def setup(self) -> None:
        config = self.container.config
        self.hasher = PasswordHasher(
            memory_kib=int(config["ARGON2_MEMORY_KIB"]),
            passes=int(config["ARGON2_PASSES"]),
            at_once=int(config["ARGON2_AT_ONCE"]),
            patience_s=float(config["RPC_DEADLINE_S"]),
        )

    def get_dependency(self, worker_ctx: Any) -> PasswordHasher:
        return self.hasher
