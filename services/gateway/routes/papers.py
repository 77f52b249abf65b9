"""Receipts, credit notes and statements: as JSON, or as the document that the caller wants most."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from services.gateway import paper_replies, replies, schemas
from services.gateway.http.answers import Answer
from services.gateway.http.route import DRIVER, OPS, USER, Call, route
from services.gateway.routes.needs import Needs

DOCUMENT_DEADLINE_S = 20
LANGUAGES_MAX_CHARS = 200
"""Of an Accept-Language: what nobody's device sends is not read."""

_DOCUMENTS = {"text/html": "html", "application/pdf": "pdf"}


class PaperRoutes(Needs):
    @route("GET", "/v1/trips/{trip_id}/receipt", who=USER, query=schemas.LanguageQuery(), gives=replies.Receipt(),
           also=tuple(_DOCUMENTS), summary="The receipt, as JSON or as a document")  # fmt: skip
    def get_receipt(self, call: Call) -> Any:
        """Of the ride, its cancellation or the rider's not coming. In the language of `lang`, else the one that the
        caller has chosen, else what his device prefers."""
        return self._paper("receipt", call, trip_id=call.data["trip_id"])

    @route("GET", "/v1/trips/{trip_id}/receipts", who=USER, gives=paper_replies.Papers(),
           summary="All numbered documents of a trip: receipts, the tip's too, and credit notes")  # fmt: skip
    def list_receipts(self, call: Call) -> Any:
        return self.payments.list_receipts({"trip_id": call.data["trip_id"], "actor": call.actor})

    @route("GET", "/v1/trips/{trip_id}/receipts/{number}", who=USER, query=schemas.LanguageQuery(),
           gives=paper_replies.Paper(), also=tuple(_DOCUMENTS),
           summary="One of a trip's numbered documents, as JSON or as a document")  # fmt: skip
    def get_paper(self, call: Call) -> Any:
        return self._paper("receipt", call, trip_id=call.data["trip_id"], number=call.data["number"])

    @route("GET", "/v1/driver/payouts/{payout_id}/statement", who=DRIVER | OPS, query=schemas.LanguageQuery(),
           gives=replies.Statement(), also=tuple(_DOCUMENTS), refuses=frozenset({404}),
           summary="What a payout is made of, as JSON or as a document")  # fmt: skip
    def get_statement(self, call: Call) -> Any:
        return self._paper("statement", call, payout_id=call.data["payout_id"])

    def _paper(self, what: str, call: Call, **named: str) -> Any:
        languages = {"lang": call.data.get("lang"), "locale": call.accept_language[:LANGUAGES_MAX_CHARS] or None}
        payload = {**named, **languages, "actor": call.actor}
        wanted = preferred(call.accept)
        if wanted is None:
            return self.payments.call(f"get_{what}", payload)
        document = self.payments.call(f"render_{what}", {**payload, "format": wanted}, DOCUMENT_DEADLINE_S)
        return Answer(200, b64decode(document["body_b64"]), document["content_type"], _headers(document))


def _headers(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The document's own, and those that keep it its reader's: it is looked at in a browser, by nobody else."""
    return [
        *document.get("headers", {}).items(),
        ("Cache-Control", "private, no-cache"),
        ("Vary", "Accept, Accept-Language, Authorization, Cookie"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    ]


def preferred(accept: str) -> str | None:
    """The document that an Accept header wants most (RFC 9110, 12.5.1): `html`, `pdf`, or None for JSON."""
    best, best_q = None, 0.0
    for entry in accept.split(",")[:20]:
        media, _, parameters = entry.strip().partition(";")
        q = _quality(parameters)
        if q > best_q:
            best, best_q = media.strip().lower(), q
    return _DOCUMENTS.get(best or "")


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "q":
            try:
                return min(1.0, float(value))
            except ValueError:
                return 0.0
    return 1.0
