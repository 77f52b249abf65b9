"""What the supervisor is told, and what its log tells."""

from configparser import RawConfigParser
from pathlib import Path

from hansom.stack.home import Home
from hansom.stack.program import Program
from hansom.stack.supervision import configuration, socket_path
from hansom.stack.supervisor_log import History, read_history


def parsed(text: str) -> RawConfigParser:
    parser = RawConfigParser()
    parser.read_string(text)
    return parser


def test_servers_start_with_the_supervisor_and_services_do_not() -> None:
    server, service = Program("redis", ["redis-server"]), Program("rides", ["nameko", "run"])
    made = parsed(configuration(Home(Path("/s")), [server], [service]))

    assert made["program:redis"]["autostart"] == "true"
    assert made["program:rides"]["autostart"] == "false"
    assert made["group:servers"]["programs"] == "redis"
    assert made["group:services"]["programs"] == "rides"


def test_everything_is_started_again_when_it_ends() -> None:
    made = parsed(configuration(Home(Path("/s")), [Program("redis", ["redis-server"])], []))

    assert made["program:redis"]["autorestart"] == "true"


def test_secrets_with_signs_of_the_supervisors_own_arrive_whole() -> None:
    program = Program("redis", ["redis-server"], {"KEY": '50% "off", now'})
    made = parsed(configuration(Home(Path("/s")), [program], []))

    assert made["program:redis"]["environment"] == r'KEY="50%% \"off\", now"'


def test_a_stack_whose_servers_are_all_given_has_no_group_of_servers() -> None:
    made = parsed(configuration(Home(Path("/s")), [], [Program("rides", ["nameko", "run"])]))

    assert not made.has_section("group:servers")


def test_a_deep_state_folder_still_has_a_socket() -> None:
    deep = Home(Path("/tmp") / ("x" * 120))

    assert len(str(socket_path(deep))) < 100
    assert socket_path(deep) != socket_path(Home(Path("/tmp") / ("y" * 120)))


LOG = """\
2026-11-21 13:00:00,000 INFO supervisord started with pid 1
2026-11-21 13:00:00,001 INFO spawned: 'rides' with pid 2
2026-11-21 13:00:09,000 WARN exited: rides (exit status 1; not expected)
2026-11-21 13:00:10,000 INFO supervisord started with pid 9
2026-11-21 13:00:10,001 INFO spawned: 'rides' with pid 10
2026-11-21 13:00:10,002 INFO spawned: 'redis' with pid 11
2026-11-21 13:00:20,000 WARN exited: rides (terminated by SIGKILL; not expected)
2026-11-21 13:00:20,001 INFO spawned: 'rides' with pid 12
2026-11-21 13:00:30,000 INFO stopped: redis (exit status 0)
2026-11-21 13:00:31,000 INFO spawned: 'redis' with pid 13
2026-11-21 13:00:40,000 WARN exited: rides (exit status 1; not expected)
2026-11-21 13:00:40,001 INFO spawned: 'rides' with pid 14
"""


def test_restarts_are_counted_since_the_stack_was_started() -> None:
    assert read_history(LOG.splitlines())["rides"] == History(2, "13:00:40 exit status 1")


def test_a_process_that_was_stopped_on_purpose_was_not_restarted() -> None:
    assert read_history(LOG.splitlines())["redis"] == History(0, "")
