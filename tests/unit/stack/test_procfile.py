"""Reading and choosing lines of a Procfile."""

import pytest

from hansom.stack.problems import StackProblem
from hansom.stack.procfile import choose, parse, read_procfile, read_replicas, replicate

TEXT = """
# a comment
people: nameko run --config config.yaml services.users.service:UsersService services.drivers.service:DriversService
rides: nameko run --config config.yaml services.trips.service:TripsService
"""


def test_a_line_knows_its_services() -> None:
    people, rides = parse(TEXT)

    assert (people.name, people.services) == ("people", ["users", "drivers"])
    assert (rides.name, rides.services) == ("rides", ["trips"])


def test_a_line_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="line 2"):
        parse("web: nameko run\nwhat is this")


def test_a_service_is_chosen_out_of_its_line() -> None:
    [line] = choose(parse(TEXT), ["drivers"])

    assert line.name == "people"
    assert line.services == ["drivers"]
    assert line.command[:4] == ["nameko", "run", "--config", "config.yaml"]


def test_two_services_of_one_line_make_one_process() -> None:
    [line] = choose(parse(TEXT), ["drivers", "users"])

    assert line.services == ["users", "drivers"]


def test_a_line_is_chosen_whole_by_its_name() -> None:
    assert [line.services for line in choose(parse(TEXT), ["people", "trips"])] == [["users", "drivers"], ["trips"]]


def test_an_unknown_name_is_a_problem_that_lists_the_known_ones() -> None:
    with pytest.raises(StackProblem, match=r"no planes.*drivers, people, rides, trips, users"):
        choose(parse(TEXT), ["planes"])


def test_the_procfile_of_this_checkout_runs_each_service_once() -> None:
    services = [service for line in read_procfile() for service in line.services]

    assert sorted(services) == sorted(set(services))
    assert set(services) == {
        "gateway", "users", "drivers", "location", "maps", "matching", "trips", "pricing", "payments", "ratings",
        "notifications", "analytics",
    }  # fmt: skip


def test_replicas_are_named_by_line_or_by_service() -> None:
    lines = parse(TEXT)
    counts = read_replicas("drivers=2, rides=3", lines)

    assert counts == {"people": 2, "rides": 3}
    assert [line.name for line in replicate(lines, counts)] == ["people", "people-2", "rides", "rides-2", "rides-3"]
    assert read_replicas("", lines) == {}


@pytest.mark.parametrize("text", ["rides", "rides=0", "rides=x", "rides=17", "cars=2", "=2"])
def test_replicas_that_make_no_sense_are_a_problem(text: str) -> None:
    with pytest.raises(StackProblem, match="rides"):
        read_replicas(text, parse(TEXT))
