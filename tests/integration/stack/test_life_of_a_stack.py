"""A stack of its own is started, hurt, stopped and started again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import psutil
import psycopg2
import pymongo
import pytest
import redis

from hansom.stack import testing
from hansom.stack.environment import SERVER_URIS, read_env_file
from hansom.stack.home import Home
from hansom.stack.ports import kept_ports
from hansom.stack.probes import NOT_YET, PROBES
from hansom.stack.supervision import Supervisor, leftovers
from tests.support.waiting import eventually

SERVERS = {
    "rabbitmq": "AMQP_URI",
    "postgres": "POSTGRES_URI",
    "redis": "REDIS_URI",
    "mongo": "MONGO_URI",
    "osrm-helsinki": "OSRM_URL",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A stack in a folder that only its owner may enter, as pytest's are: PostgreSQL's own user is kept out of it."""
    made = Home(tmp_path_factory.mktemp("stack"))
    testing.hansom(made, "servers", "up", "--no-migrate", **no_given_servers())
    yield made
    testing.hansom(made, "down", "--wipe", "--yes")


def no_given_servers() -> dict[str, str]:
    """Empty URIs: this process' own environment may name the servers of the other tests."""
    return dict.fromkeys(SERVER_URIS, "")


def uris(home: Home) -> dict[str, str]:
    values = read_env_file(home.env_file)
    return {name: values[name] for name in SERVER_URIS}


def answers(name: str, uri: str) -> bool:
    try:
        PROBES[name](uri)
    except NOT_YET:
        return False
    return True


def test_all_servers_answer_and_listen_on_loopback_only(home: Home) -> None:
    assert all(answers(name, uri) for name, uri in uris(home).items())

    ports = set(kept_ports(home).values())
    listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr.port in ports]
    assert {c.laddr.port for c in listening} == ports
    assert {c.laddr.ip for c in listening} <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize("name", SERVERS)
def test_a_killed_server_is_back_by_itself(home: Home, name: str) -> None:
    supervisor = Supervisor(home)
    killed = supervisor.process(name)["pid"]
    os.kill(killed, signal.SIGKILL)

    eventually(lambda: supervisor.process(name)["pid"] not in (0, killed), within_s=3)
    eventually(lambda: answers(SERVERS[name], uris(home)[SERVERS[name]]), within_s=30)


def test_what_was_written_is_there_after_down_and_up_but_for_redis_which_keeps_nothing(home: Home) -> None:
    before = uris(home)
    with psycopg2.connect(f"{before['POSTGRES_URI']}/hansom_trips") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here')")
    redis.Redis.from_url(before["REDIS_URI"]).set("kept", "still here")
    with pymongo.MongoClient(before["MONGO_URI"]) as client:
        client.kept.words.insert_one({"word": "still here"})

    testing.hansom(home, "down")
    assert leftovers(home) == []
    testing.hansom(home, "servers", "up", "--no-migrate", **no_given_servers())

    assert uris(home) == before
    with psycopg2.connect(f"{before['POSTGRES_URI']}/hansom_trips") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT word FROM kept")
        assert cursor.fetchall() == [("still here",)]
    assert redis.Redis.from_url(before["REDIS_URI"]).dbsize() == 0
    with pymongo.MongoClient(before["MONGO_URI"]) as client:
        assert [found["word"] for found in client.kept.words.find()] == ["still here"]


def test_a_killed_supervisor_leaves_nothing_in_the_way(home: Home) -> None:
    orphan = Supervisor(home).process("rabbitmq")["pid"]
    os.kill(int((home.run / "supervisord.pid").read_text(encoding="utf-8")), signal.SIGKILL)
    eventually(lambda: not Supervisor(home).is_running())
    assert psutil.pid_exists(orphan)

    testing.hansom(home, "servers", "up", "--no-migrate", **no_given_servers())

    assert not psutil.pid_exists(orphan)
    assert all(answers(name, uri) for name, uri in uris(home).items())


def test_servers_that_are_given_are_used_instead(home: Home, tmp_path_factory: pytest.TempPathFactory) -> None:
    guest = Home(tmp_path_factory.mktemp("guest"))
    testing.hansom(guest, "servers", "up", "--no-migrate", HANSOM_STACK="", **uris(home))

    started = [process["name"] for process in Supervisor(guest).processes() if process["group"] == "servers"]
    testing.hansom(guest, "down")
    assert started == []
    assert uris(guest) == uris(home)
