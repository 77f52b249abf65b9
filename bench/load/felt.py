"""How long a blow to a running stack is felt, from what became of single positions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

SEARCHABLE_MS = 500.0
"""From a driver's report until a search finds him there: what the 99th percentile must stay below."""


def felt(found: Sequence[tuple[float, float]], blow_at: float, until: float) -> dict[str, float | None]:
    """How a blow was felt, from (sent, latency) of probes: the longest time in which nothing became searchable, when
    that ended after the blow, and when positions were searchable within SEARCHABLE_MS again, all in seconds.
    """
    arrived = sorted(sent + latency for sent, latency in found if blow_at - 5 <= sent + latency < until)
    after = [blow_at, *(at for at in arrived if at >= blow_at)]
    silences = [(later - earlier, later) for earlier, later in pairwise(after)]
    silence, ended_at = max(silences, default=(None, None))
    slow = [sent + latency for sent, latency in found if blow_at <= sent < until and latency * 1000 > SEARCHABLE_MS]
    return {
        "silence_s": None if silence is None else round(silence, 2),
        "searchable_again_s": None if ended_at is None else round(ended_at - blow_at, 2),
        "in_time_again_s": round(max(slow) - blow_at, 2) if slow else 0.0,
    }
