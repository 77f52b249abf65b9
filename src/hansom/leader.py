"""Who does what only one may do: an advisory lock in Postgres, or a lease in Redis."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from redis import Redis

_RENEW = """
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] or not holder then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
end
return 0
"""

_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class RedisLease:
    """A lease that ends by itself. It may be held twice after Redis was emptied: what it guards must bear that."""

    def __init__(self, redis: Redis, name: str, ttl_s: float) -> None:
        self._redis, self._name, self._ttl_ms = redis, name, int(ttl_s * 1000)
        self.holder = uuid4().hex

    def hold(self) -> bool:
        """Take or renew it; False while another holds it. Raises RedisError."""
        return bool(self._eval(_RENEW, self._ttl_ms))

    def release(self) -> None:
        """Give it back, if it is ours. Raises RedisError."""
        self._eval(_RELEASE)

    def _eval(self, script: str, *more: Any) -> Any:
        return self._redis.eval(script, 1, self._name, self.holder, *more)
