"""Finished trips in MongoDB: the collection `trips_history`, one document a trip, its id the trip's.

Who looks for a trip reads Postgres first and this second: a trip on its way is written here before it leaves there, so
it is always found in one of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReplaceOne
from pymongo.database import Database

from hansom.contracts.trips import OfferState, TripState
from hansom.values import Money, Point
from services.trips.domain.offer import Offer
from services.trips.domain.paging import Place, TripFilter
from services.trips.domain.trip import Step, Trip
from services.trips.storage.rows import COMPOSED, OFFER_COLUMNS, PLAIN, offer_values

COLLECTION = "trips_history"

INDEXES: dict[str, list[tuple[str, int]]] = {
    "newest": [("requested_at", DESCENDING), ("_id", DESCENDING)],
    "rider_newest": [("rider_id", ASCENDING), ("requested_at", DESCENDING), ("_id", DESCENDING)],
    "driver_newest": [("driver_id", ASCENDING), ("requested_at", DESCENDING), ("_id", DESCENDING)],
}


def ensure_indexes(database: Database[dict[str, Any]]) -> None:
    """Create the indexes that are missing."""
    collection = database[COLLECTION]
    present = {index["name"] for index in collection.list_indexes()}
    for name, keys in INDEXES.items():
        if name not in present:
            collection.create_index(keys, name=name)


class History:
    """The archive of trips. Any method raises pymongo's PyMongoError when MongoDB is down."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._collection = database[COLLECTION]

    def keep(self, done: Sequence[tuple[Trip, Sequence[Offer]]], at: datetime) -> None:
        """Write trips with their offers, acknowledged by the majority. Writing one again replaces it by the same."""
        writes = [
            ReplaceOne({"_id": trip.id}, {**_document(trip, offered), "archived_at": at}, upsert=True)
            for trip, offered in done
        ]
        if writes:
            self._collection.bulk_write(writes, ordered=False)

    def find(self, trip_id: str) -> Trip | None:
        """The trip, or None when it isn't archived."""
        document = self._collection.find_one({"_id": trip_id})
        return _trip(document) if document else None

    def find_with_offers(self, trip_id: str) -> tuple[Trip, list[Offer]] | None:
        """The trip with its offers, oldest first, or None when it isn't archived."""
        document = self._collection.find_one({"_id": trip_id})
        return (_trip(document), [_offer(each) for each in document.get("offers", ())]) if document else None

    def count_of_driver(self, driver_id: str, state: TripState, without: Sequence[str]) -> int:
        """How many archived trips of a driver ended so, without those trips."""
        query = {"driver_id": driver_id, "state": state.value, "_id": {"$nin": list(without)}}
        return self._collection.count_documents(query)

    def newest(self, wanted: TripFilter, before: Place | None, limit: int) -> list[Trip]:
        """Archived trips that pass the filter, newest first, from the place on."""
        found = self._collection.find(_query(wanted, before)).sort([("requested_at", -1), ("_id", -1)]).limit(limit)
        return [_trip(document) for document in found]

    def count(self) -> int:
        """How many trips are archived."""
        return self._collection.estimated_document_count()

    def walk(self, after_id: str, limit: int) -> list[Trip]:
        """Archived trips in the order of their ids, from the one after `after_id`."""
        return [_trip(each) for each in self._collection.find({"_id": {"$gt": after_id}}).sort("_id", 1).limit(limit)]


def _query(wanted: TripFilter, before: Place | None) -> dict[str, Any]:
    same = {
        "rider_id": wanted.rider_id,
        "driver_id": wanted.driver_id,
        "category": wanted.category,
        "city": wanted.city,
    }
    query: dict[str, Any] = {name: value for name, value in same.items() if value is not None}
    if wanted.state is not None:
        query["state"] = wanted.state.value
    if wanted.ids is not None:
        query["_id"] = {"$in": list(wanted.ids)}
    span: dict[str, datetime] = {}
    if wanted.requested_from is not None:
        span["$gte"] = wanted.requested_from
    if wanted.requested_to is not None:
        span["$lt"] = wanted.requested_to
    if span:
        query["requested_at"] = span
    alternatives: list[list[dict[str, Any]]] = []
    if before is not None:
        earlier = {"requested_at": {"$lt": before.requested_at}}
        alternatives.append([earlier, {"requested_at": before.requested_at, "_id": {"$lt": before.trip_id}}])
    found: list[dict[str, Any]] = []
    if wanted.people is not None:
        found += [{who: {"$in": list(wanted.people)}} for who in ("rider_id", "driver_id")]
    if wanted.id_span is not None:
        found.append({"_id": {"$gte": wanted.id_span[0], "$lt": wanted.id_span[1]}})
    if found:
        alternatives.append(found)
    if alternatives:
        query["$and"] = [{"$or": each} for each in alternatives]
    return query


def _document(trip: Trip, offered: Sequence[Offer]) -> dict[str, Any]:
    document = {name: getattr(trip, name) for name in PLAIN if name != "id"}
    return document | {
        "_id": trip.id,
        "state": trip.state.value,
        "pickup": trip.pickup.as_dict(),
        "dropoff": trip.dropoff.as_dict(),
        "fare": trip.fare.as_dict(),
        "history": [{field.name: getattr(step, field.name) for field in fields(Step)} for step in trip.history],
        "offers": [offer_values(offer) for offer in offered],
    }


def _trip(document: dict[str, Any]) -> Trip:
    # what came with later versions is missing from older documents
    plain = {name: document[name] for name in PLAIN if name in document}
    assert set(COMPOSED) <= document.keys(), "a document that _document wrote"
    return Trip(
        id=document["_id"],
        state=TripState(document["state"]),
        pickup=Point(**document["pickup"]),
        dropoff=Point(**document["dropoff"]),
        fare=Money(**document["fare"]),
        history=tuple(Step(**step) for step in document["history"]),
        **plain,
    )


def _offer(document: dict[str, Any]) -> Offer:
    known = {name: document[name] for name in OFFER_COLUMNS if name in document}
    return Offer(**known | {"state": OfferState(document["state"])})
