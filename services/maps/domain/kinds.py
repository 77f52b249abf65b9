"""What people call kinds of places, so that `apteekki` and `pharmacy` find the pharmacies near."""

from __future__ import annotations

from collections.abc import Mapping

NAMES_OF_KINDS: Mapping[str, str] = {
    "artwork": "artwork statue patsas staty kunstwerk",
    "atm": "atm pankkiautomaatti bankomat geldautomat",
    "bakery": "bakery leipomo bageri backerei",
    "bank": "bank pankki",
    "bar": "bar baari",
    "bus_station": "bus station linja-autoasema busstation busbahnhof",
    "cafe": "cafe coffee kahvila kafe kaffee",
    "cinema": "cinema movies elokuvateatteri biograf bio kino",
    "clinic": "clinic klinikka klinik",
    "college": "college opisto",
    "dentist": "dentist hammaslaakari tandlakare zahnarzt",
    "doctors": "doctor laakari lakare arzt",
    "embassy": "embassy suurlahetysto ambassad botschaft",
    "fast_food": "fast food pikaruoka grilli snabbmat imbiss",
    "ferry_terminal": "ferry terminal lautta satama farja hafen",
    "fire_station": "fire station paloasema brandstation feuerwehr",
    "fuel": "fuel gas petrol station huoltoasema bensinstation tankstelle",
    "gallery": "gallery galleria galleri galerie",
    "health": "health terveys halsa gesundheit",
    "hospital": "hospital sairaala sjukhus spital krankenhaus",
    "hostel": "hostel hostelli herberge",
    "hotel": "hotel hotelli hotell",
    "kindergarten": "kindergarten paivakoti daghem",
    "library": "library kirjasto bibliotek bibliothek",
    "marketplace": "market tori kauppatori torg markt",
    "museum": "museum museo",
    "nightclub": "nightclub club yokerho nattklubb",
    "park": "park puisto",
    "parking": "parking pysakointi parkering parkplatz garage",
    "pharmacy": "pharmacy apteekki apotek apotheke",
    "place_of_worship": "church kirkko kyrka kirche chapel mosque synagogue temple",
    "playground": "playground leikkipuisto lekplats spielplatz",
    "police": "police poliisi polis polizei",
    "post_office": "post office posti",
    "pub": "pub pubi",
    "restaurant": "restaurant ravintola restaurang",
    "school": "school koulu skola schule",
    "shop": "shop store kauppa butik affar laden geschaft",
    "sports_centre": "sports centre urheilukeskus gym idrottshall sporthalle",
    "station": "station railway asema juna metro bahnhof",
    "supermarket": "supermarket grocery ruokakauppa",
    "theatre": "theatre theater teatteri teater",
    "townhall": "town hall city kaupungintalo stadshus rathaus gemeinde",
    "university": "university yliopisto universitet universitat",
}
"""Kind → words for it in English, Finnish, Swedish and German, as they are compared: without accents. A kind that is
not here is called what OpenStreetMap calls it."""

PROMINENCE: Mapping[str, float] = {
    "airport": 0.2,
    "station": 0.2,
    "ferry_terminal": 0.1,
    "hospital": 0.1,
    "university": 0.1,
    "bus_station": 0.05,
    "artwork": -0.2,
    "bicycle_rental": -0.2,
    "city_block": -0.2,
    "information": -0.2,
    "building": -0.05,
    "office": -0.05,
}
"""Added to how well a place fits: how much more, or less, people ride to such places than to others."""


def words_for(kind: str) -> tuple[str, ...]:
    """What people type for a kind of place."""
    return tuple(NAMES_OF_KINDS.get(kind, kind.replace("_", " ")).replace("-", " ").split())
