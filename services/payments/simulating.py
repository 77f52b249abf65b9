"""The simulated provider's own work: it tells of what it did, over HTTP, as a real one does from elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hansom.timers import leader_timer
from services.payments.provider.sending import forget_sent, send_due

KEPT = timedelta(days=7)


class Simulating:
    """What `PaymentsService` does in place of a provider's servers while it is the simulated one."""

    config: Any
    store: Any
    clock: Any

    @leader_timer(interval_s=1)
    def send_webhooks(self) -> None:
        if self.config["PAYMENT_PROVIDER"] == "simulated":
            url, secret = self.config["SIMULATED_WEBHOOK_URL"], str(self.config["SIMULATED_WEBHOOK_SECRET"] or "")
            send_due(self.store, url, secret, self.clock.now())

    @leader_timer(interval_s=3600)
    def forget_webhooks(self) -> None:
        if self.config["PAYMENT_PROVIDER"] == "simulated":
            forget_sent(self.store, self.clock.now() - KEPT)
