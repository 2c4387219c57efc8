"""What people were told: inbox, deliveries, streams, consents, and the outbox of the last days."""

from __future__ import annotations

from bench.city.cases import Applicant, Course
from bench.city.ink import context
from bench.city.recipe import digest, ident
from bench.city.sheets import NONE, Block

_CONTENT = context("push_inbox_message", "content")
_MESSAGE = context("push_delivery", "message")
_ENTRY = context("push_stream_entry", "payload")
_PAYLOAD = context("core_outbox_message", "payload")
_RESULT = context("core_asked_request", "result")
MESSAGES = 2
"""Kept in the inbox for each case."""
DELIVERED_DAYS, STREAM_DAYS, TOLD_DAYS, ASKED_DAYS = 89, 29, 6, 6
"""How long each is kept, less a day."""
CHANNELS = ("live", "inbox", "subscription", "sms")
EVENTS_A_CASE = 5

Which = tuple[int, int]
"""Case and event."""


def write(block: Block, n: int, who: Applicant, course: Course, short_no: str) -> None:
    if not course.steps:
        return
    # One person has thousands of messages: half of those of the first block.
    number = block.first if block.first == 0 and n % 2 else who.number
    person, whole = ident("person", number), block.recipe.is_whole(number)
    link = f"#/case/{ident('case', n)}"
    for turn in range(MESSAGES):
        age, _, title, text, _ = course.steps[-1 - turn % len(course.steps)]
        said = f'{{"title":"{title}","body":"{short_no}：{text}","link":"{link}","data":{{}}}}'
        event = ident("event", n, turn)
        _inbox(block, (n, turn), (person, event), said, age, whole=whole)
        if age <= DELIVERED_DAYS:
            _deliveries(block, (n, turn), (person, event), said, age, whole=whole)
        if age <= STREAM_DAYS:
            _streamed(block, (n, turn), (person, event), said, age, whole=whole)
    if course.age <= TOLD_DAYS:
        _told(block, n, course.age)


def _inbox(
    block: Block,
    which: tuple[int, int],
    names: tuple[str, str],
    said: str,
    age: int,
    *,
    whole: bool,
) -> None:
    (n, turn), (person, event) = which, names
    row, at = ident("notice", n, turn), block.at(age, n)
    read = NONE if n % 7 == 0 else at
    block.sheets["push_inbox_message"].append(
        f"{row}\t{person}\t{event}\tcase-progress\t{block.cell(said, _CONTENT, row, whole=whole)}"
        f"\t{at}\t{read}"
    )


def _deliveries(
    block: Block,
    which: tuple[int, int],
    names: tuple[str, str],
    said: str,
    age: int,
    *,
    whole: bool,
) -> None:
    (n, turn), (person, event) = which, names
    at = block.at(age, n)
    for place, channel in enumerate(CHANNELS):
        row = ident("delivery", n, turn * len(CHANNELS) + place)
        sent = place < 2 or n % 3 == 0
        told = block.cell(said, _MESSAGE, row, whole=whole)
        block.sheets["push_delivery"].append(
            f"{row}\t{event}\t{person}\t{channel}\t{told}\t{'sent' if sent else 'skipped'}\t1"
            f"\t{at}\t{at}\t{at if sent else NONE}\t{at}"
            f"\t{digest('delivery', n, turn * len(CHANNELS) + place) if place > 1 else NONE}\t1\t0"
        )


def _streamed(
    block: Block,
    which: tuple[int, int],
    names: tuple[str, str],
    said: str,
    age: int,
    *,
    whole: bool,
) -> None:
    (n, turn), (person, event) = which, names
    row = ident("call", n, turn)
    key = f"person:{person}"
    position = block.positions[key] = block.positions.get(key, 0) + 1
    told = block.cell(said, _ENTRY, row, whole=whole)
    block.sheets["push_stream_entry"].append(
        f"{row}\t{key}\t{position}\tcase-progress\t{told}\t{event}\t{block.at(age, n)}"
    )


def _told(block: Block, n: int, age: int) -> None:
    at = block.at(age, n)
    for turn in range(EVENTS_A_CASE):
        block.sheets["core_outbox_message"].append(
            f"{ident('event', n, turn)}\tCaseSubmitted\t{ident('case', n)}"
            f"\t{block.ink.blot('*' * 400)}\t{at}\t{at}\t{at}\t0\t1\t0"
        )
    row = ident("request", n)
    block.sheets["core_asked_request"].append(
        f"{row}\tcitizen:{n}\t{digest('request', n)}"
        f"\t{block.ink.seal(ident('case', n), _RESULT + row.encode())}\t{at}"
    )


def close(block: Block) -> None:
    """Streams of the block's people, and what platforms said of their consents."""
    for number in range(block.first, block.first + block.size):
        key = f"person:{ident('person', number)}"
        position = block.positions.get(key, 0)
        block.sheets["push_stream"].append(f"{key}\t{position}")
        if number % 4 == 0:
            block.sheets["push_consent_record"].append(
                f"{ident('record', number, 8)}\t{digest('account', number)}\t*\tlasting"
                f"\t{block.at(number % 85, number)}"
            )
        if number % 500 == 0:
            until = block.epoch(-10, number)
            block.sheets["core_spent"].append(f"{digest('session', number + 1)}\t{until}")
