"""The quick check of a position agrees with the schema that the documentation is built from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from hansom.contracts.errors import Invalid
from services.gateway import schemas
from services.gateway.socket.positions import _quick, read_position

NOW_MS = int(datetime(2026, 3, 2, 12, 0, tzinfo=UTC).timestamp() * 1000)
DAY_MS = 86_400_000
GOOD: dict[str, Any] = {"lat": 60.17, "lng": 24.94, "at": "2026-03-02T12:00:00.250Z", "seq": 7}

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.integers(-400, 400), st.booleans(), st.text(max_size=3)
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "lat": NUMBERS,
        "lng": NUMBERS,
        "at": st.sampled_from(
            ["2026-03-02T12:00:00Z", "2026-03-02T12:00:00+02:00", "2026-03-02T12:00:00", "x", 5, None]
        ),
        "seq": st.one_of(st.integers(-2, 1 << 60), st.floats(0, 9), st.none(), st.booleans()),
        "bearing_deg": st.one_of(NUMBERS, st.none()),
        "speed_mps": st.one_of(NUMBERS, st.none()),
        "accuracy_m": st.one_of(NUMBERS, st.none()),
        "driver_id": st.just("somebody-else"),
    },
)


@settings(max_examples=400)
@given(changes=FIELDS)
def test_the_quick_check_and_the_schema_agree(changes: dict[str, Any]) -> None:
    report = {**GOOD, **changes}
    try:
        schemas.Position().load(report)
        fits = True
    except ValidationError:
        fits = False
    assert (_quick("driver-1", report) is not None) == fits


def test_a_report_becomes_a_row() -> None:
    report = {**GOOD, "bearing_deg": 90, "speed_mps": 5.5}
    assert read_position("driver-1", report, NOW_MS, DAY_MS) == [
        "driver-1",
        60.17,
        24.94,
        NOW_MS + 250,
        7,
        90,
        5.5,
        None,
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lat": "60"}, "lat"),
        ({"lng": 180.1}, "lng"),
        ({"seq": -1}, "seq"),
        ({"at": "2026-03-02T12:00:00"}, "at"),
        ({"at": "2026-03-01T11:00:00Z"}, "at"),
        ({"bearing_deg": 361}, "bearing_deg"),
        ({"rider_id": "x"}, "rider_id"),
    ],
)
def test_a_bad_report_names_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as raised:
        read_position("driver-1", {**GOOD, **changes}, NOW_MS, DAY_MS)
    assert list(raised.value.details) == [field]


@pytest.mark.parametrize("report", [None, [], "x", 5, {}])
def test_what_is_no_report_is_invalid(report: Any) -> None:
    with pytest.raises(Invalid):
        read_position("driver-1", report, NOW_MS, DAY_MS)


def test_a_phone_whose_clock_is_ahead_reports_as_of_now() -> None:
    ahead = {**GOOD, "at": "2026-03-02T12:00:30Z"}
    assert read_position("driver-1", ahead, NOW_MS, DAY_MS)[3] == NOW_MS


def test_a_clock_far_ahead_is_marked_and_counts_as_of_now() -> None:
    row = read_position("driver-1", {**GOOD, "at": "2026-03-02T12:02:00Z"}, NOW_MS, DAY_MS)
    assert row[3] == NOW_MS
    assert row[8:] == ["clock_skew"]
