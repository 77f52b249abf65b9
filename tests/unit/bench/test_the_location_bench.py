"""What the location bench reckons by itself: cars that drive believably, blows as they are felt, and the verdict."""

from __future__ import annotations

from random import Random

from bench.load.cars import Box, Car, now_text
from bench.load.felt import felt
from bench.load.location_tables import targets
from hansom.bots import frames
from hansom.values import Point, distance_m
from services.gateway.socket.frames import TEXT, FrameReader
from services.gateway.socket.positions import read_position

BOX = Box(60.165, 24.936, 60.178, 24.952)
NOW_S = 1_790_000_000.0


def test_a_car_keeps_inside_its_area_and_never_jumps() -> None:
    car = Car("d", "", BOX, step_m=40.0, rng=Random(3))
    for _ in range(500):
        before = Point(car.lat, car.lng)
        car.move()
        assert BOX.south <= car.lat <= BOX.north and BOX.west <= car.lng <= BOX.east
        assert distance_m(before, Point(car.lat, car.lng)) < 41.0


def test_a_report_is_a_frame_that_the_gateway_takes() -> None:
    import orjson

    car = Car("d", "", BOX, step_m=40.0, rng=Random(3))
    car.move()
    [(opcode, payload)] = FrameReader(65536).feed(car.report(now_text(NOW_S)))
    assert opcode == TEXT == frames.TEXT
    row = read_position("d", orjson.loads(payload)["data"], int(NOW_S * 1000), 86_400_000)
    assert row[:5] == ["d", round(car.lat, 6), round(car.lng, 6), int(NOW_S * 1000), 1]


def test_a_blow_is_felt_from_it_until_the_first_position_that_came_through_the_silence() -> None:
    steady = [(at / 10, 0.1) for at in range(1000)]
    struck = [(sent, 56.0 - sent if 50.0 <= sent < 55.8 else latency) for sent, latency in steady]
    found = felt(struck, blow_at=50.0, until=float("inf"))
    assert found["searchable_again_s"] == 5.9
    assert found["in_time_again_s"] == 6.0
    assert 5.5 < (found["silence_s"] or 0) <= 5.9


def test_the_verdict_names_what_was_missed() -> None:
    row = {
        "rate": 5000.0,
        "searchable_a_second": 4700.0,
        "report_to_searchable_ms": {"p99": 300.0},
        "driver_moved_ms": {"p95": 700.0},
        "clients_late_ms": {"p99": 5.0},
        "clients_on_time": True,
        "memory": {"gateway": {"first_mib": 1, "last_mib": 1, "mib_a_minute": 0.1}, "redis": {"mib_a_minute": 9.0}},
        "rides": {"sent": 10, "in_mongodb": 9, "lost": 1},
    }
    verdict = targets({"ingest": row, "bare": {"answers_a_second": 6000.0}})
    assert {name for name, target in verdict.items() if not target["ok"]} == {
        "searchable a second",
        "lost from rides: ingest",
    }
    assert verdict["of the bare Nameko socket"]["measured"] == 0.78
