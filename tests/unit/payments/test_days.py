"""A city's day ends at its own midnight."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hansom.contracts.errors import Invalid
from hansom.contracts.payments import DayNotOver
from services.payments.domain.payout import day_of, last_payable_day
from services.payments.schemas import LIST_PAYOUTS, SEE_EARNINGS, cursor_of, earnings_request, place_of

HELSINKI = ZoneInfo("Europe/Helsinki")


def test_a_ride_late_at_night_is_of_the_citys_day() -> None:
    assert day_of(datetime(2026, 3, 2, 21, 59, tzinfo=UTC), HELSINKI) == date(2026, 3, 2)
    assert day_of(datetime(2026, 3, 2, 22, 0, tzinfo=UTC), HELSINKI) == date(2026, 3, 3)


def test_days_end_an_hour_earlier_in_summer_time() -> None:
    assert day_of(datetime(2026, 7, 2, 20, 59, tzinfo=UTC), HELSINKI) == date(2026, 7, 2)
    assert day_of(datetime(2026, 7, 2, 21, 0, tzinfo=UTC), HELSINKI) == date(2026, 7, 3)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Helsinki", date(2026, 3, 29), 23),
        ("Europe/Helsinki", date(2026, 10, 25), 25),
        ("Asia/Beirut", date(2026, 3, 29), 23),  # its midnight is left out
        ("Europe/Helsinki", date(2026, 6, 1), 24),
    ],
)
def test_a_day_is_as_long_as_the_citys_clocks_make_it_and_is_payable_when_it_is_over(
    zone: str, day: date, hours: int
) -> None:
    place, first = ZoneInfo(zone), datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    moments = [first + timedelta(minutes=minute) for minute in range(3 * 24 * 60)]
    of_the_day = [moment for moment in moments if day_of(moment, place) == day]
    assert len(of_the_day) == hours * 60
    assert of_the_day[-1] - of_the_day[0] == timedelta(minutes=hours * 60 - 1)
    assert last_payable_day(of_the_day[-1], place, None) < day
    assert last_payable_day(of_the_day[-1] + timedelta(minutes=1), place, None) == day


def test_a_run_pays_up_to_yesterday_in_the_city() -> None:
    assert last_payable_day(datetime(2026, 3, 2, 21, 59, tzinfo=UTC), HELSINKI, None) == date(2026, 3, 1)
    assert last_payable_day(datetime(2026, 3, 2, 22, 0, tzinfo=UTC), HELSINKI, None) == date(2026, 3, 2)


def test_ops_may_ask_for_today_but_not_for_a_day_to_come() -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert last_payable_day(now, HELSINKI, date(2026, 3, 2)) == date(2026, 3, 2)
    with pytest.raises(DayNotOver):
        last_payable_day(now, HELSINKI, date(2026, 3, 3))


def asked(**span: str) -> tuple[datetime | None, datetime | None]:
    request = earnings_request(SEE_EARNINGS.load({"driver_id": "d", **span}), HELSINKI)
    return request.earned_from, request.earned_to


def test_days_in_a_request_are_whole_days_of_the_city() -> None:
    assert asked(**{"from": "2026-03-28", "to": "2026-03-29"}) == (
        datetime(2026, 3, 27, 22, tzinfo=UTC),
        datetime(2026, 3, 29, 21, tzinfo=UTC),  # the night the clocks go forward
    )


def test_times_in_a_request_are_taken_as_they_are() -> None:
    assert asked(**{"from": "2026-03-28T10:00:00+02:00"}) == (datetime(2026, 3, 28, 8, tzinfo=UTC), None)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_last_days_of_the_calendar_are_no_error(day: str) -> None:
    since, _ = asked(**{"from": day, "to": day})
    assert since is not None


@pytest.mark.parametrize("wrong", ["yesterday", "2026-13-01", "2026-03-28T10:00:00", 20260328, "9" * 50])
def test_what_is_not_a_day_or_time_is_named(wrong: object) -> None:
    assert "from" in SEE_EARNINGS.validate({"driver_id": "d", "from": wrong})


def test_limits_are_bounded() -> None:
    assert "limit" in SEE_EARNINGS.validate({"driver_id": "d", "limit": 501})
    assert "limit" in LIST_PAYOUTS.validate({"driver_id": "d", "limit": 0})


@pytest.mark.parametrize(
    "told",
    [
        '["2026-01-01T00:00:00Z","5"]',
        '["2026-01-01T00:00:00Z",true]',
        '["2026-01-01T00:00:00Z",9223372036854775808]',
        '["0001-01-01T00:00:00+23:59",5]',
        '["9999-12-31T23:59:59-23:59",5]',
        "[5,5]",
        "[]",
    ],
)
def test_a_cursor_of_somebody_elses_making_names_the_field(told: str) -> None:
    with pytest.raises(Invalid) as refused:
        place_of(base64.urlsafe_b64encode(told.encode()).decode())
    assert list(refused.value.details) == ["cursor"]


def test_a_cursor_survives_the_way_there_and_back() -> None:
    place = (datetime(2026, 3, 2, 12, tzinfo=UTC), 42)
    assert place_of(cursor_of(place)) == place
