"""Traffic: how fast cars go, as a share of the speed that the road server reckons with, by the hour of the city's day.

The road server knows limits and turns, not queues. With traffic the simulated city is slower than any promise made from
its answers alone, as real cities are.
"""

from __future__ import annotations

from dataclasses import dataclass

HOURS_A_DAY = 24
SLOWEST, FASTEST = 0.2, 1.2


@dataclass(frozen=True, slots=True)
class Traffic:
    """`speeds`: for each hour of the day, the share of the roads' own speed."""

    speeds: tuple[float, ...]

    def speed(self, hour: int) -> float:
        """The share in this hour, 0 to 23."""
        return self.speeds[hour]


def at_speed(share: float) -> Traffic:
    """The same all day. Raises ValueError outside 0.2 to 1.2."""
    if not SLOWEST <= share <= FASTEST:
        raise ValueError(f"{share} is not from {SLOWEST} to {FASTEST}")
    return Traffic((share,) * HOURS_A_DAY)


def _rush() -> Traffic:
    speeds = [1.0] * 6 + [0.85, 0.65, 0.6, 0.75] + [0.85] * 5 + [0.7, 0.6, 0.65, 0.8] + [0.9] * 3 + [1.0] * 2
    return Traffic(tuple(speeds))


FREE = at_speed(1.0)
RUSH = _rush()
"""Queues from seven to ten and from three to seven, some all day, none at night."""
