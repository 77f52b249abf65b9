"""Reckoning surge for cities: by what operators set, and calmly when something cannot be known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hansom.contracts.maps import UnknownCity
from hansom.contracts.pricing import ListSurgeChanges, SetSurge, SurgeCode
from services.pricing.domain.reasons import Reckoned
from services.pricing.domain.setting import SurgeChange, SurgeDefaults, SurgeSetting
from services.pricing.domain.surge import Around, Demand, SegmentSurge, SurgeRules
from services.pricing.usecases.surging import Seen, SurgePlan, list_changes, reckon_surge, set_surge

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DEFAULTS = SurgeDefaults(enabled=True, cap_tenths=20)
PLAN = SurgePlan(
    {"helsinki": DEFAULTS, "tampere": DEFAULTS},
    SurgeRules(rise_s=60, fall_s=180),
    stale=timedelta(seconds=60),
    tick=timedelta(seconds=5),
)
BUSY = Seen({"a": Demand(waiting=20, requests=60)}, {}, Around(lambda _: (), 2))
QUIET = Seen({}, {"a": 5}, Around(lambda _: (), 2))


class Streets:
    """Cities as a test wants them; keeps surge as Redis does."""

    def __init__(self, seen: Seen | SurgeCode) -> None:
        self.seen = seen
        self.kept: dict[str, tuple[Reckoned, Mapping[str, SegmentSurge]]] = {}

    def look_at(self, city: str, now: datetime) -> Seen | SurgeCode:
        return self.seen if city == "helsinki" else QUIET

    def last(self, city: str) -> tuple[Reckoned | None, Mapping[str, SegmentSurge]]:
        return self.kept.get(city, (None, {}))

    def keep(self, city: str, reckoned: Reckoned, segments: Mapping[str, SegmentSurge]) -> None:
        self.kept[city] = reckoned, segments

    def note_trouble(self, city: str, reckoned: Reckoned) -> None:
        self.kept[city] = reckoned, self.last(city)[1]


class Rows:
    """Settings and changes, as Postgres keeps them."""

    def __init__(self) -> None:
        self.settings: dict[str, SurgeSetting] = {}
        self.kept: list[SurgeChange] = []

    def get(self, city: str) -> SurgeSetting:
        return self.settings.get(city, SurgeSetting(city))

    lock = get

    def keep(self, setting: SurgeSetting, change: SurgeChange) -> None:
        self.settings[setting.city] = setting
        self.kept.append(change)

    def changes(self, city: str | None, before: str | None, most: int) -> list[SurgeChange]:
        found = [one for one in self.kept if city in (None, one.city) and (before is None or one.id < before)]
        return sorted(found, key=lambda one: one.id, reverse=True)[:most]


def level(streets: Streets, settings: Mapping[str, SurgeSetting] | None = None, at_s: float = 0) -> float:
    """Of Helsinki's one busy segment, after a step at so many seconds from `NOW`."""
    reckon_surge(streets, settings or {}, PLAN, NOW + timedelta(seconds=at_s))
    segment = streets.kept["helsinki"][1].get("a")
    return 1.0 if segment is None else segment.level


def test_each_city_is_reckoned_by_itself() -> None:
    streets = Streets(BUSY)
    assert level(streets) > 1
    assert streets.kept["tampere"] == (Reckoned(NOW, True, 20, 300.0), {})


def test_a_step_is_as_long_as_the_time_since_the_last() -> None:
    often, seldom = Streets(BUSY), Streets(BUSY)
    for at_s in range(0, 41, 5):
        last = level(often, at_s=at_s)
    level(seldom)
    assert level(seldom, at_s=40) == pytest.approx(last)


def test_after_a_long_silence_it_begins_from_the_usual_fare() -> None:
    streets = Streets(BUSY)
    first = level(streets)
    assert level(streets, at_s=600) == first


@pytest.mark.parametrize("trouble", [SurgeCode.SUPPLY_UNKNOWN, SurgeCode.DEMAND_UNKNOWN])
def test_what_cannot_be_known_leaves_surge_as_it_was_and_says_what(trouble: SurgeCode) -> None:
    streets = Streets(BUSY)
    before = level(streets)
    streets.seen = trouble
    assert level(streets, at_s=5) == before
    reckoned, _ = streets.kept["helsinki"]
    assert (reckoned.at, reckoned.trouble) == (NOW, trouble)
    streets.seen = BUSY
    assert level(streets, at_s=10) > before
    assert streets.kept["helsinki"][0].trouble is None


def test_what_operators_set_holds_from_the_next_step_on() -> None:
    streets = Streets(BUSY)
    level(streets)
    assert level(streets, at_s=60) > 1.1
    assert level(streets, {"helsinki": SurgeSetting("helsinki", cap_tenths=11)}, at_s=60) == 1.1
    assert level(streets, {"helsinki": SurgeSetting("helsinki", enabled=False)}, at_s=65) == 1.0
    assert streets.kept["helsinki"][0] == Reckoned(NOW + timedelta(seconds=65), False, 20, 300.0)


def a_command(**changes: Any) -> SetSurge:
    return SetSurge(**{"city": "helsinki", "ops_user_id": "ops-1", "enabled": None, "sets_cap": False, **changes})


def test_a_change_is_kept_with_who_made_it_and_what_held_before() -> None:
    rows = Rows()
    after = set_surge(a_command(sets_cap=True, cap_tenths=15, note="fair"), rows, PLAN, NOW, lambda: "1")
    assert after == SurgeSetting("helsinki", None, 15, NOW, "ops-1")
    assert rows.kept == [
        SurgeChange("1", "helsinki", NOW, "ops-1", DEFAULTS, SurgeDefaults(True, 15), "fair"),
    ]


def test_what_is_so_already_is_no_change() -> None:
    rows = Rows()
    set_surge(a_command(enabled=False), rows, PLAN, NOW, lambda: "1")
    again = set_surge(a_command(enabled=False, ops_user_id="ops-2"), rows, PLAN, NOW, lambda: "2")
    assert (again.changed_by, len(rows.kept)) == ("ops-1", 1)


def test_a_cap_can_go_back_to_the_default() -> None:
    rows = Rows()
    set_surge(a_command(sets_cap=True, cap_tenths=30), rows, PLAN, NOW, lambda: "1")
    back = set_surge(a_command(sets_cap=True, cap_tenths=None), rows, PLAN, NOW, lambda: "2")
    assert back.in_force(DEFAULTS) == DEFAULTS
    assert [(one.old.cap_tenths, one.new.cap_tenths) for one in rows.kept] == [(20, 30), (30, 20)]


def test_a_city_that_is_not_served_has_no_surge_to_set() -> None:
    with pytest.raises(UnknownCity):
        set_surge(a_command(city="atlantis", enabled=False), Rows(), PLAN, NOW, lambda: "1")


def test_changes_are_read_page_by_page_newest_first() -> None:
    rows = Rows()
    for number in range(5):
        set_surge(a_command(enabled=number % 2 == 0), rows, PLAN, NOW, lambda number=number: str(number))  # type: ignore[misc]
    first, cursor = list_changes(ListSurgeChanges("helsinki", 3, None), rows)
    rest, end = list_changes(ListSurgeChanges("helsinki", 3, cursor), rows)
    assert [one.id for one in (*first, *rest)] == ["4", "3", "2", "1", "0"]
    assert (cursor, end) == ("2", None)
