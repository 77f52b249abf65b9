"""What `./hansom simulate` takes, and what it shows: a table, a page of plots, a JSON line."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hansom.cities import Area
from services.matching.domain.policies import policies
from services.matching.simulation.__main__ import about, parse
from services.matching.simulation.day import Day, Dispatching
from services.matching.simulation.demand import DAY_S, read_trips
from services.matching.simulation.engine import simulate
from services.matching.simulation.figures import figures
from services.matching.simulation.page import COLOURS, PLOTS, Words, page
from services.matching.simulation.people import Habits
from services.matching.simulation.planning import LOOKING_AHEAD, a_day, shifts_for
from services.matching.simulation.report import ROWS, figures_of, table_rows
from services.matching.solver import solve
from tests.support.simulated_town import TOWN

POLICIES = policies(solve)
AREA = Area(60.0, 24.0, 60.018, 24.036)


@cache
def days() -> dict[str, Day]:
    scenario = a_day(TOWN, 200, 25, 1)
    return {name: simulate(scenario, Dispatching(POLICIES[name])) for name in ("nearest", "batch")}


def found() -> dict[str, tuple[object, float]]:
    return {name: (figures(day), 1.5) for name, day in days().items()}


def test_the_table_has_a_column_for_each_policy_and_a_row_for_what_happened() -> None:
    head, *lines = table_rows(found())
    assert head == ["", "nearest", "batch"]
    assert all(len(line) == 3 for line in lines)
    labels = {line[0] for line in lines}
    assert "request to car, worst tenth, mean s" in labels
    assert "too dear, of 100" not in labels, "nobody was turned away by a fare"
    assert len(lines) <= len(ROWS) + 1


def test_the_json_line_has_every_figure_of_every_policy() -> None:
    line = figures_of(found())
    assert line["batch"]["completed"] == figures(days()["batch"]).completed
    assert line["batch"]["took_s"] == 1.5
    assert {"wait_worst_s", "earned_p10_an_hour", "empty_km", "gini"} <= set(line["nearest"])


class Outline(HTMLParser):
    """Tags in the order they come, and whatever would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href", "xlink:href") and value]


def test_the_page_shows_every_plot_and_fetches_nothing() -> None:
    rows = table_rows(found())
    html = page(days(), Words("A day in <Town>", "200 requests.", rows, '{"a": 1}'))
    outline = Outline()
    outline.feed(html)
    assert outline.tags.count("svg") >= len(PLOTS) == outline.tags.count("figure")
    assert "script" not in outline.tags
    assert not [address for address in outline.fetched if not address.startswith("#")]
    assert "A day in &lt;Town&gt;" in html
    assert "prefers-color-scheme: dark" in html
    assert html == page(days(), Words("A day in <Town>", "200 requests.", rows, '{"a": 1}'))


@pytest.mark.parametrize(("title", "draw"), [(title, draw) for title, _, draw in PLOTS])
def test_each_plot_is_drawn_in_the_policies_own_colours(title: str, draw: object) -> None:
    svg = str(draw(days()))  # type: ignore[operator]
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    if title != "What became of the requests":
        assert COLOURS["nearest"] in svg and COLOURS["batch"] in svg


def test_a_day_on_which_nothing_was_completed_has_a_page_too() -> None:
    empty = {"batch": simulate(a_day(TOWN, 20, 0, 1), Dispatching(POLICIES["batch"]))}
    rows = table_rows({name: (figures(day), 0.1) for name, day in empty.items()})
    assert "<figure>" in page(empty, Words("", "", rows, "{}"))


def test_the_command_line_knows_every_policy_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    asked = parse(["--policy", "nearest,nearest_eta, batch,foresight", "--surge", "--scenario", "stadium"])
    assert asked.policies == tuple(POLICIES)
    assert set(LOOKING_AHEAD) <= set(POLICIES)
    assert "2,000 more who leave a stadium" in about(asked)
    with pytest.raises(SystemExit):
        parse(["--policy", "oracle"])
    assert "there is no policy oracle" in capsys.readouterr().err


def test_trips_of_several_days_have_drivers_on_each_of_them(tmp_path: Path) -> None:
    file = tmp_path / "trips.csv"
    lines = [f"2026-03-0{day}T{hour:02}:30:00,60.001,24.002,60.016,24.034" for day in (2, 3, 4) for hour in (9, 17)]
    file.write_text("requested_at,pickup_lat,pickup_lng,dropoff_lat,dropoff_lng\n" + "\n".join(lines) + "\n")
    requests = read_trips(file, TOWN, AREA)
    shifts = shifts_for(requests, TOWN, 30, 1, Habits())
    for request in requests:
        assert sum(shift.from_s <= request.at_s < shift.until_s for shift in shifts) >= 5
    assert max(shift.until_s for shift in shifts) > 3 * DAY_S
