"""Adding a city makes all of its files or none, and says in one line why not. No server has to run for it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from hansom.cities.files import read_measures, read_places, read_segments
from hansom.segments import SegmentIndex
from hansom.stack import adding, cities, removing, roads
from hansom.stack.adding import Wishes, add
from hansom.stack.downloads import fetch
from hansom.stack.environment import raw_config
from hansom.stack.home import Home
from hansom.stack.listing import list_cities
from hansom.stack.problems import StackProblem
from hansom.stack.progress import Silent
from tests.support.towns import write_town

SOUTH, WEST = 47.366, 8.53
CONFIGURED = raw_config()["CITIES"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").make()


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_town(tmp_path_factory.mktemp("town") / "town.osm.pbf", SOUTH, WEST)


def everything(home: Home) -> list[str]:
    return sorted(path.name for path in home.cities.iterdir())


def test_a_city_is_made_of_an_extract_alone(home: Home, extract: Path) -> None:
    add(home, "gridtown", extract, Wishes(), Silent())

    settings = yaml.safe_load((home.cities / "gridtown" / "city.yaml").read_text())
    assert (settings["name"], settings["currency"], settings["time_zone"]) == ("Gridtown", "CHF", "Europe/Zurich")
    assert settings["tariffs"] == CONFIGURED["helsinki"]["tariffs"]
    assert settings["source"] == str(extract)
    folder = home.cities / "gridtown"
    assert SegmentIndex(read_segments(folder)).segment_of(SOUTH + 0.005, WEST + 0.005)
    assert "Avenue 3" in {place.name for place in read_places(folder)}
    measures = read_measures(folder)
    assert 1.1 < measures.detour < 1.5, "a grid's streets lead round a corner"
    assert measures.pairs >= 100
    assert not cities.prepare(home, "gridtown", settings, Silent()), "it is ready to be served"
    row = next(row for row in list_cities(home, CONFIGURED) if row.city == "gridtown")
    assert (row.currency, row.default, row.osrm) == ("CHF", False, "never started")
    assert row.segments
    assert row.places


def test_what_the_user_says_comes_before_what_the_extract_says(home: Home, extract: Path) -> None:
    box = (SOUTH, WEST, SOUTH + 0.01, WEST + 0.02)
    wishes = Wishes("Grid Town", "EUR", "Europe/Paris", box, 11, 9)
    settings = add(home, "town-2", extract, wishes, Silent(), roads=False)

    assert settings["name"] == "Grid Town"
    assert (settings["currency"], settings["time_zone"]) == ("EUR", "Europe/Paris")
    assert settings["service_area"] == list(box)
    assert settings["segment_sizes"] == {"dense": 11, "sparse": 9}
    assert (home.cities / "town-2" / "extract.osm.pbf").read_bytes() == extract.read_bytes()
    assert not list((home.cities / "town-2").glob("roads*"))


@pytest.mark.parametrize("name", ["", "Turku", "1st", "a b", "../x", ".x", "ä", "a" * 41])
def test_a_city_needs_a_name_that_may_stand_in_a_path(home: Home, extract: Path, name: str) -> None:
    with pytest.raises(StackProblem, match="no name for a city"):
        add(home, name, extract, Wishes(), Silent())


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (Wishes(currency="XYZ"), "--currency XYZ"),
        (Wishes(time_zone="Mars/Olympus"), "--time-zone Mars/Olympus"),
        (Wishes(service_area=(10, 10, 11, 11)), "no roads for cars in the service area"),
        (Wishes(dense=6, sparse=9), "sparse <= dense"),
        (Wishes(osrm_url="localhost:5000"), "no http:// address"),
        (Wishes(osrm_url="http://127.0.0.1:9"), "No OSRM answers"),
    ],
)
def test_wishes_that_cannot_be_are_named_and_nothing_is_left(
    home: Home, extract: Path, wishes: Wishes, said: str
) -> None:
    with pytest.raises(StackProblem, match=said):
        add(home, "gridtown", extract, wishes, Silent())
    assert everything(home) == []


def test_files_that_are_no_extracts_are_named(home: Home, tmp_path: Path, extract: Path) -> None:
    words = tmp_path / "words.osm.pbf"
    words.write_text("no roads here")
    half = tmp_path / "half.osm.pbf"
    half.write_bytes(extract.read_bytes()[:-200])
    empty = write_town(tmp_path / "empty.osm.pbf", SOUTH, WEST, streets=0)
    for path, said in (
        (tmp_path / "none.osm.pbf", "No such file"),
        (tmp_path, "is a folder"),
        (words, "is not an .osm.pbf file"),
        (half, "could not be prepared from"),
        (empty, "no roads for cars"),
    ):
        with pytest.raises(StackProblem, match=said):
            add(home, "gridtown", path, Wishes(), Silent())
    assert everything(home) == []


def test_two_cities_do_not_overlap_but_may_stand_side_by_side(home: Home, extract: Path) -> None:
    middle = SOUTH + 0.008
    add(home, "south", extract, Wishes(service_area=(SOUTH, WEST, middle, WEST + 0.02)), Silent(), roads=False)
    with pytest.raises(StackProblem, match="overlaps that of south"):
        add(home, "all", extract, Wishes(), Silent(), roads=False)
    add(home, "north", extract, Wishes(service_area=(middle, WEST, SOUTH + 0.015, WEST + 0.02)), Silent(), roads=False)
    with pytest.raises(StackProblem, match="is a city here already"):
        add(home, "north", extract, Wishes(), Silent())
    assert everything(home) == ["north", "south"]


class Breaks:
    """Progress that breaks off at a step."""

    def __init__(self, title: str, exc: BaseException) -> None:
        self.title, self.exc = title, exc

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        if title.startswith(self.title):
            raise self.exc
        yield

    def note(self, text: str) -> None:
        return


@pytest.mark.parametrize("step", ["Reading", "Preparing the roads", "Preparing the segments", "Measuring"])
def test_an_interrupted_adding_leaves_nothing(home: Home, extract: Path, step: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        add(home, "gridtown", extract, Wishes(), Breaks(step, KeyboardInterrupt()))
    assert everything(home) == []


def test_a_full_disk_is_said_and_leaves_nothing(home: Home, extract: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(StackProblem, match="gridtown could not be prepared: No space left on device"):
        add(home, "gridtown", extract, Wishes(), Breaks("Preparing the segments", full))
    assert everything(home) == []
    monkeypatch.setattr(adding, "BYTES_FOR_ONE", 10**15)
    with pytest.raises(StackProblem, match="GB free"):
        add(home, "gridtown", extract, Wishes(), Silent())


def test_what_a_killed_preparing_left_is_put_right(home: Home, extract: Path) -> None:
    settings = add(home, "gridtown", extract, Wishes(), Silent(), roads=False)
    (home.cities / ".other.new").mkdir()
    # killed between taking the old folder away and putting the new one in its place
    (home.cities / "gridtown").rename(home.cities / ".gridtown.old")
    with cities.locked(home, Silent()):
        assert everything(home) == ["gridtown"]
        (home.cities / ".second.new").mkdir()
        cities.recover(home)
        assert ".second.new" in everything(home), "another process is making it"
    cities.recover(home)
    assert everything(home) == ["gridtown"]
    assert not cities.prepare(home, "gridtown", settings, Silent(), roads=False)


def test_a_city_prepared_anew_keeps_its_settings_and_its_extract(home: Home, extract: Path) -> None:
    settings = add(home, "gridtown", extract, Wishes(), Silent(), roads=False)
    before = (home.cities / "gridtown" / "city.yaml").read_text()
    changed: dict[str, Any] = {**settings, "segment_sizes": {"dense": 11, "sparse": 9}}
    assert cities.prepare(home, "gridtown", changed, Silent(), roads=False)
    assert (home.cities / "gridtown" / "city.yaml").read_text() == before
    assert (home.cities / "gridtown" / "extract.osm.pbf").read_bytes() == extract.read_bytes()
    assert everything(home) == ["gridtown"]


def test_a_removed_city_keeps_its_settings_alone_and_may_come_back(home: Home, extract: Path) -> None:
    add(home, "gridtown", extract, Wishes(), Silent(), roads=False)
    removing.retire(home, "gridtown", Silent())
    assert "gridtown" not in cities.served(home)
    removing.clear(home, "gridtown", Silent())
    assert [path.name for path in (home.cities / "gridtown").iterdir()] == ["city.yaml"]
    for name, said in (("gridtown", "There is no city"), ("helsinki", "is the default city")):
        with pytest.raises(StackProblem, match=said):
            removing.retire(home, name, Silent())
    with pytest.raises(StackProblem, match="was served in CHF before"):
        add(home, "gridtown", extract, Wishes(currency="EUR"), Silent(), roads=False)
    add(home, "gridtown", extract, Wishes(), Silent(), roads=False)
    assert "gridtown" in cities.served(home)


def test_an_extract_is_fetched_by_name_with_pyrosm(tmp_path: Path, extract: Path) -> None:
    """A module named pyrosm stands here for the real one, which needs the internet."""
    (tmp_path / "pyrosm.py").write_text(
        "import shutil\n"
        "def get_data(name, directory, progress):\n"
        "    if name != 'gridtown':\n"
        "        raise ValueError(f\"The dataset '{name}' is not available.\")\n"
        f"    return shutil.copy({str(extract)!r}, directory + '/town.osm.pbf')\n"
    )
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    assert fetch(python, "gridtown", tmp_path).read_bytes() == extract.read_bytes()
    with pytest.raises(StackProblem, match="'atlantis' is not available"):
        fetch(python, "atlantis", tmp_path)


def test_the_command_says_it_in_one_line(home: Home) -> None:
    environment = {**os.environ, "HANSOM_HOME": str(home.root)}
    command = [sys.executable, "-W", "ignore", "-m", "hansom.cli.main", "city", "add", "turku", "/no/such.osm.pbf"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.strip()) == (
        1,
        "hansom: /no/such.osm.pbf cannot be read: No such file or directory.",
    )


def test_a_city_on_the_users_own_osrm_gets_no_roads_here_and_is_measured_there(
    home: Home, extract: Path, tmp_path: Path
) -> None:
    roads.build_roads(extract, tmp_path)
    with roads.served(tmp_path) as url:
        settings = add(home, "gridtown", extract, Wishes(osrm_url=f"{url}/"), Silent())
        elsewhere = write_town(tmp_path / "elsewhere.osm.pbf", SOUTH + 5, WEST)
        with pytest.raises(StackProblem, match="roads of far cannot be measured"):
            add(home, "far", elsewhere, Wishes(osrm_url=url), Silent())
    assert settings["osrm_url"] == url
    assert not list((home.cities / "gridtown").glob("roads*"))
    assert read_measures(home.cities / "gridtown").detour > 1.1
    assert not cities.prepare(home, "gridtown", settings, Silent()), "an `up` makes no roads either"
    assert everything(home) == ["gridtown"]
