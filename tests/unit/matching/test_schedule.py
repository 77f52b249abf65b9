"""When windows close."""

from __future__ import annotations

from services.matching.domain.schedule import Schedule


def closes(schedule: Schedule, arrivals: list[float], until_s: float, left: int = 0) -> list[float]:
    """Times at which batches close, looked at every 0.1 s; arrivals are heard of when they come."""
    found: list[float] = []
    for tick in range(round(until_s * 10) + 1):
        now_s = tick / 10
        come = [each for each in arrivals if each <= now_s]
        schedule.note_arrival(max(come) if come else None)
        if schedule.due(now_s):
            schedule.closed(now_s, left)
            found.append(now_s)
    return found


def test_windows_close_on_a_fixed_grid() -> None:
    assert closes(Schedule(2, 0.3), [], 7) == [2.0, 4.0, 6.0]


def test_a_late_batch_does_not_move_the_ones_after_it() -> None:
    schedule = Schedule(2, 0.3)
    assert not schedule.due(0.5)
    schedule.closed(2.7, left=1)
    assert not schedule.due(3.9)
    assert schedule.due(4.0)


def test_missed_windows_are_not_made_up_for() -> None:
    schedule = Schedule(2, 0.3)
    assert not schedule.due(0.5)
    schedule.closed(9.1, left=1)
    assert not schedule.due(9.9)
    assert schedule.due(10.0)


def test_a_rider_after_a_quiet_window_waits_a_moment_only() -> None:
    assert closes(Schedule(2, 0.3), [4.5], 6)[:3] == [2.0, 4.0, 4.8]


def test_steady_demand_waits_for_whole_windows() -> None:
    arrivals = [0.1 + each / 2 for each in range(20)]
    early, *others = closes(Schedule(2, 0.3), arrivals, 9)
    assert early == 0.4
    assert others == [2.0, 4.0, 6.0, 8.0]


def test_nobody_jumps_the_queue_of_those_who_wait_already() -> None:
    schedule = Schedule(2, 0.3)
    assert closes(schedule, [], 2.0, left=3) == [2.0]
    schedule.note_arrival(2.5)
    assert not schedule.due(2.9)
    assert schedule.due(4.0)


def test_a_clock_set_back_does_not_stop_dispatch() -> None:
    schedule = Schedule(2, 0.3)
    assert not schedule.due(3600.1)
    assert not schedule.due(10.1)
    assert schedule.due(12.0)
