"""Who publishes what and who hears it.

Publishers and consumers both declare the queues from this table, so an event never reaches the broker before a queue
that must keep it, whichever process starts first.
"""

from __future__ import annotations

from zlib import crc32

EVENTS_EXCHANGE = "hansom.events"
"""Topic exchange. Routing key: `<publisher>.<type>.<partition>`."""

MOVES_EXCHANGE = "hansom.moves"
"""Fan-out of moving cars, transient: the next one replaces what is lost."""

REPLICAS_EXCHANGE = "hansom.replicas"
"""Replicas of a service tell each other that they are there, transient. Routing key: the service."""

TRACES_QUEUE = "location.traces"
MOVES_QUEUE = "notifications.moves"

TRIP_LIFE = (
    "trip_requested",
    "trip_assigned",
    "driver_arrived",
    "trip_started",
    "trip_completed",
    "trip_cancelled",
    "trip_expired",
    "trip_returned",
)

PUBLISHED: dict[str, tuple[str, ...]] = {
    "users": ("account_registered", "profile_changed"),
    "drivers": ("driver_availability_changed",),
    "trips": (*TRIP_LIFE, "trip_changed", "trip_settled", "offer_made", "offer_withdrawn", "offer_declined"),
    "payments": (
        "payment_captured",
        "payment_failed",
        "payment_refunded",
        "debt_settled",
        "tip_received",
        "payout_sent",
        "payout_failed",
    ),
    "ratings": ("rating_given",),
    "analytics": ("demand_hinted",),
}
"""Publisher → the types of its events."""

SUBSCRIPTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "users": {"ratings": ("rating_given",)},
    "drivers": {
        "users": ("account_registered", "profile_changed"),
        "ratings": ("rating_given",),
    },
    "location": {
        "drivers": ("driver_availability_changed",),
        "trips": (
            "trip_assigned",
            "driver_arrived",
            "trip_started",
            "trip_completed",
            "trip_cancelled",
            "trip_returned",
            "trip_changed",
        ),
    },
    "matching": {
        "drivers": ("driver_availability_changed",),
        "trips": (
            "trip_requested",
            "trip_returned",
            "trip_assigned",
            "trip_completed",
            "trip_cancelled",
            "trip_expired",
            "offer_made",
            "offer_withdrawn",
            "offer_declined",
        ),
    },
    "trips": {"drivers": ("driver_availability_changed",)},
    "pricing": {
        "trips": (
            "trip_requested",
            "trip_returned",
            "trip_assigned",
            "trip_cancelled",
            "trip_expired",
            "trip_settled",
        ),
    },
    "payments": {"trips": ("trip_settled", "trip_cancelled", "trip_expired")},
    "notifications": {
        "trips": (*TRIP_LIFE, "trip_changed", "trip_settled", "offer_made", "offer_withdrawn"),
        "payments": (
            "payment_captured",
            "payment_failed",
            "payment_refunded",
            "debt_settled",
            "tip_received",
            "payout_sent",
            "payout_failed",
        ),
        "analytics": ("demand_hinted",),
    },
    "analytics": {
        "trips": (*TRIP_LIFE, "trip_settled", "offer_declined"),
        "payments": ("payment_captured", "payment_failed", "payout_sent"),
    },
}
"""Consumer → publisher → the types it hears."""


def positions_queue(partition: int) -> str:
    """Name of a queue of positions. The order of one driver's positions holds within it."""
    return f"location.positions.{partition}"


def position_partition(driver_id: str, partitions: int) -> int:
    """Which of `partitions` (LOCATION_PARTITIONS) queues takes a driver's positions, counted from 0."""
    return crc32(driver_id.encode()) % partitions


def event_queue(service: str, partition: int) -> str:
    """Name of a consumer's queue. The order of events of one key holds within it."""
    return f"{service}.events.{partition}"


def event_partition(key: str, partitions: int) -> int:
    """Which of `partitions` (EVENT_PARTITIONS) queues of a consumer takes the events of a key, counted from 0."""
    return crc32(key.encode()) % partitions


def parked_queue(service: str) -> str:
    """Name of the queue of messages that a service could not handle."""
    return f"{service}.parked"


def consumers_of(publisher: str) -> list[str]:
    """The services that hear any event of `publisher`."""
    return sorted(name for name, heard in SUBSCRIPTIONS.items() if publisher in heard)
