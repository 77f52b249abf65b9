"""What analytics does, one function a verb."""

from services.analytics.usecases.counting import note_facts, roll_up
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

__all__ = [
    "Learning",
    "Stores",
    "demand_since",
    "forget_etas",
    "learn_etas",
    "learn_when_due",
    "note_facts",
    "roll_up",
    "see_demand",
    "see_demand_by_hour",
    "see_eta_errors",
    "see_total",
    "start_of",
]
