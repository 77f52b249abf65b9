"""The simulated provider's messages: nobody else's are taken, and none is taken later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hansom.contracts.payments import WebhookRefused, WebhookUnreadable
from services.payments.provider.webhooks import HEADER, read, sign
from services.payments.usecases.ports import ProviderNews

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "known to both"
BODY = b'{"id": "evt_1", "type": "charge.captured", "data": {"kind": "charge", "key": "k1", "state": "captured"}}'


def headers(body: bytes = BODY, secret: str = SECRET, at: datetime = NOW) -> dict[str, str]:
    return {HEADER: sign(secret, body, at)}


def test_a_signed_message_names_what_to_look_up() -> None:
    assert read(headers(), BODY, SECRET, NOW) == [ProviderNews("evt_1", "charge", "k1")]


@pytest.mark.parametrize("late", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_a_clock_may_be_five_minutes_off(late: timedelta) -> None:
    assert read(headers(), BODY, SECRET, NOW + late)


@pytest.mark.parametrize("late", [timedelta(minutes=5, seconds=1), timedelta(minutes=-5, seconds=-1)])
def test_a_message_that_was_signed_long_ago_is_refused(late: timedelta) -> None:
    with pytest.raises(WebhookRefused):
        read(headers(), BODY, SECRET, NOW + late)


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {HEADER: ""},
        {HEADER: "v1=abc"},
        {HEADER: "t=,v1="},
        {HEADER: "t=\u0661,v1=abc"},
        {HEADER: "t=1772452800,v1=é"},
        {HEADER: "t=99999999999999999999,v1=abc"},
        headers(secret="another"),
        headers(body=BODY + b" "),
        {HEADER: sign(SECRET, BODY, NOW).replace("t=", "t=0")},
        {HEADER: sign(SECRET, BODY, NOW).replace("v1=", "v0=")},
    ],
)
def test_a_message_of_somebody_else_is_refused(forged: dict[str, str]) -> None:
    with pytest.raises(WebhookRefused):
        read(forged, BODY, SECRET, NOW)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"null", b'{"id": "evt_1"}', b'{"id": 1, "data": {"kind": "charge", "key": "k1"}}', b"\xff"],
)
def test_a_signed_message_that_is_none_is_said_to_be_unreadable(body: bytes) -> None:
    with pytest.raises(WebhookUnreadable):
        read(headers(body), body, SECRET, NOW)


def test_news_of_a_kind_that_is_not_known_yet_is_no_news() -> None:
    body = b'{"id": "evt_1", "data": {"kind": "dispute", "key": "k1"}}'
    assert read(headers(body), body, SECRET, NOW) == []
