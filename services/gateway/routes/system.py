"""The gateway itself: is it up, is it ready, how is it doing, how is it spoken to."""

from __future__ import annotations

from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.gateway import docs, replies
from services.gateway.http.answers import Answer
from services.gateway.http.route import ANYONE, Call, route
from services.gateway.routes.needs import Needs


class SystemRoutes(Needs):
    @route("GET", "/", who=ANYONE, limited=False, documented=False)
    def get_front(self, call: Call) -> Any:
        return self.pages.page("home")

    @route("GET", "/health", who=ANYONE, gives=replies.Health(), limited=False, summary="The process is up")
    def get_health(self, call: Call) -> Any:
        return {"status": "ok"}

    @route("GET", "/ready", who=ANYONE, gives=replies.Health(), limited=False,
           summary="All it depends on is up; 503 names what is not")  # fmt: skip
    def get_ready(self, call: Call) -> Any:
        return {"status": "ok", "parts": self.readiness.check()}

    @route("GET", "/metrics", who=ANYONE, also=("text/plain",), limited=False, summary="Figures, as Prometheus's text")
    def get_metrics(self, call: Call) -> Any:
        return Answer(200, generate_latest(), CONTENT_TYPE_LATEST)

    @route("GET", "/openapi.json", who=ANYONE, limited=False, documented=False)
    def get_openapi(self, call: Call) -> Any:
        return docs.openapi_answer(type(self), packed=call.takes_gzip)

    @route("GET", "/asyncapi.json", who=ANYONE, limited=False, documented=False)
    def get_asyncapi(self, call: Call) -> Any:
        return docs.asyncapi_answer(packed=call.takes_gzip)

    @route("GET", "/docs", who=ANYONE, limited=False, documented=False)
    def get_docs(self, call: Call) -> Any:
        return self.pages.page("docs")

    @route("GET", "/asyncapi", who=ANYONE, limited=False, documented=False)
    def get_asyncapi_page(self, call: Call) -> Any:
        return self.pages.page("asyncapi")
