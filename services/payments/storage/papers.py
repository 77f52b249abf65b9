"""The numbered documents of a trip: receipts of its charges, and credit notes of their refunds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hansom.contracts.papers import UnknownReceipt
from hansom.contracts.payments import ChargeKind, ReceiptNotReady
from hansom.values import Money
from services.payments.domain.receipt import Receipt
from services.payments.storage.reading import FullReceipt, receipt_of
from services.payments.storage.tables import charges, receipts, refunds

CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Paper:
    """A document: the receipt of a charge, or a credit note of one."""

    receipt: Receipt
    charge_kind: ChargeKind
    amount: Money
    parties: tuple[str, str]
    """Rider and driver."""

    @property
    def is_credit_note(self) -> bool:
        return self.receipt.refund_id is not None

    @property
    def kind(self) -> str:
        return CREDIT_NOTE if self.is_credit_note else self.charge_kind.value


@dataclass(frozen=True, slots=True)
class Papers:
    """All documents of a trip, in the order of their numbers."""

    items: Sequence[Paper]

    @property
    def parties(self) -> tuple[str, str]:
        return self.items[0].parties

    def numbered(self, number: str) -> Paper:
        """Raises UnknownReceipt."""
        found = next((paper for paper in self.items if paper.receipt.number == number), None)
        if found is None:
            raise UnknownReceipt()
        return found


def papers_of(session: Session, trip_id: str) -> Papers:
    """Raises ReceiptNotReady for a trip without any."""
    found = session.execute(
        select(
            receipts,
            charges.c.kind,
            charges.c.rider_id,
            charges.c.driver_id,
            charges.c.currency,
            (charges.c.fare_minor - charges.c.discount_minor).label("to_pay_minor"),
            refunds.c.amount_minor.label("refunded_minor"),
        )
        .join(charges, receipts.c.charge_id == charges.c.id)
        .outerjoin(refunds, receipts.c.refund_id == refunds.c.id)
        .where(receipts.c.trip_id == trip_id)
        .order_by(receipts.c.year, receipts.c.sequence)
    ).all()
    if not found:
        raise ReceiptNotReady()
    return Papers([_paper(row) for row in found])


def full_receipt_of(session: Session, paper: Paper) -> FullReceipt:
    """The receipt of the paper's charge: itself, or the one that a credit note is for."""
    return receipt_of(session, paper.receipt.trip_id, of_tip=paper.charge_kind == ChargeKind.TIP)


def _paper(row: object) -> Paper:
    fields = row._mapping  # type: ignore[attr-defined]
    names = ("id", "charge_id", "trip_id", "city", "year", "sequence", "issued_at", "refund_id")
    receipt = Receipt(*(fields[name] for name in names))
    minor = fields["to_pay_minor"] if receipt.refund_id is None else fields["refunded_minor"]
    parties = (fields["rider_id"], fields["driver_id"])
    return Paper(receipt, ChargeKind(fields["kind"]), Money(minor, fields["currency"]), parties)
