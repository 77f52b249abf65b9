"""After a while nobody needs to know where exactly a ride went: its positions become the segments that it passed."""

from __future__ import annotations

from hansom.segments import SegmentIndex, wide_cell
from services.location.domain.traces import believed, coarse
from services.location.storage.mongo import CoarseTrace, Traces

WINDOW_MS = (10_000, 600_000)
"""Least and greatest time whose positions are looked at in one go: it doubles where there are none."""

MAX_TRIPS = 1000
"""Of one run; what is left then is done by the next."""

LOOK_BACK_MS = 3_600_000
"""How far before what is done each run begins: for positions that were late."""

MAX_POINTS = 20_000


def coarsen_traces(before_ms: int, traces: Traces, index: SegmentIndex) -> int:
    """Coarsen the traces of rides with positions from before, whole rides each, the oldest first; gives how many.

    Safe to repeat, to interrupt and to run twice at once. Raises PyMongoError.
    """
    known_ms = traces.coarsened_until()
    begin_ms = before_ms if known_ms is None else min(known_ms, before_ms) - LOOK_BACK_MS
    done, window_ms = 0, WINDOW_MS[0]
    while begin_ms < before_ms and done < MAX_TRIPS:
        end_ms = min(before_ms, begin_ms + window_ms)
        trips = traces.trips_between(begin_ms, end_ms)
        for trip_id in trips:
            _coarsen(trip_id, traces, index)
        if trips and end_ms > (known_ms or 0):
            traces.note_coarsened(end_ms)
        done += len(trips)
        window_ms = WINDOW_MS[0] if trips else min(WINDOW_MS[1], 2 * window_ms)
        begin_ms = end_ms
    if begin_ms > (known_ms or 0):
        traces.note_coarsened(begin_ms)
    return done


def _coarsen(trip_id: str, traces: Traces, index: SegmentIndex) -> None:
    points = traces.points(trip_id, None, MAX_POINTS)
    taken, marked = believed(points)
    seen = ((p.driver_id, index.segment_of(p.lat, p.lng) or wide_cell(p.lat, p.lng), p.at_ms) for p in taken)
    traces.coarsen(trip_id, points, CoarseTrace(coarse(seen), marked))
