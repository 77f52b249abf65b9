"""The entrypoints of receipts, credit notes and statements: as JSON, as pages, and as PDFs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from hansom.cities import city_of
from hansom.contracts.papers import Writing
from hansom.contracts.payments import SeeReceipt, SeeStatement
from hansom.rpc import ServiceClient, rpc
from hansom.validation import load
from services.payments import replies, schemas
from services.payments.documents.labels import line_label
from services.payments.documents.pdf import pdf_of
from services.payments.documents.picture import NOTHING_AROUND, Backdrop, Frame
from services.payments.documents.rendering import (
    POLICY,
    Issuer,
    Known,
    Place,
    Setting,
    credit_note_html,
    receipt_html,
    statement_html,
)
from services.payments.documents.wording import Wording, wording_for
from services.payments.domain.payout import Payout, PayoutLine
from services.payments.storage import papers
from services.payments.storage import reading as rows
from services.payments.usecases.reading import (
    Told,
    ask_around,
    ask_people,
    ask_surroundings,
    see_receipt,
    see_statement,
)

Payload = dict[str, Any]


class PaperWork:
    """What `PaymentsService` does about documents."""

    config: Any
    store: Any
    rules: Any

    users = ServiceClient("users")
    location = ServiceClient("location")
    maps = ServiceClient("maps")

    @rpc
    def list_receipts(self, payload: Payload) -> Payload:
        request, _ = load(schemas.SEE_RECEIPT, payload)
        return {"items": [dict(replies.paper_reply(paper)) for paper in self._papers_of(request).items]}

    @rpc
    def get_receipt(self, payload: Payload) -> Payload:
        request, writing = load(schemas.SEE_RECEIPT, payload)
        found = self._find_receipt(request)
        wording = self._wording(request.user_id, writing, None)
        return {**_worded(found, wording), "language": wording.language}

    @rpc
    def render_receipt(self, payload: Payload) -> Payload:
        request, writing = load(schemas.SEE_RECEIPT, payload)
        found = self._find_receipt(request)
        told = self._ask_around(request, found)
        setting = self._setting(found["city"], self._wording(request.user_id, writing, told))
        known = Known(
            rider=told.name_of(found["rider_id"]) if request.role != "driver" else None,
            driver=told.name_of(found["driver_id"]),
            way=told.way,
            around=self._around(told.way),
        )
        write: Any = credit_note_html if "of_receipt_number" in found else receipt_html
        page = write(found, setting, known)
        return _document(page, writing.format, setting.wording, found["receipt_number"])

    @rpc
    def get_statement(self, payload: Payload) -> Payload:
        request, _ = load(schemas.SEE_STATEMENT, payload)
        return dict(replies.statement_reply(*self._see_statement(request)))

    @rpc
    def render_statement(self, payload: Payload) -> Payload:
        request, writing = load(schemas.SEE_STATEMENT, payload)
        payout, lines = self._see_statement(request)
        told = ask_people(self.users, [request.user_id, payout.driver_id])
        setting = self._setting(payout.city, self._wording(request.user_id, writing, told))
        known = Known(driver=told.name_of(payout.driver_id))
        page = statement_html(replies.statement_reply(payout, lines), setting, known)
        return _document(page, writing.format, setting.wording, payout.id)

    # -- what they share ---------------------------------------------------------------------------------------------
    def _find_receipt(self, request: SeeReceipt) -> dict[str, Any]:
        """The receipt or credit note asked for, as a reply. Raises ReceiptNotReady, UnknownReceipt, NotYourReceipt."""
        if request.number is None:
            with self.store.begin() as session:
                return dict(
                    replies.receipt_reply(
                        see_receipt(partial(rows.receipt_of, session, of_tip=request.of_tip), request)
                    )
                )
        all_of_trip = self._papers_of(request)
        paper = all_of_trip.numbered(request.number)
        with self.store.begin() as session:
            found = papers.full_receipt_of(session, paper)
        if paper.is_credit_note:
            return dict(replies.credit_note_reply(found, paper))
        return dict(replies.receipt_reply(found))

    def _papers_of(self, request: SeeReceipt) -> papers.Papers:
        with self.store.begin() as session:
            return see_receipt(partial(papers.papers_of, session), request)

    def _see_statement(self, request: SeeStatement) -> tuple[Payout, Sequence[PayoutLine]]:
        with self.store.begin() as session:
            return see_statement(partial(rows.payout_of, session), request)

    def _ask_around(self, request: SeeReceipt, found: dict[str, Any]) -> Told:
        """Who its parties are, and where a ride went: what operators see of that is recorded by location."""
        actor = {"user_id": request.user_id, "role": request.role}
        is_ride = found.get("kind", "ride") == "ride" and "of_receipt_number" not in found
        ride = {"trip_id": request.trip_id, "driver_id": found["driver_id"], "actor": actor} if is_ride else None
        people = [request.user_id, found["rider_id"], found["driver_id"]]
        return ask_around(self.users, self.location, people, ride)

    def _around(self, way: list[tuple[float, float]]) -> Backdrop:
        """Roads and water around a ride's way."""
        if len(way) < 2:
            return NOTHING_AROUND
        found = ask_surroundings(self.maps, asdict(Frame(way).box))
        return Backdrop(found.get("roads", ()), found.get("water", ()))

    def _wording(self, user_id: str, writing: Writing, told: Told | None) -> Wording:
        """What is asked for by name, else what he has chosen, else what his device says. `told` None: not asked yet."""
        if told is None:
            told = Told({}) if writing.lang else ask_people(self.users, [user_id])
        return wording_for(writing.lang, told.language_of(user_id), writing.locale)

    def _setting(self, city_key: str, wording: Wording) -> Setting:
        place = Place(city_of(self.config, city_key).name, self.rules.cities[city_key].zone)
        issuer = self.config["ISSUER"]
        lines = tuple(str(issuer[name]) for name in ("address", "tax_number") if issuer.get(name))
        return Setting(wording, place, Issuer(str(issuer["name"]), lines))


def _worded(found: dict[str, Any], wording: Wording) -> dict[str, Any]:
    lines = [{**line, "label": line_label(line, wording)} for line in found.get("lines", ())]
    return {**found, "lines": lines} if lines else found


def _document(html: str, format_: str, wording: Wording, number: str) -> Payload:
    """A page as it is, or as a PDF. Raises Unavailable when too many are being printed."""
    headers = {"Content-Language": wording.language}
    if format_ == "pdf":
        body, kind = pdf_of(html), "application/pdf"
        headers["Content-Disposition"] = f'inline; filename="{number}.pdf"'
    else:
        body, kind = html.encode(), "text/html; charset=utf-8"
        headers["Content-Security-Policy"] = POLICY
    return {"content_type": kind, "body_b64": b64encode(body).decode(), "headers": headers}


__all__ = ["PaperWork"]
