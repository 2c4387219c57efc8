"""The command line: prepare, run and look after an installation. Nobody imports it.

python manage.py demo              everything on embedded defaults, with demo people; then serve
python manage.py serve             serve with the settings of the environment
python manage.py migrate           bring the tables up to date
python manage.py makemigrations    write migrations for changed tables
python manage.py load-items        load the catalogue (again: only what changed)
python manage.py load-holidays FILE        load a year of the working calendar, or change it
python manage.py dev-ca            make a development CA, seal maker and signers
python manage.py seals             make an e-seal for each department from those keys
python manage.py reencrypt [--check]       write protected values anew under the current master key
python manage.py first-officer STAFF_NO NAME    the first keeper of accounts, once; prints the
                                   start password, which must be changed at the first sign-in
python manage.py start-password STAFF_NO    a new start password for a keeper of accounts whom
                                   no two others can help
python manage.py approve-power STAFF_NO    give what the only keeper at work proposed for an officer
python manage.py counter-code KEY HALL    a one-time code to enrol a counter of department KEY
python manage.py check-audit       follow the audit chains
python manage.py check-blobs       compare stored files with the rows that name them
python manage.py check-counts [--mend]     compare the kept counts with the cases
python manage.py check-uses        follow every holder's log of who looked, and the signed days
python manage.py check-log         compute the transparency log anew
python manage.py seal-logs         seal the heads of the logs as they are, after a restore
python manage.py compare-register  compare licences with their sealed documents and the log
python manage.py check-export FILE         check a log of uses that a holder exported
python manage.py audit-log URL STATE       follow a public transparency log as an auditor
python manage.py outbox [replay|drop EVENT_ID]    look at parked events, tell or drop one
python manage.py webhook CLIENT TOPIC URL [--suite hmac-sm3]    tell a client system of events;
                                   TOPIC is dept:KEY or subject:UUID; prints the key once
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (the sentence is for those who have an older one)
    sys.exit("Python 3.11 or newer is needed. 需要 Python 3.11 或更新版本。")

import argparse
import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable
from pathlib import Path

from core.settings import Settings, SettingsError

# Everything else is imported where it is used: each child process for work on the processors reads
# this file again, and would spend seconds on a program that it does not need.


def parser() -> argparse.ArgumentParser:
    from push.webhooks.signatures import SUITES

    main = argparse.ArgumentParser(prog="manage.py", description=(__doc__ or "").split("\n")[0])
    commands = main.add_subparsers(dest="command", required=True)
    for name in ("demo", "serve", "migrate", "makemigrations", "load-items", "dev-ca", "seals"):
        commands.add_parser(name)
    first = commands.add_parser("first-officer")
    first.add_argument("staff_no")
    first.add_argument("name")
    for name in ("start-password", "approve-power"):
        commands.add_parser(name).add_argument("staff_no")
    commands.add_parser("load-holidays").add_argument("file", type=Path)
    counter = commands.add_parser("counter-code")
    counter.add_argument("department")
    counter.add_argument("hall")
    anew = commands.add_parser("reencrypt")
    anew.add_argument("--check", action="store_true", help="only count what is not yet done")
    kept = commands.add_parser("check-counts")
    kept.add_argument("--mend", action="store_true", help="add what is missing, beside the work")
    hook = commands.add_parser("webhook")
    hook.add_argument("client")
    hook.add_argument("topic")
    hook.add_argument("url")
    hook.add_argument("--suite", choices=tuple(SUITES), default="hmac-sha256")
    checks = ("check-audit", "check-blobs", "check-uses", "check-log")
    for name in (*checks, "seal-logs", "compare-register"):
        commands.add_parser(name)
    commands.add_parser("check-export").add_argument("file", type=Path)
    auditor = commands.add_parser("audit-log")
    auditor.add_argument("url")
    auditor.add_argument("state", type=Path)
    box = commands.add_parser("outbox")
    box.add_argument("action", nargs="?", choices=("replay", "drop"))
    box.add_argument("event_id", nargs="?")
    return main


def run(arguments: argparse.Namespace, settings: Settings) -> None:
    from tools import (
        account_commands,
        demo_commands,
        log_commands,
        operator_commands,
        serving,
        setup_commands,
    )

    async def seals() -> None:
        async with setup_commands.opened(settings):
            print(f"{await setup_commands.make_seals(settings)} seals made")

    async def migrations() -> None:
        print("\n".join(await setup_commands.make_migrations()) or "nothing to write")

    simple: dict[str, Callable[[], Awaitable[None]]] = {
        "migrate": lambda: setup_commands.migrate(settings),
        "makemigrations": migrations,
        "load-items": lambda: setup_commands.load_items(settings),
        "load-holidays": lambda: setup_commands.load_holidays(settings, arguments.file),
        "seals": seals,
        "reencrypt": lambda: setup_commands.reencrypt(settings, check=arguments.check),
        "check-audit": lambda: operator_commands.check_audit(settings),
        "check-counts": lambda: operator_commands.check_counts(settings, mend=arguments.mend),
        "check-blobs": lambda: operator_commands.check_blobs(settings),
        "compare-register": lambda: operator_commands.compare_register(settings),
        "seal-logs": lambda: operator_commands.seal_logs(settings),
        "check-uses": lambda: operator_commands.check_logs(settings, log_commands.check_uses),
        "check-log": lambda: operator_commands.check_logs(settings, log_commands.check_log),
        "audit-log": lambda: log_commands.audit_log(arguments.url, arguments.state),
        "first-officer": lambda: account_commands.first_officer(
            settings, staff_no=arguments.staff_no, name=arguments.name
        ),
        "start-password": lambda: account_commands.start_password(
            settings, staff_no=arguments.staff_no
        ),
        "approve-power": lambda: account_commands.approve_power(
            settings, staff_no=arguments.staff_no
        ),
        "counter-code": lambda: operator_commands.counter_code(
            settings, department=arguments.department, hall=arguments.hall
        ),
        "webhook": lambda: operator_commands.add_webhook(
            settings,
            client_id=arguments.client,
            topic=arguments.topic,
            url=arguments.url,
            suite=arguments.suite,
        ),
        "outbox": lambda: operator_commands.look_at_outbox(
            settings, action=arguments.action, event_id=arguments.event_id
        ),
    }
    match arguments.command:
        case "demo":
            demo_commands.demo(settings)
        case "serve":
            serving.complain_if_taken(settings)
            with serving.own_valkey(settings) as with_redis:
                serving.serve(with_redis)
        case "dev-ca":
            print(
                "made"
                if setup_commands.make_development_authority(settings)
                else "it is there already"
            )
        case "check-export":
            log_commands.check_export(arguments.file)
        case command:
            asyncio.run(simple[command]())  # type: ignore[arg-type]


def main() -> None:
    # Workers and the pool for CPU work are spawned: forking a process with threads is unsafe.
    multiprocessing.set_start_method("spawn")
    arguments = parser().parse_args()
    try:
        settings = Settings.from_env(demo_by_default=arguments.command != "serve")
    except SettingsError as error:
        sys.exit(f"settings: {error}")
    run(arguments, settings)


if __name__ == "__main__":
    main()
