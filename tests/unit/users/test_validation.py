"""Bad input names its field, and text is text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields

from hansom.contracts.errors import Invalid
from hansom.validation import PlainText, load
from services.users.schemas import LogInSchema, RegisterAccountSchema, UpdateProfileSchema


class Inner(Schema):
    number = fields.Integer(required=True, strict=True)


class Outer(Schema):
    inner = fields.Nested(Inner)
    many = fields.List(fields.Nested(Inner))
    line = PlainText(longest=5)
    page = PlainText(shortest=0, longest=5, multiline=True)


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"inner": {"number": "x"}}, "inner.number"),
        ({"inner": {}}, "inner.number"),
        ({"many": [{"number": 1}, {"number": None}]}, "many.1.number"),
        ({"inner": 3}, "inner"),
        ({"surplus": 1}, "surplus"),
        ([], "_schema"),
        (None, "_schema"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(payload: Any, path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        load(Outer(), payload)
    assert list(refusal.value.details) == [path]
    assert all(isinstance(message, str) for message in refusal.value.details[path])


@pytest.mark.parametrize(
    "text", ["", "  ", "toolong", "a\x00b", "a\nb", "\ud800", "\u202ea", "a\u2066", "\u200b", 5, None, True, ["a"], {}]
)
def test_what_is_not_a_line_of_text_is_refused(text: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        load(Outer(), {"line": text})
    assert "line" in refusal.value.details


def test_text_is_trimmed_and_in_one_form() -> None:
    assert load(Outer(), {"line": "  Jose\u0301 "}) == {"line": "José"}
    assert load(Outer(), {"page": " a\n b\t"}) == {"page": "a\n b"}


@given(st.text(max_size=30))
def test_accepted_text_can_be_stored_anywhere(text: str) -> None:
    try:
        kept = load(Outer(), {"page": text})["page"]
    except Invalid:
        return
    assert "\x00" not in kept
    assert len(kept.encode("utf-8")) <= 4 * 5


def a_registration(**changes: Any) -> dict[str, Any]:
    account = {"role": "rider", "email": "ann@example.com", "password": "password1", "name": "Ann"}
    payload = {**account, "phone": "+358401234567", **changes}
    return {name: value for name, value in payload.items() if value is not ...}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[
            ("email", value)
            for value in ("", "ann", "@example.com", "a@b@c.d", 7, None, ..., "a" * 300 + "@e.com", "a\x00@e.com")
        ],
        *[("password", value) for value in ("short12", "x" * 129, "", 12345678, None, ..., "pass\ud800word")],
        *[("name", value) for value in ("", "   ", "x" * 101, "a\x00b", 7, None, ..., [])],
        *[("phone", value) for value in ("", "call me", 358401234567, None, ..., "1" * 30)],
        *[("role", value) for value in ("ops", "emperor", None, ..., 7)],
        ("locale", "not a locale"),
        ("vehicle", {"make": "Lada"}),
        ("admin", True),
    ],
)
def test_a_registration_with_a_wrong_field_names_it(field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        load(RegisterAccountSchema(), a_registration(**{field: value}))
    assert [path.split(".")[0] for path in refusal.value.details if path.split(".")[0] == field]


@pytest.mark.parametrize("password", ["password", "x" * 128, "pass word\t\U0001f697", "        "])
def test_a_password_of_8_to_128_characters_is_taken_as_it_is(password: str) -> None:
    assert load(RegisterAccountSchema(), a_registration(password=password)).password == password


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        load(RegisterAccountSchema(), {"role": "rider"})
    assert set(refusal.value.details) == {"email", "password", "name", "phone"}


def test_a_driver_brings_a_vehicle() -> None:
    with pytest.raises(Invalid) as refusal:
        load(RegisterAccountSchema(), a_registration(role="driver"))
    assert list(refusal.value.details) == ["vehicle"]


def test_a_log_in_does_not_judge_the_password() -> None:
    assert load(LogInSchema(), {"email": " Ann@example.com", "password": "x"}).email == "ann@example.com"


@pytest.mark.parametrize("language", ["xx", "fi-FI", "FI", "", 7, ["fi"]])
def test_a_language_that_nothing_is_written_in_is_refused(language: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        load(UpdateProfileSchema(), {"user_id": "u", "changes": {"language": language}})
    assert list(refusal.value.details) == ["language"]


@pytest.mark.parametrize("field", ["role", "id", "rating", "password", "email_verified"])
def test_what_may_not_be_changed_in_a_profile_is_named(field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        load(UpdateProfileSchema(), {"user_id": "u", "changes": {field: "5"}})
    assert list(refusal.value.details) == [field]
