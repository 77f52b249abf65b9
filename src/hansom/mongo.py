"""A service's collections in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nameko.extensions import DependencyProvider
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError

DUPLICATE_KEY = 11000


def mongo_client(config: dict[str, Any], appname: str) -> MongoClient[dict[str, Any]]:
    """A client whose writes are acknowledged by the majority and are in the journal, with short time-outs."""
    return MongoClient(
        config["MONGO_URI"],
        appname=appname,
        w="majority",
        journal=True,
        tz_aware=True,
        serverSelectionTimeoutMS=3000,
        connectTimeoutMS=3000,
        socketTimeoutMS=10_000,
        maxPoolSize=20,
    )


def mongo_database(config: dict[str, Any], appname: str) -> Database[dict[str, Any]]:
    """The database, outside a container: for scripts, migrations and tests."""
    return mongo_client(config, appname)[config["MONGO_DATABASE"]]


def insert_new(collection: Collection[dict[str, Any]], documents: Sequence[dict[str, Any]]) -> int:
    """Insert, in one write, the documents whose `_id` is not there yet; gives how many were new.

    Those known stay as they are. Raises PyMongoError.
    """
    if not documents:
        return 0
    try:
        return len(collection.insert_many(documents, ordered=False).inserted_ids)
    except BulkWriteError as exc:
        problems = exc.details.get("writeErrors", [])
        if exc.details.get("writeConcernErrors") or any(each["code"] != DUPLICATE_KEY for each in problems):
            raise
        return int(exc.details.get("nInserted", 0))


class Mongo(DependencyProvider):
    """Gives a worker the MongoDB database. A service's collections are named `<service>_...`."""

    client: MongoClient[dict[str, Any]] | None = None

    def setup(self) -> None:
        self.client = mongo_client(self.container.config, self.container.service_name)
        self.database = self.client[self.container.config["MONGO_DATABASE"]]

    def stop(self) -> None:
        if self.client is not None:
            self.client.close()
            self.client = None

    kill = stop

    def get_dependency(self, worker_ctx: Any) -> Database[dict[str, Any]]:
        return self.database
