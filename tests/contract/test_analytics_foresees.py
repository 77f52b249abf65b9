"""What analytics says of what is to come, as those read it who ask."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import h3

from hansom.contracts.analytics import SeeForecast, SeeWorths
from hansom.values import Point
from hansom.wire import parse_time
from services.analytics import schemas
from services.analytics.domain.forecasting import Expected, Forecast
from services.analytics.domain.worths import Worths
from services.gateway.geojson import Heat, demand_map
from services.gateway.heat import FORECAST
from services.matching.worths import Worths as HeardWorths

EXAMPLES = Path(__file__).with_name("examples") / "rpc"


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"analytics.{name}.json").read_text(encoding="utf-8"))


def moment(text: str) -> datetime:
    found = parse_time(text)
    assert found is not None
    return found


def test_a_forecast_is_told_as_was_agreed() -> None:
    agreed = example("forecast")
    assert schemas.read_request(SeeForecast, agreed["request"]) == SeeForecast("helsinki")
    told, now = agreed["reply"], moment(agreed["reply"]["made_at"])
    items = tuple(Expected(**line) for line in told["items"])
    made = Forecast(moment(told["from"]), items, told["history_weeks"], told["level"], 120.0)
    assert schemas.forecast_reply("helsinki", made, now) == told


def test_worths_are_told_as_was_agreed() -> None:
    agreed = example("worths")
    assert schemas.read_request(SeeWorths, agreed["request"]) == SeeWorths("helsinki")
    told = agreed["reply"]
    found = Worths(told["items"], told["mean_wait_s"], told["trust"])
    assert schemas.worths_reply("helsinki", found, moment(told["learnt_at"])) == told


def test_matching_reads_worths() -> None:
    told = example("worths")["reply"]

    class Analytics:
        def worths(self, payload: dict[str, Any]) -> dict[str, Any]:
            assert payload == example("worths")["request"]
            return told

    class Maps:
        def get_segments(self, payload: dict[str, Any]) -> dict[str, Any]:
            return {"cells": list(told["items"])}

    heard = HeardWorths()
    heard.setup()
    heard.fetch("helsinki", Maps(), Analytics())
    for segment, worth_s in told["items"].items():
        assert heard.of("helsinki", Point(*h3.cell_to_latlng(segment))) == worth_s
    assert heard.of("helsinki", Point(0.0, 0.0)) == 0.0


def test_the_heat_map_reads_forecasts() -> None:
    told = example("forecast")["reply"]
    assert set(FORECAST) <= told.keys()
    drawn = {each["id"]: each["properties"] for each in demand_map(Heat(forecast=told["items"]))["features"]}
    assert {name: (each["forecast"], each["usual"]) for name, each in drawn.items()} == {
        line["segment"]: (line["requests"], line["usual"]) for line in told["items"]
    }
