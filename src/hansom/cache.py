"""A read cache in Redis that is never stale after a write.

The naive way (read the cache, else read the row and put it there; after a write, delete the key) goes wrong when a
reader takes the old row, a writer commits and deletes, and then the reader puts the old row back; and when the writer
dies between its commit and the delete. Here both sides leave a mark first, after the leases of Nishtala et al.,
"Scaling Memcache at Facebook" (NSDI 2013):

- A reader that finds nothing leaves a *lease*, reads the row, and may put it there only while the key still holds that
  lease. Anything in between (a writer, an emptied Redis) has taken the lease away.
- A writer puts a *mark* there before it begins its transaction and takes it away after its commit. While a key is
  marked, readers go to the database and put nothing. Writers at the same time add to the mark, the last one deletes
  the key. A writer that dies leaves its mark, which ends by itself when its transaction is sure to have ended.

So a write needs Redis (it raises StoreUnavailable before anything is written), since an entry that cannot be taken away
would outlive Redis' return. A read does not: it goes to the database.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import orjson
from redis import Redis
from redis.exceptions import RedisError

from hansom.contracts.errors import StoreUnavailable
from hansom.redis import Live

log = logging.getLogger(__name__)

LEASE_MS = 5_000
"""A reader slower than this puts nothing."""

MARK_MS = 60_000
"""Longer than any transaction: twice the time after which Postgres ends an idle one (see `hansom.store`)."""

_GET_OR_LEASE = """
local found = {}
for i, key in ipairs(KEYS) do
  local value = redis.call('GET', key)
  if not value then
    redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
    value = ARGV[1]
  end
  found[i] = value
end
return found
"""

_FILL = """
for i, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then
    if ARGV[i + 2] == '' then redis.call('DEL', key) else redis.call('SET', key, ARGV[i + 2], 'PX', ARGV[2]) end
  end
end
"""

_MARK = """
for _, key in ipairs(KEYS) do
  local value = redis.call('GET', key)
  if not value or string.sub(value, 1, 2) ~= 'W:' then value = 'W:' end
  redis.call('SET', key, value .. ARGV[1] .. ',', 'PX', ARGV[2])
end
"""

_UNMARK = """
for _, key in ipairs(KEYS) do
  local value = redis.call('GET', key)
  if value and string.sub(value, 1, 2) == 'W:' then
    value = string.gsub(value, ARGV[1] .. ',', '', 1)
    if value == 'W:' then redis.call('DEL', key) else redis.call('SET', key, value, 'PX', ARGV[2]) end
  elseif value then
    redis.call('DEL', key)
  end
end
"""

Entry = dict[str, Any]
Load = Callable[[list[str]], dict[str, Entry]]
"""Reads the rows of some ids; an id without a row is left out."""


class ReadCache:
    """JSON objects by id under `<prefix>:<id>`, for at most `ttl_s` seconds."""

    def __init__(self, redis: Redis, prefix: str, ttl_s: float) -> None:
        self._prefix, self._ttl_ms = prefix, int(ttl_s * 1000)
        self._get_or_lease = redis.register_script(_GET_OR_LEASE)
        self._fill_leased = redis.register_script(_FILL)
        self._mark = redis.register_script(_MARK)
        self._unmark = redis.register_script(_UNMARK)

    def read(self, ids: Sequence[str], load: Load) -> dict[str, Entry]:
        """Id → entry, from the cache or from `load`; ids unknown to both are left out. Raises what `load` raises."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        lease = f"L:{uuid4().hex}"
        try:
            values = self._get_or_lease(keys=self._keys(wanted), args=[lease, LEASE_MS])
        except RedisError as exc:
            log.warning("the cache is not reachable, the database answers", extra={"error": str(exc)[:200]})
            return load(wanted)
        found = {id_: orjson.loads(value) for id_, value in zip(wanted, values, strict=True) if value[0] == "{"}
        missing = [id_ for id_ in wanted if id_ not in found]
        if missing:
            loaded = load(missing)
            leased = [id_ for id_, value in zip(wanted, values, strict=True) if value == lease]
            self._fill(lease, leased, loaded)
            found.update(loaded)
        return found

    def _fill(self, lease: str, leased: list[str], loaded: dict[str, Entry]) -> None:
        if not leased:
            return
        entries = [orjson.dumps(loaded[id_]).decode() if id_ in loaded else "" for id_ in leased]
        try:
            self._fill_leased(keys=self._keys(leased), args=[lease, self._ttl_ms, *entries])
        except RedisError as exc:
            log.warning("the cache took nothing", extra={"error": str(exc)[:200]})

    @contextmanager
    def changing(self, ids: Iterable[str]) -> Iterator[None]:
        """Around a transaction that changes these rows, from before its begin until after its commit.

        Raises StoreUnavailable, with nothing done, when Redis cannot be told.
        """
        keys, token = self._keys(ids), uuid4().hex
        if not keys:
            yield
            return
        try:
            self._mark(keys=keys, args=[token, MARK_MS])
        except RedisError as exc:
            raise StoreUnavailable() from exc
        try:
            yield
        except StoreUnavailable:
            raise  # the commit may have been on its way: the mark stays until that is over
        except Exception:
            self._done(keys, token)
            raise
        self._done(keys, token)

    def _done(self, keys: list[str], token: str) -> None:
        try:
            self._unmark(keys=keys, args=[token, MARK_MS])
        except RedisError as exc:
            log.warning("a mark in the cache stays until it ends by itself", extra={"error": str(exc)[:200]})

    def _keys(self, ids: Iterable[str]) -> list[str]:
        return [f"{self._prefix}:{id_}" for id_ in dict.fromkeys(ids)]


class Cached(Live):
    """Gives a worker a read cache: `profiles = Cached("users:profile", ttl_setting="PROFILE_CACHE_TTL_S")`."""

    def __init__(self, prefix: str, ttl_setting: str, **options: Any) -> None:
        super().__init__(**options)
        self.prefix, self.ttl_setting = prefix, ttl_setting

    def setup(self) -> None:
        super().setup()
        self.read_cache = ReadCache(self.client, self.prefix, float(self.container.config[self.ttl_setting]))

    def get_dependency(self, worker_ctx: Any) -> ReadCache:
        return self.read_cache
