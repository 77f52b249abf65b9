"""What analytics does, one function a verb."""

from services.analytics.usecases.counting import note_facts, roll_up
from services.analytics.usecases.foreseeing import Means, foresee_demand, see_worths
from services.analytics.usecases.hinting import (
    Hinting,
    Office,
    Town,
    hint_drivers,
    look_at_cars,
    tell_again,
    unmet_lately,
)
from services.analytics.usecases.learning import Learning, forget_etas, learn_etas, learn_when_due
from services.analytics.usecases.seeing import (
    demand_since,
    see_demand,
    see_demand_by_hour,
    see_eta_errors,
    see_total,
    start_of,
)
from services.analytics.usecases.stores import Stores
from services.analytics.usecases.watching import Place, note_positions, see_figures

__all__ = [
    "Hinting",
    "Learning",
    "Means",
    "Office",
    "Place",
    "Stores",
    "Town",
    "demand_since",
    "foresee_demand",
    "forget_etas",
    "hint_drivers",
    "learn_etas",
    "learn_when_due",
    "look_at_cars",
    "note_facts",
    "note_positions",
    "roll_up",
    "see_demand",
    "see_demand_by_hour",
    "see_eta_errors",
    "see_figures",
    "see_total",
    "see_worths",
    "start_of",
    "tell_again",
    "unmet_lately",
]
