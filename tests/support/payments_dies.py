"""Run as a process: hold, charge, refund and so on, and die by SIGKILL at the moment that the first argument names.

`python -m tests.support.payments_dies before|after hold|release|charge|tip|refund|settle|payout TASK`: before or after
the provider has done what it was asked, nothing of which is recorded yet.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Any

from hansom.store import engine_for, transactions
from services.payments.provider.simulated import SimulatedProvider
from services.payments.usecases.holding import authorize_ride
from services.payments.usecases.letting_go import release_holds
from services.payments.usecases.refunding import finish_refunds
from services.payments.usecases.settling_debts import settle_debts
from tests.support.money import MoneyDesk


class DyingProvider:
    """The simulated provider, asked by a process that dies around the question."""

    def __init__(self, real: SimulatedProvider, when: str) -> None:
        self._real, self._when = real, when

    def hold_all(self, wanted: Any) -> Any:
        return self._die(self._real.hold_all, wanted)

    def release_all(self, keys: Any) -> Any:
        return self._die(self._real.release_all, keys)

    def charge_all(self, wanted: Any) -> Any:
        return self._die(self._real.charge_all, wanted)

    def refund_all(self, wanted: Any) -> Any:
        return self._die(self._real.refund_all, wanted)

    def pay_out_all(self, wanted: Any) -> Any:
        return self._die(self._real.pay_out_all, wanted)

    def _die(self, ask: Any, wanted: Any) -> None:
        if self._when == "after":
            ask(wanted)
        os.kill(os.getpid(), signal.SIGKILL)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def main(when: str, what: str, task: str) -> None:
    """`task`: a pickle of the settings, the rides (of tips: their trips; of refunds: their ids; of debts: their rider)
    and the time."""
    config, rides, now = pickle.loads(Path(task).read_bytes())
    engine = engine_for(config, "payments")
    store = transactions(engine)
    provider: Any = DyingProvider(SimulatedProvider(store), when)
    desk = MoneyDesk(store, engine, config, provider, now)
    if what == "charge":
        desk.charge(*rides)
    elif what == "tip":
        desk.tip(rides[0])
    elif what == "hold":
        authorize_ride(desk.desk, rides[0])
    elif what == "release":
        release_holds(desk.desk, rides)
    elif what == "refund":
        finish_refunds(desk.desk, rides)
    elif what == "settle":
        settle_debts(desk.desk, rides[0], "card_ok")
    else:
        desk.pay_out()


if __name__ == "__main__":
    main(*sys.argv[1:])
