"""What drivers do: go online, answer offers, drive, see what they earned."""

from __future__ import annotations

from typing import Any

from services.gateway import dispatch_replies, replies, schemas
from services.gateway.http.route import DRIVER, Call, route
from services.gateway.routes.needs import Needs
from services.gateway.socket.method import socket_method


class DrivingRoutes(Needs):
    @route("PUT", "/v1/driver/availability", who=DRIVER, body=schemas.Availability(), gives=replies.AvailabilityReply(),
           summary="Go online or offline")  # fmt: skip
    def set_availability(self, call: Call) -> Any:
        return self.drivers.set_availability({"driver_id": call.user_id, "online": call.data["online"]})

    @socket_method("accept_offer", who=DRIVER, data=schemas.OfferRef())
    @route("POST", "/v1/offers/{offer_id}/accept", who=DRIVER, gives=replies.OfferAccepted(), summary="Accept an offer")
    def accept_offer(self, call: Call) -> Any:
        return self.trips.accept_offer({"offer_id": call.data["offer_id"], "driver_id": call.user_id})

    @socket_method("decline_offer", who=DRIVER, data=schemas.OfferRef())
    @route("POST", "/v1/offers/{offer_id}/decline", who=DRIVER, gives=replies.OfferDeclined(),
           summary="Decline an offer")  # fmt: skip
    def decline_offer(self, call: Call) -> Any:
        return self.trips.decline_offer({"offer_id": call.data["offer_id"], "driver_id": call.user_id})

    @route("POST", "/v1/trips/{trip_id}/arrive", who=DRIVER, gives=replies.Trip(), summary="At the pickup")
    def arrive(self, call: Call) -> Any:
        return self.trips.arrive({**call.data, "driver_id": call.user_id})

    @route("POST", "/v1/trips/{trip_id}/start", who=DRIVER, body=schemas.Pin(), gives=replies.Trip(),
           summary="Start, with the rider's PIN")  # fmt: skip
    def start_trip(self, call: Call) -> Any:
        return self.trips.start({**call.data, "driver_id": call.user_id})

    @route("POST", "/v1/trips/{trip_id}/complete", who=DRIVER, gives=replies.Trip(), summary="At the drop-off")
    def complete(self, call: Call) -> Any:
        return self.trips.complete({**call.data, "driver_id": call.user_id})

    @route("GET", "/v1/driver/why-no-rides", who=DRIVER, gives=dispatch_replies.WhyNoRides(),
           summary="Why there were few rides in the last hour, and what to do")  # fmt: skip
    def get_why_no_rides(self, call: Call) -> Any:
        return self.matching.why_no_rides({"driver_id": call.user_id})

    @route("GET", "/v1/driver/earnings", who=DRIVER, query=schemas.PeriodQuery(), gives=replies.Earnings(),
           summary="Totals and lines of a period")  # fmt: skip
    def get_earnings(self, call: Call) -> Any:
        return self.payments.get_earnings({**call.data, "driver_id": call.user_id})

    @route("PUT", "/v1/driver/payout-account", who=DRIVER, body=schemas.NewPayoutAccount(),
           gives=replies.PayoutAccount(), summary="Where payouts go: a token of the payment provider")  # fmt: skip
    def set_payout_account(self, call: Call) -> Any:
        return self.payments.set_payout_account({"driver_id": call.user_id, **call.data})

    @route("GET", "/v1/driver/payouts", who=DRIVER, query=schemas.PageQuery(), gives=replies.Page(),
           summary="Payouts with their state and lines")  # fmt: skip
    def list_payouts(self, call: Call) -> Any:
        return self.payments.list_payouts({**call.data, "driver_id": call.user_id})
