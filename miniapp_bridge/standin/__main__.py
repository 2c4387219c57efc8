"""python -m miniapp_bridge.standin --port 8899 --folder var/standin --people people.json"""

import argparse
import asyncio
import contextlib
import json
from pathlib import Path

from miniapp_bridge.standin import settings
from miniapp_bridge.standin.server import run
from miniapp_bridge.standin.world import Keys, World


def main() -> None:
    parser = argparse.ArgumentParser(prog="miniapp_bridge.standin", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--people", type=Path, required=True, help="JSON: key, name, id_no, phone")
    parser.add_argument("--page-host", action="append", default=[])
    parser.add_argument("--write-only", action="store_true", help="write the settings and end")
    arguments = parser.parse_args()
    keys = Keys.keep(arguments.folder / "keys")
    url = f"http://127.0.0.1:{arguments.port}"
    settings.write(arguments.folder, keys, url=url, page_hosts=arguments.page_host)
    if arguments.write_only:
        return
    world = World(keys)
    for one in json.loads(arguments.people.read_text(encoding="utf-8")):
        world.add_person(one["key"], name=one["name"], id_no=one["id_no"], phone=one["phone"])
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(world, port=arguments.port))


if __name__ == "__main__":
    main()
