"""Live state in Redis. A service's keys start with `<service>:`."""

from __future__ import annotations

from typing import Any

from nameko_redis import Redis as NamekoRedis
from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

OPTIONS: dict[str, Any] = {
    "decode_responses": True,
    "socket_timeout": 3,
    "socket_connect_timeout": 2,
    "health_check_interval": 30,
    "max_connections": 200,
}


def live_redis(config: dict[str, Any]) -> Redis:
    """A client outside a container: for scripts and tests."""
    return Redis.from_url(config["REDIS_URIS"]["live"], retry=Retry(ExponentialBackoff(0.2, 0.02), 2), **OPTIONS)


class Live(NamekoRedis):
    """Gives a worker the Redis client: `live = Live()`."""

    def __init__(self, key: str = "live", **options: Any) -> None:
        super().__init__(key, **{**OPTIONS, **options})

    def setup(self) -> None:
        super().setup()
        # here, not in `start`: other extensions use it as soon as they start
        self.client = Redis.from_url(self.redis_uri, retry=Retry(ExponentialBackoff(0.2, 0.02), 2), **self.options)

    def start(self) -> None:
        """Nothing: the client is there since `setup`."""
