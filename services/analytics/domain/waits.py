"""How long riders waited for a driver, as a histogram that can be added up: its quantiles are those of all of them."""

from __future__ import annotations

WIDTHS = ((60, 1), (300, 5), (1800, 15))
"""(up to, width of a bin): below a minute a quantile is right to half a second, below five to 2.5 s, then to 7.5 s."""

LONGEST_S = WIDTHS[-1][0]
"""Longer waits are counted in the last bin."""


def wait_bin(wait_ms: int) -> int:
    """The middle of the bin that a wait is counted in, seconds."""
    wait_s = max(0.0, wait_ms / 1000)
    for up_to_s, width_s in WIDTHS:
        if wait_s < up_to_s:
            return round(wait_s / width_s) * width_s
    return LONGEST_S
