"""The services that `bench.load.bare` starts, under eventlet: nothing of Hansom in them."""

from __future__ import annotations

from typing import Any

from nameko.rpc import RpcProxy, rpc
from nameko.web.websocket import WebSocketHubProvider
from nameko.web.websocket import rpc as socket_rpc
from nameko_redis import Redis

PLAIN_KEY = "bench:plain:positions"


class Bare:
    """Nameko's own socket and nothing else."""

    name = "bench_bare"
    hub = WebSocketHubProvider()

    @socket_rpc
    def echo(self, socket_id: str, payload: str) -> str:
        return payload


class PlainGateway:
    """A socket message is an RPC."""

    name = "bench_plain_gateway"
    hub = WebSocketHubProvider()
    location = RpcProxy("bench_plain_location")

    @socket_rpc
    def report_position(self, socket_id: str, lat: float, lng: float, **_: Any) -> Any:
        return self.location.report(socket_id, lat, lng)


class PlainLocation:
    """An RPC is a GEOADD."""

    name = "bench_plain_location"
    redis = Redis("live")

    @rpc
    def report(self, driver_id: str, lat: float, lng: float) -> int:
        self.redis.geoadd(PLAIN_KEY, (lng, lat, driver_id))
        return 1
