"""Who may import whom: service → use cases → domain ← storage, contracts for all, no service another."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.architecture.sources import Source, is_of, is_standard, services, sources

SERVICES = sources("services")
CONTRACTS = sources("src/hansom/contracts")
EVERYTHING = sources("src/hansom", "services", "bench", "migrations")

FRAMEWORKS = ("nameko", "eventlet", "sqlalchemy", "redis", "pymongo", "amqp", "kombu", "psycopg2", "gevent")

NAME_THEIR_STORES = frozenset({"location", "maps", "notifications"})
"""Services whose use cases name the classes of their stores instead of ports: what they do is what the store does
(a pipeline in Redis, a stream in Postgres, the roads of OSRM), and a port would repeat it word for word."""


def room(name: str) -> list[Source]:
    """All modules of a room; an empty one would make a test that checks nothing."""
    found = [source for source in SERVICES if source.room == name]
    assert found
    return found


def breaches(found: Iterable[Source], is_wrong: Callable[[Source, str], bool]) -> dict[str, list[str]]:
    """Module → what it must not import."""
    wrong = {source.name: [each for each in source.imports if is_wrong(source, each)] for source in found}
    return {name: imports for name, imports in wrong.items() if imports}


def outside(source: Source, imported: str, *rooms: str) -> bool:
    """Whether something of its own service is imported that is in none of these rooms."""
    own = f"services.{source.service}"
    return is_of(imported, own) and not is_of(imported, *(f"{own}.{each}" for each in rooms))


def test_there_are_services_to_look_at() -> None:
    assert len(services()) >= 12
    assert CONTRACTS and EVERYTHING


def test_the_domain_knows_the_standard_library_contracts_and_values_only() -> None:
    def is_wrong(source: Source, imported: str) -> bool:
        own = f"services.{source.service}.domain"
        return not is_standard(imported) and not is_of(imported, own, "hansom.contracts", "hansom.values")

    assert not breaches(room("domain"), is_wrong)


def test_the_domain_has_no_clock_and_no_dice_of_its_own() -> None:
    def is_wrong(source: Source, imported: str) -> bool:
        return is_of(imported, "time", "random", "secrets", "uuid", "os")

    assert not breaches(room("domain"), is_wrong)
    assert not [source.name for source in room("domain") if ".now(" in source.text or "utcnow" in source.text]


def test_use_cases_know_no_framework() -> None:
    assert not breaches(room("usecases"), lambda source, imported: is_of(imported, "nameko", "amqp", "kombu"))


def test_use_cases_know_the_domain_and_not_the_stores() -> None:
    def is_wrong(source: Source, imported: str) -> bool:
        return outside(source, imported, "domain", "usecases") or is_of(imported, *FRAMEWORKS)

    strict = [source for source in room("usecases") if source.service not in NAME_THEIR_STORES]
    assert not breaches(strict, is_wrong)


def test_only_those_name_their_stores_who_do() -> None:
    """An exception that is not needed any more goes."""
    own = [source for source in room("usecases") if source.service in NAME_THEIR_STORES]
    found = breaches(own, lambda source, imported: is_of(imported, f"services.{source.service}.storage"))
    assert {name.split(".")[1] for name in found} == NAME_THEIR_STORES


def test_storage_knows_the_domain_and_no_entrypoint() -> None:
    def is_wrong(source: Source, imported: str) -> bool:
        a_provider = imported == "nameko.extensions.DependencyProvider"
        return outside(source, imported, "domain", "storage") or (is_of(imported, "nameko") and not a_provider)

    assert not breaches(room("storage"), is_wrong)


def test_no_service_imports_another() -> None:
    def is_wrong(source: Source, imported: str) -> bool:
        return is_of(imported, "services") and not is_of(imported, f"services.{source.service}")

    assert not breaches(SERVICES, is_wrong)


def test_contracts_know_no_framework_and_no_service() -> None:
    assert not breaches(CONTRACTS, lambda source, imported: is_of(imported, *FRAMEWORKS, "services"))


def test_errors_are_where_every_caller_finds_them() -> None:
    """A caller rebuilds an error from contracts or from what its RPC client imports; any other becomes a 500."""
    [client] = [source for source in EVERYTHING if source.name == "hansom.rpc"]
    elsewhere = [source for source in EVERYTHING if source.errors and not is_of(source.name, "hansom.contracts")]
    assert any(source.errors for source in CONTRACTS)
    assert not [source.name for source in elsewhere if not any(is_of(each, source.name) for each in client.imports)]


def test_what_is_shared_knows_no_service() -> None:
    shared = [source for source in EVERYTHING if is_of(source.name, "hansom")]
    assert not breaches(shared, lambda source, imported: is_of(imported, "services"))


def test_gevent_is_for_clients_only_and_never_meets_eventlet() -> None:
    def is_wrong(source: Source, imported: str) -> bool:
        if is_of(source.name, "hansom.bots"):
            return is_of(imported, "nameko", "eventlet")
        return is_of(imported, "gevent") and not is_of(source.name, "bench")

    assert not breaches(EVERYTHING, is_wrong)


def test_services_are_configured_by_settings_and_not_by_the_environment() -> None:
    assert not [source.name for source in SERVICES if "os.environ" in source.text or "getenv" in source.text]
