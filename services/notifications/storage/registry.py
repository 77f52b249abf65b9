"""Which gateways a user is connected to, in Redis. It ends by itself and is filled again by the gateways.

One sorted set a user: gateway → Unix time until which it holds.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from redis import Redis

KEY = "notifications:user:{}"

_PUT = """
for _, key in ipairs(KEYS) do
    redis.call('ZADD', key, ARGV[2], ARGV[1])
    redis.call('PEXPIRE', key, ARGV[3])
end
"""
"""Gateways repeat all of their users every few seconds: two commands each would be most of what this process does."""


class Registry:
    """`ttl_s`: how long an entry holds that its gateway does not repeat."""

    def __init__(self, redis: Redis, ttl_s: float) -> None:
        self._redis, self._ttl_s = redis, ttl_s
        self._put = redis.register_script(_PUT)

    def put(self, gateway_id: str, user_ids: Iterable[str]) -> None:
        """The users are at the gateway. One round trip. Raises RedisError."""
        keys = [KEY.format(user_id) for user_id in user_ids]
        if keys:
            self._put(keys, [gateway_id, time.time() + self._ttl_s, int(self._ttl_s * 1000)])

    def take_away(self, gateway_id: str, user_ids: Iterable[str]) -> None:
        """The users have left the gateway. One round trip. Raises RedisError."""
        with self._redis.pipeline(transaction=False) as pipe:
            for user_id in user_ids:
                pipe.zrem(KEY.format(user_id), gateway_id)
            pipe.execute()

    def gateways(self, user_ids: Sequence[str]) -> dict[str, list[str]]:
        """User → the gateways he is at. One round trip. Raises RedisError."""
        if not user_ids:
            return {}
        now = time.time()
        with self._redis.pipeline(transaction=False) as pipe:
            for user_id in user_ids:
                pipe.zrangebyscore(KEY.format(user_id), now, "+inf")
            return dict(zip(user_ids, pipe.execute(), strict=True))
