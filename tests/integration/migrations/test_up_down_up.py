"""Every service's migrations go up, down and up again, and end where its tables say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from hansom.mongo import mongo_client
from hansom.stack import migrations
from hansom.stack.scratch import empty_database

VERSION_TABLE = "alembic_version"


@pytest.fixture(params=migrations.migrated_services())
def service(request: pytest.FixtureRequest) -> str:
    """Each service that has migrations."""
    return request.param


@pytest.fixture
def empty(config: dict[str, Any], service: str) -> Iterator[dict[str, Any]]:
    """Settings in which the service has a database without anything in it."""
    with empty_database(config, f"migrations_{service}") as uri:
        yield {**config, "DB_URIS": {**config["DB_URIS"], f"{service}:Base": uri}}


def differences(config: dict[str, Any], service: str) -> list[Any]:
    """What alembic would change to make the database like the service's tables."""
    with migrations.engine(config, service).connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_server_default": True, "include_object": not_a_partition(connection)},
        )
        return compare_metadata(context, migrations.target_metadata(service))


def not_a_partition(connection: sa.Connection) -> Any:
    """A filter that leaves partitions of a table out: they come and go with the days."""
    rows = connection.execute(sa.text("SELECT relname FROM pg_class WHERE relispartition"))
    partitions = {row.relname for row in rows}

    def stays(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
        table = name if kind == "table" else getattr(getattr(item, "table", None), "name", None)
        return table not in partitions

    return stays


def tables(config: dict[str, Any], service: str) -> set[str]:
    """Names of the tables that are there."""
    with migrations.engine(config, service).connect() as connection:
        return set(sa.inspect(connection).get_table_names()) - {VERSION_TABLE}


def functions(config: dict[str, Any], service: str) -> set[str]:
    """Names of the functions that are there, such as those of triggers."""
    query = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    with migrations.engine(config, service).connect() as connection:
        return set(connection.execute(sa.text(query)).scalars())


def test_migrations_end_where_the_tables_say(empty: dict[str, Any], service: str) -> None:
    assert migrations.migrate_postgres(empty, service)

    assert differences(empty, service) == []


def test_migrations_go_down_to_nothing_and_up_again(empty: dict[str, Any], service: str) -> None:
    migrations.migrate_postgres(empty, service)
    migrations.migrate_postgres(empty, service, "base")

    assert tables(empty, service) == set()
    assert functions(empty, service) == set()

    migrations.migrate_postgres(empty, service)
    assert differences(empty, service) == []


def test_a_migrated_database_is_left_alone(empty: dict[str, Any], service: str) -> None:
    migrations.migrate_postgres(empty, service)

    assert not migrations.migrate_postgres(empty, service)


@pytest.mark.parametrize("service", migrations.indexed_services())
def test_mongo_indexes_are_made_twice_without_complaint(config: dict[str, Any], service: str) -> None:
    fresh = {**config, "MONGO_DATABASE": f"migrations_{uuid4().hex[:8]}"}
    try:
        migrations.migrate_mongo(fresh, service)
        migrations.migrate_mongo(fresh, service)
    finally:
        with mongo_client(fresh, "tests") as client:
            client.drop_database(fresh["MONGO_DATABASE"])
