"""Bringing the services' stores up to date: alembic for PostgreSQL, `ensure_indexes` for MongoDB."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from hansom.settings import REPOSITORY
from hansom.stack.rights import keep_rights
from hansom.store import owner_uri

FOLDER = REPOSITORY / "migrations"

LOCK = 0x48414E53
"""Advisory lock under which a database is migrated, so that two migrations at once are one after the other."""


def migrated_services(folder: Path = FOLDER) -> list[str]:
    """Services that have migrations of PostgreSQL."""
    return sorted(path.parent.name for path in folder.glob("*/versions") if any(path.glob("*.py")))


def indexed_services(services: Path = REPOSITORY / "services") -> list[str]:
    """Services that have MongoDB indexes."""
    return sorted(path.parents[1].name for path in services.glob("*/storage/mongo.py"))


def alembic_config(service: str) -> Config:
    """alembic's settings for one service."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("version_locations", str(FOLDER / service / "versions"))
    config.set_main_option("path_separator", "os")
    config.attributes["service"] = service
    return config


def target_metadata(service: str) -> sa.MetaData:
    """The service's tables."""
    return importlib.import_module(f"services.{service}.storage.tables").Base.metadata


def engine(config: dict[str, Any], service: str) -> sa.Engine:
    """The owner's engine, without the services' statement time-out: a migration may take long."""
    return sa.create_engine(owner_uri(config, service), poolclass=sa.NullPool)


def migrate_postgres(config: dict[str, Any], service: str, revision: str = "head") -> bool:
    """Upgrade (or, to an older `revision`, downgrade) one service's database, and give the service's own role its
    rights in it. Gives whether any table changed. Raises StackProblem."""
    settings = alembic_config(service)
    script = ScriptDirectory.from_config(settings)
    with engine(config, service).connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        connection.commit()
        before = MigrationContext.configure(connection).get_current_revision()
        connection.commit()
        if revision == "head" and before == script.get_current_head():
            keep_rights(connection, config, service)
            return False
        settings.attributes["connection"] = connection
        goes_down = revision == "base" or revision.startswith("-")
        (command.downgrade if goes_down else command.upgrade)(settings, revision)
        connection.commit()
        keep_rights(connection, config, service)
        return True


def migrate_mongo(config: dict[str, Any], service: str) -> None:
    """Make the indexes of one service's collections; those that are there stay."""
    from hansom.mongo import mongo_client

    module = importlib.import_module(f"services.{service}.storage.mongo")
    ensure = getattr(module, "ensure_indexes", None)
    if ensure is None:
        return
    with mongo_client(config, "migrate") as client:
        ensure(client[config["MONGO_DATABASE"]])


def migrate(config: dict[str, Any], service: str | None = None) -> list[str]:
    """Bring all stores (or one service's) up to date. Gives the services whose tables changed."""
    changed = []
    for name in migrated_services():
        if service in (None, name) and migrate_postgres(config, name):
            changed.append(name)
    for name in indexed_services():
        if service in (None, name):
            migrate_mongo(config, name)
    return changed
