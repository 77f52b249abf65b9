"""What people type into the field on Helsinki's own map, and what they mean."""

from __future__ import annotations

import pytest

from hansom.values import Point
from services.maps import usecases
from services.maps.storage.atlas import Atlas

HERE = Point(60.1700, 24.9410)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("m", "Mannerheimintie"),
        ("mannerheimint", "Mannerheimintie"),
        ("manerheimintie", "Mannerheimintie"),
        ("mannerhem", "Mannerheimintie"),
        ("Mannerheimvägen", "Mannerheimintie"),
        ("mannerheimvag", "Mannerheimintie"),
        ("mannerheimintie 5", "Mannerheimintie 5"),
        ("rautatiease", "Helsinki"),
        ("rautatie asema", "Helsinki"),
        ("steissi", "Helsinki"),
        ("järnvägst", "Rautatientori"),
        ("jarnvagstorget", "Rautatientori"),
        ("pohjoisesp", "Pohjoisesplanadi"),
        ("norra espl", "Pohjoisesplanadi"),
        ("33 pohjoisesplanadi", "Pohjoisesplanadi 33"),
        ("alexanderinkatu", "Aleksanterinkatu"),
        ("aleksanterink", "Aleksanterinkatu"),
        ("aleksi 13", "Aleksi 13"),
        ("stokmann", "Stockmann"),
        ("stcokmann", "Stockmann"),
        ("hotelli kämp", "Hotel Kämp"),
        ("cathedral", "Helsingin tuomiokirkko"),
        ("domkyrka", "Helsingin tuomiokirkko"),
        ("senaatintori", "Senaatintori"),
        ("senate sq", "Senaatintori"),
        ("yliopisto", "Helsingin yliopisto"),
        ("university of h", "Helsingin yliopisto"),
        ("oodi", "Helsingin keskustakirjasto Oodi"),
        ("kiasma", "Kiasma"),
        ("mc donalds", "McDonald's"),
        ("mcdonalds", "McDonald's"),
        ("burger king", "Burger King"),
        ("ateneum", "Ateneum"),
        ("yrjonkatu 8", "Yrjönkatu 8-10"),
        ("lönnrotinkatu 4", "Lönnrotinkatu 4"),
        ("lonnrot", "Lönnrotinkatu"),
        ("alepa rautatie", "Alepa Rautatientori"),
        ("musiikkitalo", "Musiikkitalo"),
        ("music centre", "Musiikkitalo"),
        ("kaivopihia", "Kaivopiha"),
        ("rautatientori metro", "Rautatientori"),
        ("uusi ylioppilastalo", "Uusi ylioppilastalo"),
    ],
)
def test_what_is_meant_comes_first(atlas: Atlas, typed: str, meant: str) -> None:
    assert usecases.search_places(atlas, typed, HERE, 3)[0].name == meant


@pytest.mark.parametrize("typed", ["apteekki", "pharmacy", "apotek"])
def test_a_kind_of_place_finds_those_near_in_any_language(atlas: Atlas, typed: str) -> None:
    found = usecases.search_places(atlas, typed, HERE, 4)
    assert {place.kind for place in found} == {"pharmacy"}
