"""What every service has, and how long a module may get."""

from __future__ import annotations

import re
import runpy

import pytest
import yaml

from hansom.contracts import topology
from tests.architecture.sources import ROOT, services, sources

TABLES = runpy.run_path(topology.__file__)
"""As they are written: stand-ins of other tests add themselves to those that are imported."""
PUBLISHED, SUBSCRIPTIONS = TABLES["PUBLISHED"], TABLES["SUBSCRIPTIONS"]

MAX_LINES = 400
"""A module is about 300 lines; past this it is split by verb."""

FORBIDDEN_NAMES = {"utils", "common", "helpers", "manager", "base", "misc"}

SOURCES = sources("src/hansom", "services", "bench")


def databases() -> set[str]:
    """The services that have a database in PostgreSQL, by the settings."""
    settings = (ROOT / "config.yaml").read_text(encoding="utf-8")
    return set(re.findall(r'^  "(\w+):Base":', settings, re.MULTILINE))


def test_no_module_is_too_long() -> None:
    assert not {source.name: source.lines for source in SOURCES if source.lines > MAX_LINES}


def test_no_module_is_named_for_nothing() -> None:
    assert not [source.name for source in SOURCES if FORBIDDEN_NAMES & set(source.parts)]


@pytest.mark.parametrize("service", services())
def test_every_service_has_its_page(service: str) -> None:
    page = (ROOT / "services" / service / "README.md").read_text(encoding="utf-8")
    assert len(page.splitlines()) > 20, "a page says what it owns, entrypoints, events, stores, settings, recipes"


@pytest.mark.parametrize("service", sorted(databases()))
def test_every_database_has_its_first_migration(service: str) -> None:
    assert list((ROOT / "migrations" / service / "versions").glob("0001_*.py"))


@pytest.mark.parametrize("service", services())
def test_only_services_with_a_database_have_tables(service: str) -> None:
    has_tables = (ROOT / "services" / service / "storage" / "tables.py").exists()
    assert has_tables == (service in databases())


@pytest.mark.parametrize("service", services())
def test_every_service_is_in_the_procfile(service: str) -> None:
    assert f"services.{service}.service:" in (ROOT / "Procfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("service", services())
def test_a_service_is_named_as_its_folder(service: str) -> None:
    text = (ROOT / "services" / service / "service.py").read_text(encoding="utf-8")
    assert f'    name = "{service}"' in text


def test_everyone_who_publishes_or_hears_events_is_a_service() -> None:
    assert set(PUBLISHED) | set(SUBSCRIPTIONS) <= set(services())


def test_only_what_is_published_is_subscribed_to() -> None:
    for consumer, publishers in SUBSCRIPTIONS.items():
        for publisher, types in publishers.items():
            assert set(types) <= set(PUBLISHED[publisher]), consumer


def test_every_setting_stands_once() -> None:
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    keys = re.findall(r"^([A-Z][A-Z0-9_]*):", text, re.MULTILINE)
    assert len(keys) == len(set(keys))
    assert yaml.safe_load(re.sub(r"\$\{\w+:?([^}]*)\}", r"\1", text.replace('"${LOG_LEVEL:INFO}"', "INFO")))
