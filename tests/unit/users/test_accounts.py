"""One way to write an address and a number; changes that change something."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansom.contracts.users import Role
from services.users.domain.accounts import Account, changed, normal_email, normal_phone


def an_account(**changes: object) -> Account:
    fields = {"id": "a", "role": Role.RIDER, "email": "ann@example.com", "name": "Ann", "phone": "+358401234567"}
    more = {"locale": "en", "password_hash": "$argon2id$", "created_at": datetime(2026, 3, 2, tzinfo=UTC)}
    return Account(**{**fields, **more, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("typed", ["ann@example.com", " Ann@Example.COM ", "ANN@EXAMPLE.COM\n"])
def test_an_address_has_one_form_however_it_is_typed(typed: str) -> None:
    assert normal_email(typed) == "ann@example.com"


@given(st.text())
def test_the_normal_form_of_an_address_is_its_own(typed: str) -> None:
    assert normal_email(normal_email(typed)) == normal_email(typed)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+358 40 123 4567", "+358401234567"),
        ("(040) 123-4567", "0401234567"),
        ("00358401234567", "+358401234567"),
        ("+1.202.555.0143", "+12025550143"),
    ],
)
def test_a_number_is_kept_without_what_makes_it_readable(typed: str, kept: str) -> None:
    assert normal_phone(typed) == kept


@pytest.mark.parametrize("typed", ["", "+", "call me", "1234", "+1234567890123456", "12+34567", "+٣٥٨٤٠١٢٣٤", "1e9999"])
def test_what_is_not_a_number_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        normal_phone(typed)


def test_a_change_raises_the_version() -> None:
    after = changed(an_account(), {"name": "Bo", "phone": "+358401234567"})
    assert (after.name, after.phone, after.version) == ("Bo", "+358401234567", 2)


def test_changes_that_change_nothing_give_the_same_account() -> None:
    account = an_account()
    assert changed(account, {}) is account
    assert changed(account, {"name": "Ann", "email": "ann@example.com"}) is account
