import asyncio
import io
from uuid import UUID

import pytest
from PIL import Image

from core import offload
from services.cases import errors
from services.cases.files import pdf_page
from services.cases.materials import papers, thumbnails
from services.cases.models import MaterialFile
from tests.cases.factories import PHOTO, CaseMaker, encoded, pdf, photo


async def attached(cases: CaseMaker, data: bytes) -> UUID:
    return await cases.attach(await cases.draft(), data=data)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=["JPEG"])


async def test_a_photograph_has_a_small_picture_without_metadata(cases: CaseMaker) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    large = Image.open(io.BytesIO(photo(width=1600, height=1200)))
    file_id = await attached(cases, encoded(large, kind="JPEG", exif=exif))

    small = await thumbnails.get(file_id, blobs=cases.blobs)

    assert opened(small).size == (320, 240)
    assert len(small) < 30_000
    assert not opened(small).getexif()
    assert b"taken at home" not in small


async def test_it_is_drawn_once(cases: CaseMaker) -> None:
    file_id = await attached(cases, photo())

    first = await thumbnails.make(file_id, blobs=cases.blobs)
    stored = await MaterialFile.get(id=file_id)
    await cases.blobs.delete(stored.digest)

    assert await thumbnails.make(file_id, blobs=cases.blobs) == first == stored.thumbnail_digest


async def test_many_who_ask_at_once_have_it_drawn_once(
    cases: CaseMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id, drawn = await attached(cases, photo()), 0
    digest = await cases.blobs.put(pdf())
    await MaterialFile.filter(id=file_id).update(digest=digest, media_type="application/pdf")
    draw = pdf_page.draw

    async def counted(data: bytes, *, side: int) -> bytes | None:
        nonlocal drawn
        drawn += 1
        return await draw(data, side=side)

    monkeypatch.setattr(pdf_page, "draw", counted)
    most = offload.MOST_OF_ONE_PERSON
    found = await asyncio.gather(*(thumbnails.get(file_id, blobs=cases.blobs) for _ in range(most)))

    assert drawn == 1
    assert len(set(found)) == 1


async def test_what_shows_through_becomes_white(cases: CaseMaker) -> None:
    clear = Image.new("RGBA", (400, 400), (0, 0, 0, 0))

    small = thumbnails.draw(encoded(clear, kind="PNG"))

    assert small is not None
    assert opened(small).getpixel((10, 10)) == (255, 255, 255)


async def test_a_pdf_shows_its_first_page() -> None:
    page = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 200]/Contents 4 0 R>>endobj\n"
        b"4 0 obj<</Length 29>>stream\n1 0 0 rg 0 0 100 200 re f    \nendstream endobj\n"
        b"trailer<</Root 1 0 R>>\n%%EOF\n"
    )

    small = await pdf_page.draw(page, side=320)

    assert small is not None
    assert opened(small).size == (160, 320)
    red, green, _ = opened(small).getpixel((80, 160))  # type: ignore[misc]
    assert red > 240
    assert green < 20


async def test_a_pdf_that_cannot_be_drawn_has_none_and_is_not_tried_again(
    cases: CaseMaker,
) -> None:
    file_id = await attached(cases, photo())
    digest = await cases.blobs.put(b"%PDF-1.4 nothing")
    await MaterialFile.filter(id=file_id).update(digest=digest, media_type="application/pdf")

    with pytest.raises(errors.NoThumbnail):
        await thumbnails.get(file_id, blobs=cases.blobs)

    assert (await MaterialFile.get(id=file_id)).thumbnail_digest == thumbnails.NONE
    await cases.blobs.delete(digest)
    with pytest.raises(errors.NoThumbnail):
        await thumbnails.get(file_id, blobs=cases.blobs)


async def test_a_removed_file_has_none(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    file_id = await cases.attach(case_id, data=photo())
    await papers.remove(case_id, PHOTO, by=cases.by)

    with pytest.raises(errors.NoThumbnail):
        await thumbnails.get(file_id, blobs=cases.blobs)


async def test_a_renderer_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_page, "_PATIENCE_SECONDS", 0.0)

    async with asyncio.timeout(5):
        assert await pdf_page.draw(pdf(), side=320) is None
