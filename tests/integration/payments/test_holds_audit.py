"""The audit finds money that is kept back for nothing, or was taken from a hold as it should not."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from services.payments.usecases.holding import authorize_ride
from services.payments.usecases.letting_go import release_holds
from tests.integration.payments.test_holds import a_request
from tests.support.money import MoneyDesk, a_ride

PENDING = "every hold is answered within ten minutes"
CAPTURED = "a hold that was captured is of one captured charge of its trip, rider and method, which it covers"
IDLE = "nothing is held ten minutes after its trip was charged or over, or after it was to be let go"

PLANTED = {
    "a hold without an answer": ("UPDATE holds SET state = 'pending' WHERE trip_id = 'under-way'", PENDING),
    "a hold captured for nothing": ("UPDATE holds SET charge_id = NULL WHERE trip_id = 'charged'", CAPTURED),
    "a hold of less than was taken from it": ("UPDATE holds SET amount_minor = 1 WHERE trip_id = 'charged'", CAPTURED),
    "a hold taken for another trip": ("UPDATE holds SET trip_id = 'another' WHERE trip_id = 'charged'", CAPTURED),
    "a trip that was charged and is held for": (
        "UPDATE holds SET trip_id = 'charged' WHERE trip_id = 'under-way'",
        IDLE,
    ),
    "a hold for a trip that is long over": (
        "UPDATE holds SET ended_at = now() - interval '11 minutes' WHERE trip_id = 'under-way'",
        IDLE,
    ),
    "a hold that nobody lets go": (
        "UPDATE holds SET let_go_at = now() - interval '11 minutes' WHERE trip_id = 'under-way'",
        IDLE,
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_wrong_with_holds_is_found_and_named(money: MoneyDesk, planted: str) -> None:
    for number, trip_id in enumerate(("under-way", "charged", "let-go")):
        authorize_ride(money.desk, a_request(trip_id=trip_id, rider_id=f"rider-{number}"))
    money.charge(a_ride(1000, trip_id="charged", rider_id="rider-1"))
    release_holds(money.desk, ["let-go"])
    assert money.breaches() == {}
    statement, question = PLANTED[planted]
    with money.engine.begin() as owner:
        owner.execute(text("ALTER TABLE holds DISABLE TRIGGER USER"))
        owner.execute(text(statement))
        owner.execute(text("ALTER TABLE holds ENABLE TRIGGER USER"))
    assert question in money.breaches()
