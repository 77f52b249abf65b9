"""A page of plots of simulated days: self-contained, light and dark."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pygal
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from pygal.style import Style

from services.matching.simulation.day import Day
from services.matching.simulation.figures import earned_an_hour

HOUR_S = 3600

# pygal puts a finder of its map plugins among Python's, of a kind that pytest and Python 3.12 do not know: out again
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__.partition(".")[0] != "pygal"]

COLOURS = {"nearest": "var(--c1)", "nearest_eta": "var(--c2)", "batch": "var(--c3)", "foresight": "var(--c4)"}
OTHER_COLOUR = "var(--c5)"

OUTCOMES = (
    ("completed", "completed", "var(--o1)"),
    ("cancelled", "cancelled", "var(--o2)"),
    ("gave up waiting", "gave_up", "var(--o3)"),
    ("nobody found", "unserved", "var(--o4)"),
    ("too dear", "priced_out", "var(--o5)"),
)
SHARES = tuple(range(0, 101, 2))
FONT = "system-ui, sans-serif"

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(), undefined=StrictUndefined
)

Days = Mapping[str, Day]


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says beside the plots. `rows`: a head and the lines of the table, cells as text; `line`: JSON."""

    title: str
    about: str
    rows: Sequence[Sequence[str]]
    line: str


def page(days: Days, words: Words) -> str:
    """The HTML page: policies side by side, in their own colours."""
    template = TEMPLATES.get_template("page.html")
    plots = [{"title": name, "text": text, "svg": draw(days)} for name, text, draw in PLOTS]
    head, *lines = words.rows
    return template.render(title=words.title, about=words.about, head=head, rows=lines, plots=plots, line=words.line)


# -- plots -----------------------------------------------------------------------------------------------------------
def outcomes(days: Days) -> Markup:
    seen = {trip.outcome for day in days.values() for trip in day.trips}
    happened = [each for each in OUTCOMES if each[1] in seen]
    chart = _chart(pygal.HorizontalStackedBar, [colour for *_, colour in happened], height=110 + 46 * len(days))
    chart.x_labels = list(days)[::-1]
    chart.range = (0, 100)
    for label, outcome, _ in happened:
        counts = [sum(trip.outcome == outcome for trip in day.trips) for day in days.values()]
        shares = [100 * n / max(1, len(day.trips)) for n, day in zip(counts, days.values(), strict=True)]
        chart.add(label, shares[::-1])
    return _svg(chart)


def pickups(days: Days) -> Markup:
    return _quantiles(days, lambda day: [trip.pickup_s for trip in day.trips if trip.outcome == "completed"])


def waits(days: Days) -> Markup:
    return _quantiles(days, lambda day: [trip.wait_s for trip in day.trips if trip.outcome == "completed"])


def waits_by_hour(days: Days) -> Markup:
    def mean_s(day: Day, hour: int) -> float | None:
        here = [trip for trip in day.trips if trip.outcome == "completed" and trip.request.at_s // HOUR_S % 24 == hour]
        return float(np.mean([trip.wait_s for trip in here])) / 60 if here else None

    return _by_hour(days, mean_s, from_nought=True)


def completed_by_hour(days: Days) -> Markup:
    def share(day: Day, hour: int) -> float | None:
        here = [trip.outcome for trip in day.trips if trip.request.at_s // HOUR_S % 24 == hour]
        return 100 * here.count("completed") / len(here) if here else None

    return _by_hour(days, share)


def earnings(days: Days) -> Markup:
    chart = _chart(pygal.XY, _colours(days), dots=False)
    chart.x_title = "drivers, from those who earned least, of 100"
    for name, day in days.items():
        an_hour = earned_an_hour(day) / 100
        if len(an_hour):
            chart.add(name, [(share, float(np.percentile(an_hour, share))) for share in SHARES])
    return _svg(chart)


PLOTS: tuple[tuple[str, str, Callable[[Days], Markup]], ...] = (
    ("What became of the requests", "Of 100 requests.", outcomes),
    ("The way to the rider", "Minutes from accepting to the pickup, of completed rides, sorted.", pickups),
    ("From asking to the car", "Minutes, of completed rides, sorted. The right end is the worst off.", waits),
    ("Waiting through the day", "Mean minutes from asking to the car, by the hour of asking.", waits_by_hour),
    ("Completed through the day", "Of 100 requests, by the hour of asking.", completed_by_hour),
    ("What drivers earn", "An hour on shift, drivers sorted by it. The flatter, the more alike.", earnings),
)


# -- how they are drawn ----------------------------------------------------------------------------------------------
def _quantiles(days: Days, seconds_of: Callable[[Day], list[float | None]]) -> Markup:
    chart = _chart(pygal.XY, _colours(days), dots=False)
    chart.x_title = "of 100 rides"
    for name, day in days.items():
        seconds = np.array(seconds_of(day), dtype=float)
        if len(seconds):
            chart.add(name, [(share, float(np.percentile(seconds, min(share, 99.5))) / 60) for share in SHARES])
    return _svg(chart)


def _by_hour(days: Days, value_of: Callable[[Day, int], float | None], *, from_nought: bool = False) -> Markup:
    chart = _chart(pygal.Line, _colours(days), dots=False)
    chart.include_x_axis = from_nought
    hours = range(24)
    chart.x_labels = [f"{hour:02}" for hour in hours]
    chart.x_labels_major_every, chart.show_minor_x_labels = 3, False
    for name, day in days.items():
        chart.add(name, [value_of(day, hour) for hour in hours])
    return _svg(chart)


def _colours(days: Days) -> list[str]:
    return [COLOURS.get(name, OTHER_COLOUR) for name in days]


def _chart(kind: type, colours: Sequence[str], *, height: int = 320, dots: bool = True) -> Any:
    style = Style(
        background="transparent",
        plot_background="transparent",
        foreground="var(--ink-2)",
        foreground_strong="var(--ink)",
        foreground_subtle="var(--line)",
        guide_stroke_color="var(--line)",
        major_guide_stroke_color="var(--line)",
        guide_stroke_dasharray="0",
        major_guide_stroke_dasharray="0",
        colors=tuple(colours),
        opacity="1",
        opacity_hover="1",
        stroke_opacity="1",
        stroke_width="2.5",
        font_family=FONT,
        label_font_size=13,
        major_label_font_size=13,
        legend_font_size=13,
        title_font_size=14,
    )
    return kind(
        style=style,
        js=[],
        width=640,
        height=height,
        show_dots=dots,
        legend_at_bottom=True,
        legend_at_bottom_columns=max(1, len(colours)),
        legend_box_size=12,
        margin=8,
        margin_bottom=14,
        truncate_legend=-1,
        value_formatter=lambda value: f"{value:.4g}",
        disable_xml_declaration=True,
        print_values=False,
    )


def _svg(chart: Any) -> Markup:
    chart.add_xml_filter(_still)
    # its styles are the chart's own by this name; drawn by chance it would make the same day another page
    chart.uuid = hashlib.sha256(repr((type(chart), chart.raw_series)).encode()).hexdigest()[:12]
    # mark-up made here, of our own labels and numbers
    return Markup(chart.render(is_unicode=True))


def _still(root: Any) -> Any:
    """The picture without its scripts and its maker's name; what a bar stands for shows when pointed at."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == "script" or (parent is root and child.tag == "title"):
                parent.remove(child)
            elif child.tag == "desc" and child.get("class") == "value":
                child.tag = "title"
    return root
