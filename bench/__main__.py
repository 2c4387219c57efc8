"""`python -m bench [NAME…] [--json]`: run benches, human lines first, one JSON line each last."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from bench import (
    bodies,
    fair,
    fanout,
    intake,
    live,
    redeem,
    relay,
    road,
    seal_ofd,
    sm2,
    upload,
    verify_large,
    verify_ofd,
    verify_pass,
)
from bench.city import measuring

BENCHES = {
    "sm2": sm2.run,
    "verify-ofd": verify_ofd.run,
    "verify-large": verify_large.run,
    "seal-ofd": seal_ofd.run,
    "verify-pass": verify_pass.run,
    "intake": intake.run,
    "redeem": redeem.run,
    "live": live.run,
    "road": road.run,
    "fanout": fanout.run,
    "upload": upload.run,
    "fair": fair.run,
    "relay": relay.run,
    "bodies": bodies.run,
    "city": measuring.run,
}
SQLITE_PEOPLE = 100_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--json", action="store_true", help="end with one JSON object a line")
    parser.add_argument("--people", type=int, help="city: how many live there (a million)")
    parser.add_argument("--on", choices=("postgres", "sqlite"), default="postgres", help="city")
    parser.add_argument("--again", action="store_true", help="city: make it anew")
    arguments = parser.parse_args()
    names = arguments.names or list(BENCHES)
    if unknown := [name for name in names if name not in BENCHES]:
        parser.error(f"no bench called {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    results = []
    people = arguments.people or (SQLITE_PEOPLE if arguments.on == "sqlite" else measuring.MILLION)
    city = partial(measuring.run, people=people, on=arguments.on, again=arguments.again)
    for name in names:
        result = city() if name == "city" else BENCHES[name]()
        print(result.text(), flush=True)
        results.append(result)
    if arguments.json:
        for result in results:
            print(result.line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
