"""Documents of the running service: whose language, whose names, which way, and which of a trip's papers."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from nameko.containers import ServiceContainer

from hansom.contracts.errors import Invalid, StoreUnavailable
from hansom.contracts.papers import UnknownReceipt
from hansom.contracts.payments import NotYourReceipt
from hansom.rpc import ServiceClient, rpc
from services.payments.documents.rendering import POLICY
from tests.support.money import MoneyDesk, a_ride, calling
from tests.support.payments_world import Caller, PaymentsUnderTest

RIDER, DRIVER = {"user_id": "rider-1", "role": "rider"}, {"user_id": "driver-1", "role": "driver"}
OPS = {"user_id": "ops-1", "role": "ops"}
WAY = [{"lat": 60.1668, "lng": 24.9375}, {"lat": 60.1712, "lng": 24.944}, {"lat": 60.1755, "lng": 24.952}]


class People:
    """Stands for users."""

    name = "papers_people"
    languages: ClassVar[dict[str, str]] = {}
    is_away: ClassVar[bool] = False

    @rpc
    def get_profiles(self, payload: dict[str, Any]) -> dict[str, Any]:
        if self.is_away:
            raise StoreUnavailable()
        names = {"rider-1": "Matti <b>Meikäläinen</b>", "driver-1": "مريم"}
        known = {id_: {"name": names.get(id_), "language": self.languages.get(id_)} for id_ in payload["user_ids"]}
        return {"items": known}


class Traces:
    """Stands for location."""

    name = "papers_traces"
    trace: ClassVar[dict[str, Any]] = {}
    asked: ClassVar[list[dict[str, Any]]] = []
    is_away: ClassVar[bool] = False

    @rpc
    def get_trace(self, payload: dict[str, Any]) -> dict[str, Any]:
        if self.is_away:
            raise StoreUnavailable()
        self.asked.append(payload)
        return self.trace


class Streets:
    """Stands for maps."""

    name = "papers_streets"
    asked: ClassVar[list[dict[str, Any]]] = []

    @rpc
    def draw_surroundings(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(payload)
        lake = [[[60.17, 24.94], [60.172, 24.94], [60.172, 24.943]]]
        return {"roads": [["main", [[60.17, 24.93], [60.17, 24.96]]]], "water": [lake]}


class PaperWorker(PaymentsUnderTest):
    """With its own people and traces: a whole stack may run beside."""

    users = ServiceClient(People.name)
    location = ServiceClient(Traces.name)
    maps = ServiceClient(Streets.name)


class Office:
    def __init__(self, config: dict[str, Any]) -> None:
        self.others = [ServiceContainer(cls, config) for cls in (People, Traces, Streets)]
        self.own = [ServiceContainer(cls, config) for cls in (PaperWorker, Caller)]
        for container in (*self.others, *self.own):
            container.start()
        self.call = calling(self.own[-1], "payments")

    def page(self, actor: dict[str, str] = RIDER, **asked: Any) -> str:
        reply = self.call("render_receipt", {"trip_id": "trip-1", "actor": actor, **asked})
        return b64decode(reply["body_b64"]).decode()


@pytest.fixture(scope="module")
def whole_office(money_settings: dict[str, Any]) -> Iterator[Office]:
    office = Office({**money_settings, "PAYOUT_INTERVAL_S": 3600})
    yield office
    for container in (*office.own, *office.others):
        container.stop()


@pytest.fixture
def office(whole_office: Office, money: MoneyDesk) -> Office:
    """One ride is paid; nobody has chosen a language; its trace is known."""
    People.languages.clear()
    Traces.asked.clear()
    Traces.trace = {"matched_route": WAY, "points": [], "coarsened": False}
    money.charge(a_ride(1230, trip_id="trip-1"))
    return whole_office


def test_the_language_asked_for_comes_before_the_chosen_one_and_that_before_the_devices(office: Office) -> None:
    asked = {"trip_id": "trip-1", "actor": RIDER}
    assert "Recibo" in office.page(locale="es-MX,es;q=0.9")
    People.languages["rider-1"] = "fi"
    assert "Kuitti" in office.page(locale="es-MX,es;q=0.9")
    assert "Receipt" in office.page(lang="en", locale="es-MX,es;q=0.9")
    finnish = office.call("get_receipt", asked)
    assert (finnish["language"], finnish["lines"][0]["label"]) == ("fi", "Hinta")
    english = office.call("get_receipt", {**asked, "lang": "en"})
    assert (english["language"], english["lines"][0]["label"]) == ("en", "Fare")
    assert "Receipt" in office.page(OPS), "what its reader has chosen, not its rider"


@pytest.mark.parametrize("lang", ["xx", "FI", "fi;q=1", "../fi", "en-"])
def test_a_language_that_nothing_is_written_in_is_refused(office: Office, lang: str) -> None:
    with pytest.raises(Invalid) as refused:
        office.call("render_receipt", {"trip_id": "trip-1", "actor": RIDER, "lang": lang})
    assert list(refused.value.details) == ["lang"]


def test_a_page_brings_its_language_and_a_policy_that_knows_its_style_by_hash(office: Office) -> None:
    reply = office.call("render_receipt", {"trip_id": "trip-1", "actor": RIDER, "lang": "fi"})
    assert reply["headers"] == {"Content-Language": "fi", "Content-Security-Policy": POLICY}
    assert "unsafe" not in POLICY
    page = b64decode(reply["body_b64"]).decode()
    assert " style=" not in page and "<script" not in page
    pdf = office.call("render_receipt", {"trip_id": "trip-1", "actor": RIDER, "format": "pdf"})
    number = office.call("get_receipt", {"trip_id": "trip-1", "actor": RIDER})["receipt_number"]
    assert pdf["headers"]["Content-Disposition"] == f'inline; filename="{number}.pdf"'
    assert b64decode(pdf["body_b64"]).startswith(b"%PDF-")


def test_a_rides_way_is_drawn_as_far_as_it_is_known(office: Office) -> None:
    drawn = office.page()
    assert "<svg" in drawn and "OpenStreetMap" in drawn and "evenodd" in drawn
    assert Streets.asked[-1]["south"] < 60.1668 and Streets.asked[-1]["east"] > 24.952
    Traces.trace = {"matched_route": [], "points": WAY, "coarsened": False}
    assert "<svg" in office.page(), "not matched to the roads yet"
    for nothing in ({"matched_route": WAY, "coarsened": True}, {"matched_route": WAY[:1]}, {}):
        Traces.trace = nothing
        page = office.page()
        assert "<svg" not in page and "€12.30" in page
    assert {tuple(sorted(each["actor"].items())) for each in Traces.asked} == {tuple(sorted(RIDER.items()))}
    office.page(OPS)
    assert Traces.asked[-1] == {"trip_id": "trip-1", "driver_id": "driver-1", "actor": OPS}, "location records it"


def test_names_are_text_and_a_driver_is_not_told_his_riders(office: Office) -> None:
    page = office.page()
    assert "<bdi>Matti &lt;b&gt;Meikäläinen&lt;/b&gt;</bdi>" in page and "<bdi>مريم</bdi>" in page
    assert "Matti" not in office.page(DRIVER)
    assert "Matti" in office.page(OPS)


def test_each_paper_of_a_trip_is_found_by_its_number(office: Office, money: MoneyDesk) -> None:
    money.refund("trip-1", 230)
    asked = {"trip_id": "trip-1", "actor": RIDER}
    papers = office.call("list_receipts", asked)["items"]
    assert [(each["kind"], each["amount"]["amount_minor"]) for each in papers] == [("ride", 1230), ("credit_note", 230)]
    ride, note = (office.call("get_receipt", {**asked, "number": each["receipt_number"]}) for each in papers)
    assert ride == office.call("get_receipt", asked)
    assert (note["of_receipt_number"], note["tax"]["amount_minor"]) == (ride["receipt_number"], 23)
    page = office.page(number=note["receipt_number"], lang="fi")
    assert "Hyvityslasku" in page and "2,30\xa0€" in page and "<svg" not in page
    with pytest.raises(UnknownReceipt):
        office.call("get_receipt", {**asked, "number": "HELSINKI-2026-999999"})
    for method in ("list_receipts", "get_receipt"):
        with pytest.raises(NotYourReceipt):
            office.call(
                method, {**asked, "actor": {**RIDER, "user_id": "a-stranger"}, "number": ride["receipt_number"]}
            )


def test_a_statement_is_in_its_drivers_language_and_name(office: Office, money: MoneyDesk) -> None:
    People.languages["driver-1"] = "fi"
    money.pay_out(days=2)
    asked = {"payout_id": money.one("SELECT id FROM payouts"), "actor": DRIVER}
    page = b64decode(office.call("render_statement", asked)["body_b64"]).decode()
    assert "Tilityserittely" in page and "مريم" in page and "12,30\xa0€" in page


def test_documents_are_written_while_users_and_location_are_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(People, "is_away", True)
    monkeypatch.setattr(Traces, "is_away", True)
    page = office.page(locale="fi")
    assert "Kuitti" in page and "12,30\xa0€" in page and "<svg" not in page
    assert office.call("get_receipt", {"trip_id": "trip-1", "actor": RIDER})["language"] == "en"
