"""Commands on cities: add one from an OpenStreetMap extract, list them, prepare them anew, remove one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from hansom.cli.console import console, out, progress
from hansom.cli.work_commands import PANEL, attach
from hansom.settings import load_config
from hansom.stack import environment
from hansom.stack.home import current_home
from hansom.stack.problems import StackProblem

city = typer.Typer(no_args_is_help=True, help="Cities: add one from an extract, list, prepare, remove.")

Roads = Annotated[
    bool, typer.Option("--roads/--no-roads", help="The road graph too; without, the extract is put there for an OSRM.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.add_typer(city, name="city", rich_help_panel=PANEL)


@city.command("add")
def city_add(  # noqa: PLR0917
    name: Annotated[str, typer.Argument(help="What the city is to be called: a-z, 0-9, _ and -.")],
    file: Annotated[
        str, typer.Argument(help="Its .osm.pbf extract; fetched by the city's name (pyrosm) if not given.")
    ] = "",
    title: Annotated[str, typer.Option(help="Its name for people.")] = "",
    currency: Annotated[str, typer.Option(help="ISO 4217; the country's if not given.")] = "",
    time_zone: Annotated[str, typer.Option(help="IANA name; that of its roads if not given.")] = "",
    service_area: Annotated[
        str, typer.Option(metavar="S,W,N,E", help="Degrees; the box around its roads if not given.")
    ] = "",
    dense: Annotated[int | None, typer.Option(min=0, max=11, help="H3 resolution of the smallest segments.")] = None,
    sparse: Annotated[int | None, typer.Option(min=0, max=11, help="H3 resolution of the largest segments.")] = None,
    osrm_url: Annotated[str, typer.Option(help="Your own OSRM of this city; a private one is run if not given.")] = "",
    roads: Roads = True,
) -> None:
    """Serve one more city, made of an OpenStreetMap extract. A running stack takes it up at once."""
    from hansom.stack.adding import Wishes, add, check_name, described
    from hansom.stack.downloads import fetched
    from hansom.stack.taking_up import take_up

    home = current_home().make()
    wishes = Wishes(title, currency, time_zone, _area(service_area), dense, sparse, osrm_url)
    check_name(home, name)
    extract = Path(file).expanduser() if file else fetched(name, progress())
    settings = add(home, name, extract, wishes, progress(), roads=roads)
    out.print(escape(described(home, name, settings)))
    path = home.cities / name / "city.yaml"
    console.print(f"  Its fares are the default city's numbers in {settings['currency']}: edit {path}", soft_wrap=True)
    if not take_up(home, progress()):
        console.print("  ./hansom up serves it.")


@city.command("remove")
def city_remove(
    name: Annotated[str, typer.Argument(help="A city that was added.")],
    force: Annotated[bool, typer.Option("--force", help="Even if rides are under way there.")] = False,
) -> None:
    """Serve a city no longer. What was ridden there is still paid and shown."""
    from hansom.stack import removing
    from hansom.stack.taking_up import take_up

    home = current_home().make()
    settings = removing.check_removable(home, name)
    if not force and (home.env_file.exists() or "POSTGRES_URI" in os.environ):
        count = removing.live_trips(attach()["DB_URIS"]["trips:Base"], name)
        if count:
            raise StackProblem(
                f"{count} rides are asked for or under way in {name}: wait until they end, or --force lets them end "
                "without roads."
            )
    removing.retire(home, name, progress())
    take_up(home, progress())
    removing.clear(home, name, progress())
    out.print(f"{settings['name']} is served no longer.")


@city.command("prepare")
def city_prepare(
    name: Annotated[str, typer.Argument(help="A city; all if not given.")] = "",
    roads: Roads = True,
) -> None:
    """Make a city's road graph, segments and places from its extract (done by itself when a stack starts)."""
    from hansom.stack import cities

    home = current_home().make()
    known = cities.served(home, _configured(home.env_file.exists()))
    if name and name not in known:
        raise StackProblem(f"There is no city {name}. There are: {', '.join(known)}")
    for key in [name] if name else known:
        made = cities.prepare(home, key, known[key], progress(), roads=roads)
        out.print(f"{known[key]['name']}: {'prepared' if made else 'was up to date'} in {home.cities / key}")


@city.command("measure")
def city_measure(name: Annotated[str, typer.Argument(help="A city; all if not given.")] = "") -> None:
    """Measure how long and how fast the roads are, at the cities' own OSRM: what is answered while that is down."""
    from hansom.cities import cities as cities_of
    from hansom.stack.roads import measure_at

    home = current_home()
    known = cities_of(attach())
    if name and name not in known:
        raise StackProblem(f"There is no city {name}. There are: {', '.join(known)}")
    for one in [known[name]] if name else known.values():
        found = measure_at(one.osrm_url, home.cities / one.key, one.service_area, one.key)
        out.print(f"{one.name}: {found.detour:.2f} times the straight line, {found.speed_mps * 3.6:.0f} km/h")


@city.command("list")
def city_list(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Show the cities, what they are made of, and whether their road servers answer."""
    import orjson

    from hansom.stack.listing import list_cities

    home = current_home()
    rows = list_cities(home, _configured(home.env_file.exists()))
    if as_json:
        print(orjson.dumps([row.as_dict() for row in rows]).decode())
        return
    table = Table(
        "city", "name", "currency", "time zone", "source", "segments", "places", "OSRM",
        box=None, pad_edge=False, header_style="dim",
    )  # fmt: skip
    for row in rows:
        numbers = [f"{number:,}" if number is not None else "-" for number in (row.segments, row.places)]
        cells = [row.city, row.name, row.currency, row.time_zone, row.source, *numbers, row.osrm]
        table.add_row(*(escape(cell) for cell in cells))
    out.print(table)


def _area(text: str) -> tuple[float, float, float, float] | None:
    if not text:
        return None
    try:
        south, west, north, east = (float(edge) for edge in text.split(","))
    except ValueError:
        raise StackProblem(f"--service-area {text}: give south,west,north,east in degrees.") from None
    if not (-90 <= south < north <= 90 and -180 <= west < east <= 180):
        raise StackProblem(f"--service-area {text}: south has to be below north, and west before east.")
    return south, west, north, east


def _configured(started: bool) -> dict[str, Any]:
    """`CITIES` of config.yaml."""
    if started:
        return dict(attach()["CITIES"])
    # the servers' places are of no matter to a city
    environment.export({name: "unused:" for name in (*environment.SERVER_URIS, "JWT_SECRET") if name not in os.environ})
    return dict(load_config()["CITIES"])
