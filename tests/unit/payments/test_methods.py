"""Payment methods: tokens only."""

from __future__ import annotations

import pytest

from hansom.contracts.payments import UnknownPaymentMethod
from services.payments.domain.methods import METHODS, method_of, paid_with
from services.payments.provider.cards import ALIASES, card_of, is_known


@pytest.mark.parametrize("name", METHODS)
def test_each_test_card_is_known_by_its_name(name: str) -> None:
    assert method_of(name, "card_ok", is_known) == name


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_aliases_do_what_the_card_does_that_they_stand_for(alias: str, name: str) -> None:
    assert method_of(alias, "cash", is_known) == alias
    assert card_of(alias) == card_of(name)


def test_no_method_is_the_usual_one() -> None:
    assert method_of(None, "card_ok", is_known) == "card_ok"


def test_without_a_usual_method_one_must_be_named() -> None:
    with pytest.raises(UnknownPaymentMethod) as refused:
        method_of(None, None, is_known)
    assert refused.value.details == {"payment_method": ["Name a payment method."]}


def test_cash_is_known_with_any_provider() -> None:
    assert method_of("cash", None, lambda method: False) == "cash"


@pytest.mark.parametrize("number", ["4242424242424242", "4242 4242 4242 4242", "pan:4000-0566-5566-5556"])
def test_a_card_number_is_refused_and_not_repeated(number: str) -> None:
    with pytest.raises(UnknownPaymentMethod) as refused:
        method_of(number, "card_ok", lambda method: True)
    assert refused.value.details == {"payment_method": ["Send a token of the payment provider, never a card number."]}


def test_an_unknown_method_names_its_field() -> None:
    with pytest.raises(UnknownPaymentMethod) as refused:
        method_of("magic_beans", "card_ok", is_known)
    assert list(refused.value.details) == ["payment_method"]


def test_receipts_say_cash_or_card() -> None:
    assert (paid_with("cash"), paid_with("card_ok")) == ("Cash", "Card")
