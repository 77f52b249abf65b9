"""One driver as operators see him, and the documents that drivers hand in."""

from __future__ import annotations

from typing import Any

from services.gateway import fleet_replies
from services.gateway.asking import names_of
from services.gateway.fleet import driver_of, with_names
from services.gateway.http.route import DRIVER, OPS, Call, route
from services.gateway.routes.needs import Needs


class FleetRoutes(Needs):
    @route("GET", "/v1/ops/drivers/{driver_id}", who=OPS, gives=fleet_replies.WholeDriver(),
           summary="A driver: profile, documents, what was decided, where he is, totals")  # fmt: skip
    def get_driver(self, call: Call) -> Any:
        """Told by the services that own it, asked at once: what one that is away would have told is null, and it is
        named in `missing`."""
        return driver_of(self, call.data["driver_id"])

    @route("GET", "/v1/ops/drivers/{driver_id}/documents", who=OPS, gives=fleet_replies.Documents(),
           summary="A driver's documents, one of each kind")  # fmt: skip
    def list_documents_of_driver(self, call: Call) -> Any:
        """Also those that were not handed in. Which kinds there are, and which are required, is a setting."""
        items = self.drivers.list_documents({"driver_id": call.data["driver_id"]})["items"]
        names = names_of(self.users, {item["decided_by"] for item in items if item["decided_by"]})
        return {"items": [with_names(item, names) for item in items]}

    @route("POST", "/v1/ops/drivers/{driver_id}/documents/{kind}/accept", who=OPS, body=fleet_replies.Acceptance(),
           gives=fleet_replies.Document(), refuses=frozenset({409}), summary="Accept a document")  # fmt: skip
    def accept_document(self, call: Call) -> Any:
        """Who did it is kept. 409 `document_not_there`: nothing was handed in; `document_changed`: it was replaced
        after `submitted_at`."""
        return self._decide(call, "accept")

    @route("POST", "/v1/ops/drivers/{driver_id}/documents/{kind}/reject", who=OPS, body=fleet_replies.Rejection(),
           gives=fleet_replies.Document(), refuses=frozenset({409}), summary="Reject a document")  # fmt: skip
    def reject_document(self, call: Call) -> Any:
        """The driver is shown the reason. Who did it is kept. 409 as for `accept`."""
        return self._decide(call, "reject")

    @route("GET", "/v1/driver/documents", who=DRIVER, gives=fleet_replies.OwnDocuments(),
           summary="The documents that are asked for, and how it stands with each")  # fmt: skip
    def list_own_documents(self, call: Call) -> Any:
        items = self.drivers.list_documents({"driver_id": call.user_id})["items"]
        return {"items": [_own(item) for item in items]}

    @route("PUT", "/v1/driver/documents/{kind}", who=DRIVER, body=fleet_replies.NewDocument(),
           gives=fleet_replies.OwnDocument(), summary="Hand a document in, or another in its place")  # fmt: skip
    def submit_document(self, call: Call) -> Any:
        """It waits for an operator then. The very same again changes nothing, unless it was rejected."""
        return _own(self.drivers.submit_document({**call.data, "driver_id": call.user_id}))

    def _decide(self, call: Call, verdict: str) -> Any:
        decided = self.drivers.decide_document({**call.data, "verdict": verdict, "actor": call.actor})
        return with_names(decided, names_of(self.users, {decided["decided_by"]} - {None}))


def _own(document: dict[str, Any]) -> dict[str, Any]:
    """As its driver sees it: which operator looked at it is none of his business."""
    return {name: value for name, value in document.items() if name != "decided_by"}
