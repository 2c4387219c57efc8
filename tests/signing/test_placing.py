"""Several stamps and riding seals: placed, refused where they do not fit, found by the verifier."""

from collections.abc import Sequence
from random import Random

import pytest
from PIL import Image

from signing import (
    Edge,
    Placement,
    Riding,
    SealRefused,
    SealReport,
    UnsafeDocument,
    begin_seal,
    verify_document,
    write_package,
)
from signing.dev import devca
from signing.ofd import signatures
from signing.ofd.container import open_package
from signing.ofd.stamps import Box, Stamp
from signing.report.policy import STRICT_POLICY, Limits
from tests.signing.makers import (
    AT,
    BOX,
    DEPARTMENT,
    FOLDER,
    LIST,
    NS,
    ByHand,
    authority,
    licence_files,
    make_seal,
    paged,
    paged_files,
)

PER_MM = 100
"""Pixels of the drawing check in a millimetre: coordinates are hundredths."""


def sealed(document: bytes, *stamps: Placement | Riding) -> bytes:
    issuer = authority()
    unsigned = begin_seal(
        document,
        seal=make_seal(issuer),
        signer_certificate=issuer.signer_certificates[DEPARTMENT],
        at=AT,
        stamps=stamps,
        provider="云间证",
    )
    return unsigned.complete(issuer.keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign))


def report_of(document: bytes) -> SealReport:
    return verify_document(document, trust=authority().trust, at=AT, policy=STRICT_POLICY)


def stamps_of(document: bytes) -> tuple[Stamp, ...]:
    package = open_package(document, Limits())
    return signatures.read_signature(package, f"{FOLDER}/Signature.xml").stamps


def placed(report: SealReport) -> list[tuple[str, str]]:
    """Findings and pages of the checks about places."""
    found = [check.evidence for check in report.checks if check.name == "stamps"]
    return [(evidence["finding"], evidence.get("pages", "")) for evidence in found]


def draw(stamp: Stamp, picture: Image.Image, page: tuple[float, float]) -> Image.Image:
    """What of the picture a reader shows on a page of this size in mm, as it lies there.

    By GB/T 33190: the picture fills Boundary, Clip and the edges of the page cut it.
    """
    boundary, clip = stamp.boundary, stamp.clip
    assert boundary is not None
    assert clip is not None
    left, top = max(boundary.x + clip.x, 0), max(boundary.y + clip.y, 0)
    right = min(boundary.x + clip.x + clip.width, page[0])
    bottom = min(boundary.y + clip.y + clip.height, page[1])
    corners = (left - boundary.x, top - boundary.y, right - boundary.x, bottom - boundary.y)
    a, b, c, d = (round(corner * PER_MM) for corner in corners)
    return picture.crop((a, b, c, d))


def assembled(pieces: Sequence[Image.Image], edge: Edge) -> Image.Image:
    """The pages laid side by side, or one under the other, in their order."""
    width, height = pieces[0].size
    side = edge.is_side
    total = sum(piece.size[0 if side else 1] for piece in pieces)
    whole = Image.new("L", (total, height) if side else (width, total))
    at = 0
    for piece in pieces:
        whole.paste(piece, (at, 0) if side else (0, at))
        at += piece.size[0 if side else 1]
    return whole


@pytest.mark.parametrize("edge", list(Edge))
@pytest.mark.parametrize("pages", [2, 3, 40])
def test_pieces_of_a_riding_seal_sum_to_the_picture(pages: int, edge: Edge) -> None:
    document = sealed(paged(pages), Riding(edge))
    stamps = stamps_of(document)
    size = (42 * PER_MM, 7) if edge.is_side else (7, 42 * PER_MM)
    noise = Image.frombytes("L", size, Random(pages).randbytes(size[0] * size[1]))
    picture = noise.resize((42 * PER_MM, 42 * PER_MM), Image.Resampling.NEAREST)

    pieces = [draw(stamp, picture, (210, 297)) for stamp in stamps]

    assert [stamp.page_ref for stamp in stamps] == [str(page + 1) for page in range(pages)]
    assert assembled(pieces, edge).tobytes() == picture.tobytes()
    report = report_of(document)
    assert report.verdict == "valid"
    assert placed(report) == [("riding-whole", f"1-{pages}")]
    assert all(check.name != "coverage" or check.outcome == "pass" for check in report.checks)


@pytest.mark.parametrize("edge", list(Edge))
def test_pieces_touch_their_edge(edge: Edge) -> None:
    sizes = {2: "0 0 297 210", 3: "0 0 100.5 100.25"}
    document = sealed(paged(3, own_sizes=sizes), Riding(edge, along=20))

    for stamp, (width, height) in zip(
        stamps_of(document), [(210, 297), (297, 210), (100.5, 100.25)], strict=True
    ):
        assert stamp.boundary is not None
        assert stamp.clip is not None
        left, top = stamp.boundary.x + stamp.clip.x, stamp.boundary.y + stamp.clip.y
        gaps = {
            Edge.LEFT: left,
            Edge.RIGHT: width - left - stamp.clip.width,
            Edge.TOP: top,
            Edge.BOTTOM: height - top - stamp.clip.height,
        }
        assert gaps[edge] == pytest.approx(0, abs=0.005)
        assert (top if edge.is_side else left) == pytest.approx(20)


def test_one_page_takes_a_stamp_but_no_riding_seal() -> None:
    report = report_of(sealed(paged(1), Placement(1, BOX)))

    assert (report.verdict, placed(report)) == ("valid", [("stamps-placed", "1")])
    with pytest.raises(SealRefused, match="two pages"):
        sealed(paged(1), Riding())


def test_several_stamps_and_two_riding_seals_under_one_signature() -> None:
    document = sealed(
        paged(40),
        Placement(1, BOX),
        Placement(3, (10, 10, 30, 30)),
        Placement(3, (60, 10, 30, 30)),
        Riding(Edge.RIGHT),
        Riding(Edge.LEFT, along=30),
    )

    report = report_of(document)
    assert report.verdict == "valid"
    assert len(report.signatures) == 1
    assert sorted(placed(report)) == [
        ("riding-whole", "1-40"),
        ("riding-whole", "1-40"),
        ("stamps-placed", "1, 3"),
    ]
    identifiers = [stamp.id for stamp in stamps_of(document)]
    assert identifiers == [f"s{number:03d}" for number in range(2, 85)]
    assert b"<ofd:MaxSignId>s084<" in open_package(document, Limits()).read(LIST)


def test_long_document_gets_a_seal_for_every_so_many_pages() -> None:
    with pytest.raises(SealRefused, match="fewer pages"):
        sealed(paged(43), Riding())

    report = report_of(sealed(paged(43), Riding(pages_each=21)))

    assert placed(report) == [
        ("riding-whole", "1-14"),
        ("riding-whole", "15-28"),
        ("riding-whole", "29-43"),
    ]


def test_last_page_never_rides_alone() -> None:
    report = report_of(sealed(paged(3), Riding(pages_each=2)))

    assert placed(report) == [("riding-whole", "1-3")]


@pytest.mark.parametrize(
    "stamp",
    [
        Placement(1, (170, 10, 42, 42)),
        Placement(1, (10, 260, 42, 42)),
        Placement(2, (10, 10, 42, 42)),
        Riding(along=260),
        Riding(Edge.TOP, along=180),
        Riding(size=(42, 400)),
        Riding(size=(500, 42)),
        Riding(size=(0, 42)),
        Riding(along=float("nan")),
        Riding(pages_each=1),
        Riding(pages_each=-3),
    ],
)
def test_seal_that_does_not_fit_is_refused(stamp: Placement | Riding) -> None:
    document = paged(2, own_sizes={2: "0 0 30 30"} if isinstance(stamp, Placement) else None)

    with pytest.raises(SealRefused):
        sealed(document, stamp)


def test_page_of_unknown_size_has_no_edge() -> None:
    document = paged(2, size="unknown")

    assert report_of(sealed(document, Placement(1, BOX))).verdict == "valid"
    with pytest.raises(SealRefused, match="not stated"):
        sealed(document, Riding())


@pytest.mark.parametrize("page", [b"<Page><Area", b"<!DOCTYPE x><Page/>", b"not XML"])
def test_page_that_begins_as_no_xml_is_refused(page: bytes) -> None:
    files = paged_files(1)
    files["Doc_0/Pages/Page_0/Content.xml"] = page + b" " + page

    with pytest.raises(UnsafeDocument):
        sealed(write_package(files), Placement(1, BOX))


def test_area_of_something_else_is_not_the_page() -> None:
    files = paged_files(1)
    box = "<ofd:Area><ofd:PhysicalBox>0 0 9 9</ofd:PhysicalBox></ofd:Area>"
    files["Doc_0/Pages/Page_0/Content.xml"] = (
        f"<ofd:Page {NS}><ofd:Actions>{box}</ofd:Actions><ofd:Content/>{box}</ofd:Page>"
    ).encode()

    assert report_of(sealed(write_package(files), Placement(1, BOX))).verdict == "valid"


def test_seal_needs_a_place() -> None:
    with pytest.raises(SealRefused, match="no place"):
        sealed(paged(1))


def by_hand(stamps: Sequence[Stamp], pages: int = 3) -> SealReport:
    """A good signature whose stamps are put together in another way than ours."""
    ours = b'<ofd:StampAnnot ID="s002" PageRef="1" Boundary="140 200 42 42"/>'
    theirs = "".join(stamp.to_xml() for stamp in stamps).encode()
    hand = ByHand(description=lambda content: content.replace(ours, theirs))
    document = hand.document(paged_files(pages))
    return verify_document(document, trust=authority().trust, at=AT)


def slices(order: Sequence[int]) -> list[Stamp]:
    """Page n shows the third with this number, at the right edge."""
    return [
        Stamp(f"s{page + 1}", str(page), Box(168, 50, 42, 42), Box(14 * part, 0, 14, 42))
        for page, part in enumerate(order, start=1)
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_riding_seal_of_other_writers_is_whole_in_either_order(order: Sequence[int]) -> None:
    assert placed(by_hand(slices(order))) == [("riding-whole", "1-3")]


@pytest.mark.parametrize("order", [(0, 2, 1), (0, 0, 2), (0, 1), (1, 2), (1, 1, 1)])
def test_pieces_that_make_no_picture_are_noted(order: Sequence[int]) -> None:
    report = by_hand(slices(order))

    assert report.verdict == "valid"
    assert [finding for finding, _ in placed(report)] == ["riding-partial"]


def test_page_left_out_of_a_riding_seal_is_noted() -> None:
    stamps = [
        Stamp("s2", "1", Box(168, 50, 42, 42), Box(0, 0, 21, 42)),
        Stamp("s3", "3", Box(168, 50, 42, 42), Box(21, 0, 21, 42)),
    ]

    assert placed(by_hand(stamps)) == [("riding-partial", "1, 3")]


@pytest.mark.parametrize(
    "stamp",
    [
        Stamp("s2", "7", Box(0, 0, 42, 42)),
        Stamp("s2", "", Box(0, 0, 42, 42)),
        Stamp("s2", "1", None),
        Stamp("s2", "1", Box(0, 0, 0, 42)),
        Stamp("s2", "1", Box(0, 0, float("inf"), 42)),
        Stamp("s2", "1", Box(0, 0, 42, 42), Box(0, 0, -1, 42)),
    ],
)
def test_stamp_that_is_shown_nowhere_is_noted(stamp: Stamp) -> None:
    assert [finding for finding, _ in placed(by_hand([stamp]))] == ["stamp-nowhere"]


def test_places_of_a_bad_signature_are_not_reported() -> None:
    changed = ByHand().sign(licence_files())
    changed["Doc_0/Attachs/licence.xml"] = b"<forged/>"

    assert placed(report_of(write_package(changed))) == []
