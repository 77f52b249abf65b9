"""The gateway: api.md's HTTP and socket, spoken to the other services. Read this first, then `routes/`.

Who is calling, how often, and whether what he sent has the right form is decided here; no rule of the business is.
"""

from __future__ import annotations

import logging
from typing import Any

from nameko.dependency_providers import Config
from nameko.extensions import DependencyProvider

from hansom.rpc import ServiceClient
from services.gateway.access import Access, Doorkeeper
from services.gateway.built_pages import BuiltPagesProvider
from services.gateway.checkup import Checkup
from services.gateway.city_maps import CityMapsProvider
from services.gateway.queue import Sockets, read_frames
from services.gateway.readiness import Readiness
from services.gateway.roster import Roster
from services.gateway.routes.accounts import AccountRoutes
from services.gateway.routes.auditing import AuditRoutes
from services.gateway.routes.balances import BalanceRoutes
from services.gateway.routes.changing import ChangingRoutes
from services.gateway.routes.debts import DebtRoutes
from services.gateway.routes.driving import DrivingRoutes
from services.gateway.routes.fleet import FleetRoutes
from services.gateway.routes.health import HealthRoutes
from services.gateway.routes.mapping import MapRoutes
from services.gateway.routes.ops import OpsRoutes
from services.gateway.routes.pages import PageRoutes
from services.gateway.routes.papers import PaperRoutes
from services.gateway.routes.paying import PaymentRoutes
from services.gateway.routes.payouts import PayoutRoutes
from services.gateway.routes.promos import PromoRoutes
from services.gateway.routes.refunds import RefundRoutes
from services.gateway.routes.riding import RidingRoutes
from services.gateway.routes.surging import SurgeRoutes
from services.gateway.routes.system import SystemRoutes
from services.gateway.routes.timeline import TimelineRoutes
from services.gateway.routes.tipping import TipRoutes
from services.gateway.routes.trips import TripRoutes
from services.gateway.routes.watching import WatchingRoutes

log = logging.getLogger(__name__)


class AccessProvider(DependencyProvider):
    """Gives a worker the doorkeeper's say over sessions."""

    doorkeeper = Doorkeeper()

    def get_dependency(self, worker_ctx: Any) -> Access:
        return Access(self.doorkeeper)


class GatewayService(
    AccountRoutes,
    RidingRoutes,
    TripRoutes,
    ChangingRoutes,
    PaperRoutes,
    DebtRoutes,
    PaymentRoutes,
    DrivingRoutes,
    MapRoutes,
    PageRoutes,
    OpsRoutes,
    WatchingRoutes,
    TimelineRoutes,
    HealthRoutes,
    FleetRoutes,
    SurgeRoutes,
    PromoRoutes,
    RefundRoutes,
    PayoutRoutes,
    TipRoutes,
    AuditRoutes,
    BalanceRoutes,
    SystemRoutes,
):
    """Each route reads like its line in api.md."""

    name = "gateway"

    config = Config()
    access = AccessProvider()
    sockets = Sockets()
    readiness = Readiness()
    checkup = Checkup()
    roster = Roster()
    city_maps = CityMapsProvider()
    pages = BuiltPagesProvider()

    analytics = ServiceClient("analytics")
    drivers = ServiceClient("drivers")
    location = ServiceClient("location")
    maps = ServiceClient("maps")
    matching = ServiceClient("matching")
    notifications = ServiceClient("notifications")
    payments = ServiceClient("payments")
    pricing = ServiceClient("pricing")
    ratings = ServiceClient("ratings")
    trips = ServiceClient("trips")
    users = ServiceClient("users")

    @read_frames
    def on_frames(self, messages: list[dict[str, Any]]) -> None:
        """Events from `notifications` for the users who are connected here."""
        for message in messages:
            self.sockets.deliver(message["frames"])
