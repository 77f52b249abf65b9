"""How people behave: chances and times that the bots draw from, each bot from its own seeded source."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from hansom.bots.roads import RoadGraph, gap_m
from hansom.values import Point

CATEGORIES = {"standard": 0.70, "comfort": 0.20, "van": 0.10}
PAYMENTS = {None: 0.60, "card_ok": 0.20, "cash": 0.13, "card_declined": 0.05, "card_insufficient_funds": 0.02}
FIRST_NAMES = ("Aino", "Eero", "Helmi", "Kaisa", "Leo", "Lumi", "Matti", "Noora", "Oskari", "Sanni", "Toivo", "Väinö")
LAST_NAMES = ("Aalto", "Halla", "Järvi", "Koski", "Laine", "Mäki", "Niemi", "Ranta", "Salo", "Virta", "Ylinen")
CARS = (
    ("Toyota", "Corolla"),
    ("Skoda", "Octavia"),
    ("Volkswagen", "ID.4"),
    ("Mercedes-Benz", "E 220"),
    ("Kia", "Niro"),
    ("Ford", "Transit"),
)
COLOURS = ("black", "white", "silver", "blue", "red", "green")


@dataclass(frozen=True, slots=True)
class DriverHabits:
    """Chances per offer or ride, and times in seconds."""

    declines: float = 0.06
    lets_offer_time_out: float = 0.03
    cancels_before_arrival: float = 0.03
    mistypes_pin: float = 0.03
    answers_by_http: float = 0.30
    takes_a_break: float = 0.04
    comments: float = 0.10
    follows_hints: float = 0.60
    waits_after_hint_s: tuple[float, float] = (30.0, 120.0)
    answer_after_s: tuple[float, float] = (1.0, 4.0)
    break_s: tuple[float, float] = (15.0, 45.0)
    loses_network_every_s: float = 420.0
    network_lost_for_s: tuple[float, float] = (4.0, 20.0)


@dataclass(frozen=True, slots=True)
class RiderHabits:
    """Chances per request or ride, and times in seconds."""

    only_looks: float = 0.08
    watches_nearby: float = 0.50
    taps_twice: float = 0.04
    cancels_while_waiting: float = 0.04
    cancels_once_assigned: float = 0.04
    rates: float = 0.85
    comments: float = 0.15
    tips: float = 0.12
    looks_for_s: tuple[float, float] = (2.0, 8.0)
    walks_to_car_s: tuple[float, float] = (2.0, 10.0)
    pause_mean_s: float = 20.0
    loses_network_every_s: float = 600.0
    network_lost_for_s: tuple[float, float] = (4.0, 20.0)


TIPS = {100: 0.5, 200: 0.3, 500: 0.2}
"""Minor units."""

STARS = {5: 0.70, 4: 0.20, 3: 0.06, 2: 0.02, 1: 0.02}
SHORT_TRIP_M = (400.0, 900.0)
"""Along the road. Central Helsinki's one-way streets make 600 m as the crow flies 1 km and three minutes by road."""
SHORT_TRIP_LEAST_M = 150.0
"""As the crow flies: nobody takes a car round the block."""
LONG_TRIP_M = (400.0, 1000.0)
"""As the crow flies."""
SHORT_TRIPS = 0.90
"""Most trips are short, so that rides finish while somebody is watching."""
LONG_RIDE_S = 150.0
"""A rider whose quote says more than this mostly thinks of somewhere nearer."""
THINKS_AGAIN = 2
HALF_AS_GLAD_S = 45.0
"""By so much pickup time a category is half as attractive."""


def one_of(rng: Random, weights: dict) -> object:
    """A key of `weights`, each as likely as its weight."""
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def category(rng: Random, options: list[dict[str, Any]]) -> str:
    """What a rider orders of a quote's options: what he likes, of what is near."""
    etas = {option["category"]: option.get("pickup_eta_s") for option in options}
    near = {name: eta_s for name, eta_s in etas.items() if eta_s is not None} or dict.fromkeys(etas, 0.0)
    weights = {name: CATEGORIES.get(name, 0.1) / (1 + eta_s / HALF_AS_GLAD_S) for name, eta_s in near.items()}
    return str(one_of(rng, weights))


def destination(rng: Random, graph: RoadGraph, start: Point) -> Point:
    """Where a rider at `start`, a point of the graph, wants to go: mostly not far along the road."""
    if rng.random() < SHORT_TRIPS:
        for _ in range(20):
            way = graph.wander(rng, start, rng.uniform(*SHORT_TRIP_M))
            if way is not None and gap_m(start, way.line[-1]) >= SHORT_TRIP_LEAST_M:
                return way.line[-1]
    return graph.place_between(rng, start, *LONG_TRIP_M)


def person(rng: Random, role: str, number: int, run: str) -> dict[str, str]:
    """Registration of one person: `{email, password, name, phone}`; the e-mail is his alone in this run."""
    return {
        "email": f"{role}-{number:04d}.{run}@bots.hansom.example",
        "password": f"{role}s-password-{rng.randrange(10**9):09d}",
        "name": f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
        "phone": f"+35850{rng.randrange(10**7):07d}",
    }


def vehicle(rng: Random, number: int) -> dict[str, str]:
    """A driver's `vehicle`; the first three cars are one of each category, so that every category has a car."""
    make, model = rng.choice(CARS)
    drawn = one_of(rng, CATEGORIES)
    category = list(CATEGORIES)[number] if number < len(CATEGORIES) else drawn
    plate = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVXYZ") for _ in range(3)) + f"-{rng.randrange(100, 1000)}"
    return {"make": make, "model": model, "colour": rng.choice(COLOURS), "plate": plate, "category": str(category)}
