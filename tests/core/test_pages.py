"""Pages by keyset: every row once and in order, whatever happens between two of them."""

import base64
import json
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock, ids
from core.data import pages
from core.data.once import AskedRequest
from core.data.pages import Section, WrongPlace

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")


def section(*, newest_first: bool = True, name: str = "asked", by: str = "a") -> Section:
    rows = AskedRequest.filter(asked_by=by).only("id", "at")
    return Section(name, rows, ("at", "id"), newest_first=newest_first)


async def ask(count: int, *, alike: int = 1, by: str = "a") -> list[UUID]:
    """So many rows, `alike` of them at each instant; newest last."""
    made = []
    for number in range(count):
        at = clock.now() + timedelta(seconds=number // alike, microseconds=number // alike)
        row = AskedRequest(id=ids.new_id(), asked_by=by, digest="", result="words", at=at)
        await row.save(force_create=True)
        made.append(row)
    return [row.id for row in sorted(made, key=lambda row: (row.at, str(row.id)))]


async def walk(*sections: Section, limit: int) -> list[list[UUID]]:
    found, after = [], None
    while True:
        page = await pages.read(*sections, after=after, limit=limit)
        found.append([row.id for row in page])
        after = page.following
        if after is None:
            return found


@pytest.mark.parametrize("alike", [1, 3, 20])
@pytest.mark.parametrize("limit", [1, 2, 7, 19, 20, 21])
async def test_every_row_is_read_once_and_in_order(alike: int, limit: int) -> None:
    made = await ask(20, alike=alike)

    found = await walk(section(), limit=limit)
    upwards = await walk(section(newest_first=False), limit=limit)

    assert [one for page in found for one in page] == made[::-1]
    assert [one for page in upwards for one in page] == made
    assert all(len(page) == limit for page in found[:-1])
    assert found[-1]


async def test_empty_list_is_one_page_without_a_next() -> None:
    page = await pages.read(section(), after=None, limit=5)

    assert (page, page.following) == ([], None)


async def test_rows_that_come_and_go_between_two_pages_shift_no_other() -> None:
    made = await ask(10)
    first = await pages.read(section(), after=None, limit=4)

    await ask(5)  # newer than the place reached or as new as what was seen
    await AskedRequest.filter(id__in=[made[9], made[6]]).delete()
    rest = await pages.read(section(), after=first.following, limit=100)

    assert [row.id for row in first] == made[:5:-1]
    assert [row.id for row in rest if row.id in made] == made[5::-1]


async def test_place_of_a_row_that_is_gone_still_leads_on() -> None:
    made = await ask(6)
    first = await pages.read(section(), after=None, limit=3)
    await AskedRequest.filter(id__in=made[3:]).delete()

    rest = await pages.read(section(), after=first.following, limit=3)

    assert [row.id for row in rest] == made[2::-1]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 7])
async def test_sections_are_read_one_after_the_other(limit: int) -> None:
    mine, theirs = await ask(3, by="a"), await ask(3, by="b")

    found = await walk(section(), section(name="other", by="b"), limit=limit)

    assert [one for page in found for one in page] == [*mine[::-1], *theirs[::-1]]
    assert all(found), "no page is empty: a next leads to something"


async def test_empty_section_leaves_no_empty_page() -> None:
    mine = await ask(2)

    found = await walk(section(), section(name="none", by="nobody"), limit=2)

    assert found == [mine[::-1]]


async def test_place_of_another_list_is_refused() -> None:
    await ask(3)
    page = await pages.read(section(), after=None, limit=1)

    with pytest.raises(WrongPlace):
        await pages.read(section(name="else"), after=page.following, limit=1)


def place(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()


ID = "00000000-0000-4000-8000-000000000000"
BAD_PLACES: Sequence[str] = (
    "",
    "A",
    "!",
    "=",
    "bm90aGluZw",
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    base64.urlsafe_b64encode(b"[" * 200).decode(),
    base64.urlsafe_b64encode(b"9" * 250).decode(),
    "W" * 401,
    place(),
    place("asked"),
    place("asked", 1),
    place("asked", 1, ID, ID),
    place("asked", "1", ID),
    place("asked", True, ID),
    place("asked", 1.5, ID),
    place("asked", None, ID),
    place("asked", -1, ID),
    place("asked", 10**18, ID),
    place("asked", 10**60, ID),
    place("asked", 1, "x"),
    place("asked", 1, "\0"),
    place("asked", 1, 7),
    place("asked", 1, [ID]),
    place(["asked"], 1, ID),
    place({"asked": 1}, 1, ID),
)


@pytest.mark.parametrize("text", BAD_PLACES)
async def test_place_that_is_none_of_ours_is_refused(text: str) -> None:
    await ask(1)

    with pytest.raises(WrongPlace):
        await pages.read(section(), after=text, limit=1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(text=st.text(max_size=500) | st.lists(JSON, max_size=4).map(lambda made: place(*made)))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises(WrongPlace):
        pages._place(text, [section()])


@given(at=st.integers(0, 10**17), one=st.uuids())
def test_place_says_exactly_what_the_row_says(at: int, one: UUID) -> None:
    _, values = pages._place(place("asked", at, str(one)), [section()])
    row = AskedRequest(id=one, asked_by="a", digest="", result="", at=values[0])

    assert pages._place(pages._named(section(), row), [section()]) == (0, [row.at, one])
