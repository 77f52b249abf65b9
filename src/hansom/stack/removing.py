"""Removing a city that was added: it is served no longer, and what was ridden there is still paid and shown."""

from __future__ import annotations

import json
import shutil
from typing import Any

import psycopg2

from hansom.cities.added import CITY_FILE, write_city
from hansom.contracts.trips import ACTIVE
from hansom.stack.cities import default_city, locked, settings_of
from hansom.stack.environment import raw_config
from hansom.stack.home import Home
from hansom.stack.problems import StackProblem
from hansom.stack.progress import Progress

RETIRED = """\
{name} was a city of this Hansom and is served no longer (./hansom city remove {name}).
This stays so that rides in it can be paid, shown and paid back; ./hansom city add {name} FILE serves it again."""


def check_removable(home: Home, name: str) -> dict[str, Any]:
    """The settings of a city that may be removed. Raises StackProblem."""
    known = settings_of(home)
    if name not in known or known[name].get("retired"):
        there = ", ".join(key for key, settings in known.items() if not settings.get("retired"))
        raise StackProblem(f"There is no city {name}. There are: {there}")
    if name == default_city(home):
        raise StackProblem(f"{name} is the default city and stays: DEFAULT_CITY names another one.")
    if name in raw_config()["CITIES"]:
        raise StackProblem(f"{name} stands in config.yaml: remove it there, then ./hansom up.")
    return known[name]


def live_trips(trips_uri: str, city: str) -> int:
    """Rides in a city that are asked for or under way. Raises StackProblem when PostgreSQL does not say."""
    states = [state.value for state in ACTIVE]
    try:
        connection = psycopg2.connect(trips_uri, connect_timeout=3)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM trips WHERE city = %s AND state = ANY(%s)", (city, states))
                row = cursor.fetchone()
                return int(row[0]) if row else 0
        finally:
            connection.close()
    except psycopg2.errors.UndefinedTable:
        return 0
    except psycopg2.Error as exc:
        raise StackProblem(
            f"PostgreSQL does not say whether rides are under way in {city}: ./hansom up first, or --force."
        ) from exc


def retire(home: Home, name: str, progress: Progress) -> None:
    """From the services' next start the city is served no longer. Its settings stay. Raises StackProblem."""
    with locked(home, progress):
        settings = check_removable(home, name)
        write_city(home.cities / name, {**settings, "retired": True}, RETIRED.format(name=name))


def clear(home: Home, name: str, progress: Progress) -> None:
    """Throw a retired city's files away, all but its settings, and its port."""
    with locked(home, progress), home.locked():
        for path in (home.cities / name).iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != CITY_FILE:
                path.unlink(missing_ok=True)
        ports = home.root / "ports.json"
        if ports.is_file():
            kept = json.loads(ports.read_text(encoding="utf-8"))
            if kept.pop(f"osrm-{name}", None):
                ports.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
