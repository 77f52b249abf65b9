"""The read cache is never stale after a write: each way in which it could be, played out on the real Redis."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import eventlet
import orjson
import pytest
from eventlet.event import Event as Signal
from redis import Redis

from hansom.cache import MARK_MS, ReadCache
from hansom.contracts.errors import StoreUnavailable
from hansom.contracts.users import EmailTaken
from hansom.redis import live_redis
from tests.support.identity import Call, a_registration, an_ear, an_email
from tests.support.waiting import eventually

Entry = dict[str, Any]


@pytest.fixture
def redis(config: dict[str, Any]) -> Redis:
    return live_redis(config)


@pytest.fixture
def cache(redis: Redis) -> ReadCache:
    """A cache that nobody else uses."""
    return ReadCache(redis, f"tests:{uuid4().hex}", 60)


class Rows:
    """A table of one row, and how often it was read."""

    def __init__(self, name: str) -> None:
        self.name, self.reads = name, 0

    def load(self, ids: list[str]) -> dict[str, Entry]:
        self.reads += 1
        return {id_: {"id": id_, "name": self.name} for id_ in ids if id_ == "u"}


class NaiveCache:
    """Read the cache, else the row, and put it there; after a write, delete: what ReadCache is instead of."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._prefix = redis, prefix

    def read(self, ids: list[str], load: Callable[[list[str]], dict[str, Entry]]) -> dict[str, Entry]:
        [id_] = ids
        if cached := self._redis.get(f"{self._prefix}:{id_}"):
            return {id_: orjson.loads(cached)}
        loaded = load(ids)
        self._redis.set(f"{self._prefix}:{id_}", orjson.dumps(loaded[id_]), ex=60)
        return loaded

    @contextmanager
    def changing(self, ids: Iterable[str]) -> Iterator[None]:
        yield
        self._redis.delete(*[f"{self._prefix}:{id_}" for id_ in ids])


def seen_after_a_write_overtook_a_read(cache: Any) -> str:
    """A reader takes the old row; a writer begins, commits and ends; then the reader puts what he took.

    Gives the name that the next reader sees.
    """
    rows, has_read, go_on = Rows("old"), Signal(), Signal()

    def load_slowly(ids: list[str]) -> dict[str, Entry]:
        loaded = rows.load(ids)
        has_read.send(None)
        go_on.wait()
        return loaded

    reader = eventlet.spawn(cache.read, ["u"], load_slowly)
    has_read.wait()
    with cache.changing(["u"]):
        rows.name = "new"
    go_on.send(None)
    assert reader.wait()["u"]["name"] == "old", "the reader asked before the write"
    return cache.read(["u"], rows.load)["u"]["name"]


def test_a_reader_who_took_the_old_row_before_a_write_does_not_put_it_back(cache: ReadCache) -> None:
    assert seen_after_a_write_overtook_a_read(cache) == "new"


def test_the_naive_way_fails_where_ours_does_not(redis: Redis) -> None:
    naive = NaiveCache(redis, f"tests:{uuid4().hex}")
    assert seen_after_a_write_overtook_a_read(naive) == "old"


def test_a_row_is_read_once_and_then_comes_from_the_cache(cache: ReadCache) -> None:
    rows = Rows("ann")
    for _ in range(3):
        assert cache.read(["u", "nobody", "u"], rows.load) == {"u": {"id": "u", "name": "ann"}}
        assert cache.read(["u"], rows.load) == {"u": {"id": "u", "name": "ann"}}
    assert rows.reads == 3, "once for u, and each time for nobody, who is not kept"


def test_while_a_writer_is_at_it_readers_ask_the_database_and_keep_nothing(cache: ReadCache) -> None:
    rows = Rows("old")
    cache.read(["u"], rows.load)
    with cache.changing(["u"]):
        assert cache.read(["u"], rows.load)["u"]["name"] == "old"
        rows.name = "new"  # the commit
        assert cache.read(["u"], rows.load)["u"]["name"] == "new"
        assert rows.reads == 3
    assert cache.read(["u"], rows.load)["u"]["name"] == "new"
    assert cache.read(["u"], rows.load)["u"]["name"] == "new"
    assert rows.reads == 4


def test_of_two_writers_the_first_to_end_leaves_the_mark_of_the_other(cache: ReadCache) -> None:
    rows, first_began, first_may_end, first_ended = Rows("old"), Signal(), Signal(), Signal()

    def first() -> None:
        with cache.changing(["u"]):
            first_began.send(None)
            first_may_end.wait()
        first_ended.send(None)

    eventlet.spawn(first)
    first_began.wait()
    with cache.changing(["u"]):
        first_may_end.send(None)
        first_ended.wait()
        cache.read(["u"], rows.load)
        rows.name = "new"
        # nothing was kept: had we died here, after the commit, the next reader would still see what is true
        assert cache.read(["u"], rows.load)["u"]["name"] == "new"
    assert cache.read(["u"], rows.load)["u"]["name"] == "new"


class Killed(BaseException):
    """The process ends here: nothing after it is done."""


def test_a_writer_that_dies_after_its_commit_leaves_nothing_stale(redis: Redis) -> None:
    prefix = f"tests:{uuid4().hex}"
    cache, rows = ReadCache(redis, prefix, 60), Rows("old")
    cache.read(["u"], rows.load)
    with pytest.raises(Killed), cache.changing(["u"]):
        rows.name = "new"
        raise Killed
    assert cache.read(["u"], rows.load)["u"]["name"] == "new"
    assert 0 < redis.pttl(f"{prefix}:u") <= MARK_MS, "the mark ends by itself"


def test_a_refused_write_leaves_the_cache_in_use(cache: ReadCache) -> None:
    rows = Rows("ann")
    with pytest.raises(EmailTaken), cache.changing(["u"]):
        raise EmailTaken()
    for _ in range(3):
        cache.read(["u"], rows.load)
    assert rows.reads == 1


def test_a_redis_emptied_between_read_and_put_takes_nothing_old(redis: Redis) -> None:
    prefix = f"tests:{uuid4().hex}"
    cache, rows = ReadCache(redis, prefix, 60), Rows("old")

    def load_while_all_is_lost(ids: list[str]) -> dict[str, Entry]:
        loaded = rows.load(ids)
        with cache.changing(["u"]):
            rows.name = "new"
        redis.delete(f"{prefix}:u")
        return loaded

    cache.read(["u"], load_while_all_is_lost)
    assert cache.read(["u"], rows.load)["u"]["name"] == "new"


def test_without_redis_reads_go_on_and_writes_are_refused_before_they_begin() -> None:
    dead = ReadCache(Redis.from_url("redis://127.0.0.1:1", decode_responses=True), "tests", 60)
    rows = Rows("ann")
    assert dead.read(["u"], rows.load)["u"]["name"] == "ann"
    with pytest.raises(StoreUnavailable), dead.changing(["u"]):
        raise AssertionError("never begun")


# -- the service -----------------------------------------------------------------------------------------------------
def test_a_changed_profile_is_seen_at_once_and_told(users: Call, config: dict[str, Any]) -> None:
    user = users("register_account", **a_registration())["user"]
    assert users("get_profile", user_id=user["id"]) == user
    changes = {"name": " Anna ", "email": an_email().upper(), "phone": "0401234567", "locale": "fi-FI"}
    with an_ear(config, "users") as ear:
        changed = users("update_profile", user_id=user["id"], changes=changes)
        expected = {"name": "Anna", "email": changes["email"].lower(), "phone": "0401234567", "locale": "fi-FI"}
        assert changed == {**user, **expected}
        assert users("get_profile", user_id=user["id"]) == changed
        assert users("update_profile", user_id=user["id"], changes=changes) == changed
        told = eventually(lambda: ear.heard("profile_changed", user_id=user["id"]))
        assert told == [{"user_id": user["id"], "role": "rider", "name": "Anna", "version": 2}], "told once"


def test_a_language_is_chosen_seen_and_given_up_again(users: Call) -> None:
    user = users("register_account", **a_registration())["user"]
    assert user["language"] is None
    for language in ("fi", "es", None):
        changed = users("update_profile", user_id=user["id"], changes={"language": language})
        assert changed == {**user, "language": language} == users("get_profile", user_id=user["id"])


def test_an_address_that_another_has_is_refused_and_nothing_changes(users: Call) -> None:
    one, other = (users("register_account", **a_registration())["user"] for _ in range(2))
    with pytest.raises(EmailTaken):
        users("update_profile", user_id=one["id"], changes={"name": "Bo", "email": other["email"].upper()})
    assert users("get_profile", user_id=one["id"]) == one


def test_under_a_storm_of_reads_no_answer_is_older_than_a_write_that_was_answered_before(users: Call) -> None:
    user_id = users("register_account", **a_registration(name="0"))["user"]["id"]
    chance, answered, stale, reads = random.Random(7), 0, [], 0
    writing = True

    def read() -> None:
        nonlocal reads
        while writing:
            least = answered
            seen = int(users("get_profile", user_id=user_id)["name"])
            reads += 1
            if seen < least:
                stale.append((seen, least))
            eventlet.sleep(chance.random() / 500)

    readers = [eventlet.spawn(read) for _ in range(8)]
    for number in range(1, 61):
        users("update_profile", user_id=user_id, changes={"name": str(number)})
        answered = number
        eventlet.sleep(chance.random() / 100)
    writing = False
    for reader in readers:
        reader.wait()
    assert not stale
    assert reads > 100
