"""A service's collections in MongoDB."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider
from pymongo import MongoClient
from pymongo.database import Database


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
