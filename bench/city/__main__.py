"""`python -m bench.city [--people N] [--on sqlite] [--again] [--check] [--plans] [--serve]`.

Makes the city (or finds it made), says how long that took, and on wish opens everything in it, or
serves its database until it is interrupted, for those who measure something of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import signal

from bench.city import keeping, measuring, whole
from tests import services

MILLION = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.city")
    parser.add_argument("--people", type=int, default=MILLION)
    parser.add_argument("--on", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--again", action="store_true", help="make it anew")
    parser.add_argument("--check", action="store_true", help="open everything in it")
    parser.add_argument("--plans", action="store_true", help="look for statements without index")
    parser.add_argument("--serve", action="store_true", help="serve its database until Ctrl-C")
    asked = parser.parse_args()
    with (
        services.valkey() as redis_url,
        keeping.opened(
            people=asked.people, redis_url=redis_url, on=asked.on, again=asked.again
        ) as city,
    ):
        print(f"{city.people:,} people on {asked.on}: made in {city.seconds:.0f} s", flush=True)
        if asked.check:
            for name, count in sorted(asyncio.run(whole.check(city)).items()):
                print(f"  {name}: {count:,}")
        if asked.plans:
            for name, found in measuring.plans(city, small=asked.people < MILLION // 10).items():
                print(*(f"  plan of {name}: {fault}" for fault in found), sep="\n")
        if asked.serve:
            print(f"  {city.settings.database_url}\n  {redis_url}", flush=True)
            signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()
