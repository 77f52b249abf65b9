"""What pricing and trips write on a fare's lines is said in the reader's language."""

from __future__ import annotations

from typing import Any

import pytest

from hansom.contracts.pricing import FareReason
from services.payments.documents.labels import LINES, MEASURED, REASONS, line_label
from services.payments.documents.wording import wording_for
from services.pricing.domain.explaining import CHANGED_LABELS, QUOTED_LABEL
from services.pricing.domain.fare import LABELS

FINNISH, ENGLISH = wording_for("fi"), wording_for("en")
WRITTEN = [*LABELS.items(), *CHANGED_LABELS.items(), ("quoted_fare", QUOTED_LABEL)]


def a_line(code: str, label: str, **values: Any) -> dict[str, Any]:
    return {"code": code, "label": label, "values": values}


@pytest.mark.parametrize(("code", "label"), WRITTEN)
def test_a_word_that_pricing_writes_is_translated_whole(code: str, label: str) -> None:
    assert label in LINES[code], "it is in no catalogue"
    assert line_label(a_line(code, label), FINNISH) == FINNISH.text(label) != label
    assert line_label(a_line(code, label), ENGLISH) == label


def test_minutes_and_names_stay_as_they_are() -> None:
    assert line_label(a_line("waiting", "Waiting (5 min)"), FINNISH) == "Odotus (5 min)"
    assert line_label(a_line("toll", "Toll: Itäväylä"), FINNISH) == "Tietulli: Itäväylä"
    assert line_label(a_line("toll", "Toll: Itäväylä: not passed"), FINNISH) == "Tietulli: Itäväylä: ei toteutunut"
    assert line_label(a_line("zone", "Lentoasema"), FINNISH) == "Lentoasema"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (a_line("longer_way", "?", driven_m=2340, quoted_m=820), "Pidempi matka: 2,3 km, arvioitu 820 m"),
        (a_line("less_time", "?", driven_s=45, quoted_s=600), "Lyhyempi aika: 45 s, arvioitu 10 min"),
        (a_line("new_destination", "?", distance_m=1000, quoted_m=999), "Uusi määränpää: 1 km, arvioitu 999 m"),
    ],
)
def test_what_was_measured_is_written_as_its_reader_writes_it(line: dict[str, Any], said: str) -> None:
    assert line_label(line, FINNISH) == said


@pytest.mark.parametrize("code", [*MEASURED, "a_code_of_next_year"])
def test_a_line_without_its_values_or_of_an_unknown_kind_keeps_its_words(code: str) -> None:
    assert line_label({"code": code, "label": "Longer way: 2 km"}, FINNISH) == "Longer way: 2 km"


def test_each_reason_for_another_fare_than_quoted_is_told() -> None:
    as_quoted = {FareReason.QUOTED, FareReason.TRACE_NOT_CREDIBLE}
    assert {reason.value for reason in FareReason if reason not in as_quoted} <= set(REASONS)
