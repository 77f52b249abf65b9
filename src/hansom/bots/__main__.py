"""`python -m hansom.bots`: see `--help`. Ends with 0 only when rides were completed and none is stuck or unsettled."""

# ruff: noqa: E402
from gevent import monkey

monkey.patch_all()

import signal
import sys

import gevent
import orjson

from hansom.bots import options, table
from hansom.bots.client import Refused, Unreachable
from hansom.bots.navigator import NoRoads
from hansom.bots.world import World


def main() -> int:
    """Runs the bots; the exit status."""
    asked = options.parse()
    console = table.a_console()
    world = World(asked, lambda text: print(f"bots: {text}", flush=True))
    gevent.signal_handler(signal.SIGINT, _interrupted, world)
    gevent.signal_handler(signal.SIGTERM, world.stop_now)
    screen = gevent.spawn(table.show, world, console)
    try:
        report = world.run()
    except (NoRoads, Refused, Unreachable) as failure:
        print(f"bots: cannot start at {asked.url}: {failure}", file=sys.stderr)
        return 2
    finally:
        screen.kill()
    print(table.verdict(report), flush=True)
    if asked.json:
        print(orjson.dumps(report).decode(), flush=True)
    return 0 if report["ok"] else 1


def _interrupted(world: World) -> None:
    world.stop()
    if not world.rides.unfinished():
        return
    print("bots: the last rides may end; press Ctrl-C again to stop at once", flush=True)


if __name__ == "__main__":
    sys.exit(main())
