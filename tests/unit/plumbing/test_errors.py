"""Errors keep their class, message and details on the way between services."""

from __future__ import annotations

import subprocess
import sys

import orjson
import pytest

from hansom.contracts.errors import REGISTRY, HansomError, InternalError, Invalid, StoreUnavailable
from hansom.contracts.maps import UnknownCity
from hansom.rpc import pack_error, unpack_error

CALLER = """
import sys, json
from hansom.rpc import unpack_error
from services.gateway.http.answers import status_of
found = unpack_error(json.load(sys.stdin))
print(status_of(found), found.code, json.dumps(found.details))
"""
"""A process that knows no service's contract until it is told an error of it."""


@pytest.mark.parametrize("cls", sorted(REGISTRY.values(), key=lambda cls: cls.__name__))
def test_every_known_error_survives_the_wire(cls: type[HansomError]) -> None:
    sent = cls("a message", {"field": ["wrong", 1, None]})
    received = unpack_error(orjson.loads(orjson.dumps(pack_error(sent))))
    assert type(received) is cls
    assert received.args == sent.args


def test_a_store_that_is_down_is_told_as_such() -> None:
    assert isinstance(unpack_error(pack_error(StoreUnavailable())), StoreUnavailable)


def test_an_unknown_error_becomes_an_internal_one() -> None:
    assert isinstance(unpack_error({"exc_path": "no.such.Error", "exc_type": "Error", "value": "x"}), InternalError)


def test_details_are_kept_apart_for_each_error() -> None:
    assert Invalid().details == {}
    assert Invalid(details={"a": ["b"]}).details == {"a": ["b"]}


def test_a_caller_who_never_heard_of_cities_is_told_that_there_is_no_such_city() -> None:
    packed = orjson.dumps(pack_error(UnknownCity(details={"city": ["No."]})))
    told = subprocess.run([sys.executable, "-c", CALLER], input=packed, capture_output=True, check=True, timeout=30)
    assert told.stdout.decode().strip() == '404 unknown_city {"city": ["No."]}'
