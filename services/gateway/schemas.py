"""The wire of api.md: what clients send. These schemas validate, and OpenAPI is built from them.

They check form; the services check sense. What comes out is plain JSON again, ready for an RPC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validate

from hansom.contracts.payments import Payment
from hansom.contracts.pricing import HIGHEST_CAP
from hansom.contracts.users import LANGUAGE_TAG, LANGUAGES
from hansom.tokens import TOKEN_MAX_CHARS
from hansom.validation import PlainText
from hansom.wire import Finite, PointSchema, Rfc3339, iso

CURSOR_MAX = 512
ID = validate.Regexp(r"\A[A-Za-z0-9_.:~-]{1,64}\Z", error="Not an id.")


class Id(fields.String):
    """An opaque id."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=ID, **kwargs)


class JsonObject(fields.Nested):
    """A nested object; anything else in its place is named as the field that it is."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, partial: Any = None, **kwargs: Any
    ) -> Any:
        if not isinstance(value, Mapping):
            raise ValidationError("Must be an object.")
        return super()._deserialize(value, attr, data, partial, **kwargs)


class JsonBoolean(fields.Boolean):
    """true or false; nothing that merely looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class JsonInteger(fields.Integer):
    """A whole JSON number within 64 bits: no float, no string, no boolean."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 53:
            raise self.make_error("invalid", input=value)
        return value


class Moment(Rfc3339):
    """RFC 3339, kept as text in UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return iso(super()._deserialize(value, attr, data, **kwargs))


class QueryMoment(Moment):
    """RFC 3339 in a query, where an unescaped `+` has become a blank; a plain date is its first moment in UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = f"{value}T00:00:00Z" if len(str(value)) == 10 else str(value)
        return super()._deserialize(text[:10] + text[10:].replace(" ", "+"), attr, data, **kwargs)


class QueryDayOrMoment(QueryMoment):
    """The same, but a plain date stays one: whose day it is, and that it counts whole, the service knows."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        moment = super()._deserialize(value, attr, data, **kwargs)
        return str(value) if len(str(value)) == 10 else moment


class QueryNumber(fields.Float):
    """A finite number in a query."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if len(str(value)) > 40 or "_" in str(value):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class QueryInteger(fields.Integer):
    """A whole number in a query: digits only."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        text = str(value)
        if not (text.isascii() and text.isdigit() and len(text) <= 15):
            raise self.make_error("invalid", input=value)
        return int(text)


class QueryBoolean(fields.Boolean):
    """`true` or `false` in a query."""

    truthy = {"true"}
    falsy = {"false"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(truthy=self.truthy, falsy=self.falsy, **kwargs)


# -- accounts --------------------------------------------------------------------------------------------------------
class NewVehicle(Schema):
    make = PlainText(required=True, longest=50)
    model = PlainText(required=True, longest=50)
    colour = PlainText(required=True, longest=30)
    plate = PlainText(required=True, longest=16)
    category = PlainText(required=True, longest=40)


class NewRider(Schema):
    email = fields.String(required=True, validate=validate.Length(1, 320))
    password = fields.String(required=True, validate=validate.Length(1, 512))
    name = PlainText(required=True, longest=100)
    phone = fields.String(required=True, validate=validate.Length(1, 40))


class NewDriver(NewRider):
    vehicle = JsonObject(NewVehicle, required=True)


class Credentials(Schema):
    email = fields.String(required=True, validate=validate.Length(1, 320))
    password = fields.String(required=True, validate=validate.Length(1, 512))


class RefreshRequest(Schema):
    refresh_token = fields.String(
        validate=validate.Length(1, TOKEN_MAX_CHARS),
        metadata={"description": "Left out by a browser that has it in a cookie (`X-Session-Cookie`)."},
    )


class ProfileChanges(Schema):
    email = fields.String(validate=validate.Length(1, 320))
    name = PlainText(longest=100)
    phone = fields.String(validate=validate.Length(1, 40))
    locale = fields.String(validate=validate.Length(1, 20))
    language = fields.String(allow_none=True, validate=validate.OneOf(LANGUAGES))


# -- rides -----------------------------------------------------------------------------------------------------------
class QuoteRequest(Schema):
    pickup = JsonObject(PointSchema, required=True)
    dropoff = JsonObject(PointSchema, required=True)
    promo_code = PlainText(longest=64, allow_none=True)


class TripRequest(Schema):
    quote_id = Id(required=True)
    category = PlainText(required=True, longest=40)
    payment_method = PlainText(longest=64, allow_none=True)


class Pin(Schema):
    pin = fields.String(required=True, validate=validate.Regexp(r"\A[0-9]{1,12}\Z", error="Digits only."))


class NewRating(Schema):
    stars = JsonInteger(required=True, validate=validate.Range(1, 5))
    comment = PlainText(shortest=0, longest=1000, multiline=True, allow_none=True)


class Availability(Schema):
    online = JsonBoolean(required=True)


class Suspension(Schema):
    reason = PlainText(shortest=0, longest=500, multiline=True, allow_none=True)


class NewPayoutAccount(Schema):
    account = PlainText(required=True, longest=100)


class DebtSettlement(Schema):
    payment_method = PlainText(longest=64, allow_none=True)


class NewRefund(Schema):
    amount_minor = fields.Integer(strict=True, validate=validate.Range(1, 10**12))
    reason = PlainText(required=True, shortest=3, longest=500)
    from_driver = JsonBoolean()
    of_tip = JsonBoolean()


class NewSurgeSetting(Schema):
    """What is not named stays as it is, and one of the two must be."""

    city = PlainText(longest=40)
    enabled = JsonBoolean()
    cap = Finite(
        allow_none=True,
        validate=validate.Range(1, HIGHEST_CAP),
        metadata={"description": "The highest multiplier, in tenths; null: the city's default."},
    )
    note = PlainText(shortest=0, longest=500, multiline=True, allow_none=True)


# -- queries: what they do not know is left out, as every web server does ---------------------------------------------
class Query(Schema):
    """`?from=&to=`: an empty value is none."""

    class Meta:
        unknown = EXCLUDE

    @pre_load
    def drop_empty(self, data: Mapping[str, str], **kwargs: Any) -> dict[str, str]:
        return {name: value for name, value in data.items() if value != "" or name == "q"}


class PageQuery(Query):
    limit = QueryInteger(load_default=20, validate=validate.Range(1, 100))
    cursor = fields.String(validate=validate.Regexp(r"\A[\x21-\x7e]{1,512}\Z", error="Not a cursor."))


class NearbyQuery(Query):
    lat = QueryNumber(required=True, validate=validate.Range(-90, 90))
    lng = QueryNumber(required=True, validate=validate.Range(-180, 180))
    limit = QueryInteger(validate=validate.Range(1, 100))


class PlacesQuery(Query):
    q = PlainText(required=True, shortest=0, longest=100)
    lat = QueryNumber(validate=validate.Range(-90, 90))
    lng = QueryNumber(validate=validate.Range(-180, 180))
    limit = QueryInteger(load_default=10, validate=validate.Range(1, 50))


class LanguageQuery(Schema):
    lang = fields.String(validate=validate.Regexp(LANGUAGE_TAG, error=f"Not one of {', '.join(LANGUAGES)}."))


class PeriodQuery(PageQuery):
    from_ = QueryDayOrMoment(data_key="from", attribute="from")
    to = QueryDayOrMoment()


class TripsQuery(PageQuery):
    q = PlainText(
        shortest=0,
        longest=100,
        metadata={"description": "How words of a rider's or driver's name begin, his e-mail, or the trip's id."},
    )
    city = PlainText(longest=40)
    state = fields.String(
        validate=validate.OneOf(
            ["requested", "assigned", "arrived", "in_progress", "completed", "cancelled", "expired"]
        )
    )
    category = PlainText(longest=40)
    payment = fields.String(
        validate=validate.OneOf([payment.value for payment in Payment]),
        metadata={
            "description": "`pending`: no answer yet; `owed`: it failed; `paid_late`: it failed and was paid since;"
            " `refunded`: money was given back."
        },
    )
    rider_id = Id()
    driver_id = Id()
    from_ = QueryMoment(data_key="from", attribute="from")
    to = QueryMoment()


class TraceReadingsQuery(PageQuery):
    trip_id = Id()
    ops_user_id = Id()


class DriversQuery(PageQuery):
    approval = fields.String(validate=validate.OneOf(["pending", "approved", "suspended"]))
    online = QueryBoolean()
    q = PlainText(shortest=0, longest=100)


class MarksQuery(Query):
    limit = QueryInteger(load_default=100, validate=validate.Range(1, 200), metadata={"description": "Of `last`."})


class WhyNoRidesQuery(Query):
    until = QueryMoment(metadata={"description": "The end of the hour; now unless given."})


class CityQuery(Query):
    city = PlainText(longest=40)


class SurgeChangesQuery(PageQuery):
    city = PlainText(longest=40)


class Words(fields.String):
    """Words with commas between them, each one of a few; all of them when nothing is said."""

    def __init__(self, known: Sequence[str]) -> None:
        described = {"description": f"With commas between: {', '.join(known)}.", "default": ",".join(known)}
        super().__init__(metadata=described, load_default=list(known))
        self._known = frozenset(known)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        words = list(dict.fromkeys(str(value).split(",")))
        if not self._known.issuperset(words):
            raise ValidationError(f"Each of: {', '.join(sorted(self._known))}.")
        return words


class DemandQuery(CityQuery):
    at = QueryMoment(metadata={"description": "The hour that holds it, or, to come, the half hour from it on."})


class FiguresQuery(CityQuery):
    minutes = QueryInteger(load_default=60, validate=validate.Range(1, 1440))


class EtaQuery(CityQuery):
    since = QueryMoment()
    until = QueryMoment()
    by = Words(("segment", "hour"))
    limit = QueryInteger(load_default=100, validate=validate.Range(1, 1000))


# -- socket ----------------------------------------------------------------------------------------------------------
class Token(Schema):
    token = fields.String(required=True, validate=validate.Length(1, TOKEN_MAX_CHARS))


class OfferRef(Schema):
    offer_id = Id(required=True)


class Watch(Schema):
    lat = Finite(required=True, validate=validate.Range(-90, 90))
    lng = Finite(required=True, validate=validate.Range(-180, 180))


class WatchedCity(Schema):
    city = PlainText(required=True, longest=100)


class Resume(Schema):
    after = JsonInteger(required=True, validate=validate.Range(0))


class Nothing(Schema):
    """No fields."""


class Position(Schema):
    """A position report. Checked by `socket.positions.read_position`, which is this by hand and ten times quicker; a
    test compares the two."""

    lat = Finite(required=True, validate=validate.Range(-90, 90))
    lng = Finite(required=True, validate=validate.Range(-180, 180))
    at = Moment(required=True)
    seq = JsonInteger(required=True, validate=validate.Range(0))
    bearing_deg = Finite(allow_none=True, validate=validate.Range(0, 360))
    speed_mps = Finite(allow_none=True, validate=validate.Range(0, 150))
    accuracy_m = Finite(allow_none=True, validate=validate.Range(0, 100_000))


class Positions(Schema):
    positions = fields.List(fields.Nested(Position), required=True, validate=validate.Length(1, 100))
