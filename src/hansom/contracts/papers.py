"""The numbered documents that payments writes: receipts, credit notes, and how they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

from hansom.contracts.errors import NotFound, error


@error
class UnknownReceipt(NotFound):
    code = "unknown_receipt"
    message = "This trip has no receipt with such a number."


@dataclass(frozen=True, slots=True)
class Writing:
    """How a document is asked for: `format` html or pdf; `lang`, the language asked for by name; `locale`, an
    Accept-Language or a tag."""

    format: str = "html"
    lang: str | None = None
    locale: str | None = None


class PaperReply(TypedDict):
    """A numbered document of a trip: `kind` is that of its charge, or `credit_note`."""

    receipt_id: str
    receipt_number: str
    kind: str
    trip_id: str
    issued_at: str
    amount: dict[str, Any]


class CreditNoteReply(PaperReply):
    """What was given back of a receipt, and the tax in it. `reason`: the operator's own words."""

    rider_id: str
    driver_id: str
    city: str
    of_receipt_number: str
    tax: dict[str, Any]
    reason: str
    paid_with: str
