"""Each document is HTML without an error, in each language, whatever names people have; and its policy fits it."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyhtml5.parser import HTMLParser

from hansom.contracts.users import LANGUAGES
from services.payments.documents.picture import Backdrop
from services.payments.documents.rendering import POLICY, Known, credit_note_html, receipt_html, statement_html
from tests.unit.payments.test_documents import a_line, a_note, a_receipt, a_statement, eur, written

WAY = [(60.1668, 24.9375), (60.1712, 24.944), (60.1755, 24.952)]
AROUND = Backdrop([("main", WAY[:2])], [[WAY]])
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=100)


def pages(name: str, language: str) -> list[str]:
    """A receipt with all that one can have, a credit note, and a statement."""
    refund = {
        "refund_id": "r",
        "amount": eur(250),
        "reason": name,
        "credit_note_number": "HELSINKI-2026-000043",
        "at": "2026-03-03T09:12:05.000Z",
    }
    more: dict[str, Any] = {
        "refunds": [refund],
        "tip": {"amount": eur(200), "receipt_number": "HELSINKI-2026-000044", "state": "captured"},
        "lines": [a_line("toll", f"Toll: {name}", 100), a_line("promo", "Promo code X", -50)],
        "discount": eur(50),
        "fare_reason": "ended_early",
    }
    known = Known(rider=name, driver=name, way=WAY, around=AROUND)
    setting = written(language)
    return [
        receipt_html(a_receipt(**more), setting, known),
        credit_note_html(a_note(reason=name), setting, known),
        statement_html(a_statement(), setting, known),
    ]


def errors_in(page: str) -> list[Any]:
    parser = HTMLParser()
    parser.parse(page)
    return parser.errors


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["Matti", "مريم عبد الرحمن", "x" * 100, '"><script>&amp;</style>', "<!-- ]]> -->"])
def test_a_document_has_no_error(name: str, language: str) -> None:
    for page in pages(name, language):
        assert errors_in(page) == []
        assert f'<html lang="{language}">' in page


@given(NAMES)
def test_no_name_makes_an_error_or_an_element(name: str) -> None:
    plain = pages("Matti", "en")
    for page, usual in zip(pages(name, "en"), plain, strict=True):
        assert page.count("<") == usual.count("<") and page.count(">") == usual.count(">")


def test_the_only_style_is_the_one_that_the_policy_knows() -> None:
    for page in pages("Matti", "fi"):
        [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
        assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in POLICY
        assert not re.search(r"\sstyle=|<script|\son\w+=|href=|src=|url\(", page)
