"""What every service counts, in Prometheus' terms."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

RPC_REQUESTS = Counter("rpc_requests_total", "RPCs answered", ["service", "method", "outcome"])
RPC_SECONDS = Histogram(
    "rpc_seconds", "Time from receipt of an RPC to its reply", ["service", "method"], buckets=_SECONDS
)
EVENTS_PUBLISHED = Counter("events_published_total", "Events confirmed by the broker", ["service"])
EVENTS_CONSUMED = Counter("events_consumed_total", "Events handled", ["service"])
EVENTS_PARKED = Counter("events_parked_total", "Events given up and parked", ["service"])
EVENT_BATCH_SECONDS = Histogram(
    "event_batch_seconds", "Time to handle a batch of events", ["service"], buckets=_SECONDS
)
OUTBOX_BACKLOG = Gauge("outbox_backlog", "Events committed and not yet published, at the last look", ["service"])
