"""What a gateway says it lacks, asked of the real servers."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from hansom.contracts.gateway import NotReady
from services.gateway.readiness import SERVICES, Readiness
from tests.support.waiting import eventually


def lacks_only(config: dict[str, Any], wanted: dict[str, list[str]]) -> None:
    """Such settings leave a gateway without these parts, and services, which nobody runs here. Asked until it is so: a
    busy machine may be too slow for the first look."""
    readiness = Readiness()
    readiness.container = SimpleNamespace(config=config)
    readiness.setup()

    def look() -> bool:
        with pytest.raises(NotReady) as refused:
            readiness.check()
        stores = {name: why for name, why in refused.value.details.items() if name not in SERVICES}
        assert stores == wanted
        return True

    try:
        eventually(look, within_s=40)
    finally:
        readiness.stop()


def test_a_city_whose_road_server_hangs_is_named_and_no_other(config: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        towns = {**config["CITIES"], "turku": {**config["CITIES"]["helsinki"], "osrm_url": url}}
        lacks_only({**config, "CITIES": towns}, {"osrm": ["turku: no answer in time"]})


def test_stores_that_are_away_are_named_each(config: dict[str, Any]) -> None:
    nowhere = {"AMQP_URI": "amqp://127.0.0.1:1", "MONGO_URI": "mongodb://127.0.0.1:1"}
    away = {"rabbitmq": ["not reachable"], "mongodb": ["not reachable"]}
    lacks_only({**config, **nowhere}, away)
