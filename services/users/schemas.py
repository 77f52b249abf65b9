"""The users service's wire: payloads in. What goes out is plain already (see `usecases.profile_of`)."""

from __future__ import annotations

import unicodedata
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from hansom.contracts.users import (
    LANGUAGES,
    MAX_PROFILES,
    MAX_SESSIONS,
    CreateOpsAccount,
    LogIn,
    RefreshSession,
    RegisterAccount,
    Role,
    UpdateProfile,
)
from hansom.tokens import TOKEN_MAX_CHARS
from hansom.validation import PlainText
from services.users.domain.accounts import EMAIL_MAX_CHARS, NAME_CHARS, PASSWORD_CHARS, normal_email, normal_phone


class Email(fields.Email):
    """An e-mail address, in its normal form."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or len(value) > EMAIL_MAX_CHARS + 64:
            raise self.make_error("invalid")
        address = normal_email(value)
        if len(address) > EMAIL_MAX_CHARS or not address.isprintable():
            raise self.make_error("invalid")
        return super()._deserialize(address, attr, data, **kwargs)


class Phone(fields.String):
    """A phone number, in its normal form."""

    default_error_messages = {"phone": "Not a phone number such as +358401234567."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or len(value) > 40:
            raise self.make_error("phone")
        try:
            return normal_phone(value)
        except ValueError as exc:
            raise self.make_error("phone") from exc


class Password(fields.String):
    """A password: any characters but lone surrogates, in NFC (RFC 8265) so that every keyboard's é is the same."""

    default_error_messages = {"surrogate": "Has characters that are not text."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if len(value) > 4 * PASSWORD_CHARS[1]:
            raise ValidationError(f"Longer than {PASSWORD_CHARS[1]} characters.")
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise self.make_error("surrogate")
        return unicodedata.normalize("NFC", value)


class VehicleSchema(Schema):
    """A driver's vehicle, as the drivers service has checked it."""

    make = fields.String(required=True)
    model = fields.String(required=True)
    colour = fields.String(required=True)
    plate = fields.String(required=True)
    category = fields.String(required=True)


NEW_PASSWORD = validate.Length(*PASSWORD_CHARS)
LOCALE = validate.Regexp(r"^[a-z]{2,3}(-[A-Z]{2})?$", error="Not a locale such as fi or en-GB.")


class RegisterAccountSchema(Schema):
    role = fields.Enum(Role, by_value=True, required=True, validate=validate.OneOf([Role.RIDER, Role.DRIVER]))
    email = Email(required=True)
    password = Password(required=True, validate=NEW_PASSWORD)
    name = PlainText(required=True, shortest=NAME_CHARS[0], longest=NAME_CHARS[1])
    phone = Phone(required=True)
    vehicle = fields.Nested(VehicleSchema, allow_none=True)
    locale = fields.String(allow_none=True, validate=LOCALE)
    idempotency = fields.Dict(allow_none=True)

    @validates_schema
    def drivers_have_vehicles(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data.get("role") is Role.DRIVER and not data.get("vehicle"):
            raise ValidationError("Missing data for required field.", "vehicle")
        if data.get("role") is Role.RIDER and data.get("vehicle"):
            raise ValidationError("Riders have none.", "vehicle")

    @post_load
    def command(self, data: dict[str, Any], **kwargs: Any) -> RegisterAccount:
        return RegisterAccount(**data)


class CreateOpsAccountSchema(Schema):
    email = Email(required=True)
    password = Password(required=True, validate=NEW_PASSWORD)
    name = PlainText(required=True, shortest=NAME_CHARS[0], longest=NAME_CHARS[1])

    @post_load
    def command(self, data: dict[str, Any], **kwargs: Any) -> CreateOpsAccount:
        return CreateOpsAccount(**data)


class LogInSchema(Schema):
    email = Email(required=True)
    password = Password(required=True, validate=validate.Length(1, PASSWORD_CHARS[1]))
    idempotency = fields.Dict(allow_none=True)

    @post_load
    def command(self, data: dict[str, Any], **kwargs: Any) -> LogIn:
        return LogIn(**data)


class RefreshSessionSchema(Schema):
    refresh_token = fields.String(required=True, validate=validate.Length(1, TOKEN_MAX_CHARS))
    idempotency = fields.Dict(allow_none=True)

    @post_load
    def command(self, data: dict[str, Any], **kwargs: Any) -> RefreshSession:
        return RefreshSession(**data)


class SessionIdSchema(Schema):
    session_id = PlainText(required=True, longest=64)


class SessionIdsSchema(Schema):
    session_ids = fields.List(PlainText(longest=64), required=True, validate=validate.Length(0, MAX_SESSIONS))


class UserIdSchema(Schema):
    user_id = PlainText(required=True, longest=64)


class UserIdsSchema(Schema):
    user_ids = fields.List(PlainText(longest=64), required=True, validate=validate.Length(0, MAX_PROFILES))


class ChangesSchema(Schema):
    email = Email()
    name = PlainText(shortest=NAME_CHARS[0], longest=NAME_CHARS[1])
    phone = Phone()
    locale = fields.String(validate=LOCALE)
    language = fields.String(allow_none=True, validate=validate.OneOf(LANGUAGES))


class UpdateProfileSchema(Schema):
    """The names of the fields are those of `PATCH /v1/me`, without `changes.`: that is what its caller typed."""

    user_id = PlainText(required=True, longest=64)
    changes = fields.Dict(required=True)

    @post_load
    def command(self, data: dict[str, Any], **kwargs: Any) -> UpdateProfile:
        return UpdateProfile(data["user_id"], ChangesSchema().load(data["changes"]))


class FindAccountsSchema(Schema):
    q = PlainText(required=True, longest=100)
    limit = fields.Integer(strict=True, load_default=100, validate=validate.Range(1, 200))
