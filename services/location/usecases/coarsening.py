"""After a while nobody needs to know where exactly a ride went: its positions become the segments that it passed."""

from __future__ import annotations

from hansom.segments import SegmentIndex, wide_cell
from services.location.domain.traces import believed, coarse
from services.location.storage.mongo import CoarseTrace, Traces

TRIPS_AT_ONCE = 50
MAX_BATCHES = 200
"""Of one run; what is left then is done by the next."""

MAX_POINTS = 20_000


def coarsen_traces(before_ms: int, traces: Traces, index: SegmentIndex) -> int:
    """Coarsen the traces of all rides with positions from before, whole rides each; gives how many.

    Safe to repeat, to interrupt and to run twice at once. Raises PyMongoError.
    """
    done = 0
    for _ in range(MAX_BATCHES):
        trips = traces.oldest(before_ms, TRIPS_AT_ONCE)
        if not trips:
            break
        traces.coarsen({trip_id: _coarse(trip_id, traces, index) for trip_id in trips})
        done += len(trips)
    return done


def _coarse(trip_id: str, traces: Traces, index: SegmentIndex) -> CoarseTrace:
    taken, marked = believed(traces.points(trip_id, None, MAX_POINTS))
    seen = ((p.driver_id, index.segment_of(p.lat, p.lng) or wide_cell(p.lat, p.lng), p.at_ms) for p in taken)
    return CoarseTrace(coarse(seen), marked)
