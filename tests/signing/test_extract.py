"""What is taken out of a document, and that nothing unprotected passes for sealed."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest

from signing import (
    DEFAULT_POLICY,
    Extract,
    Item,
    ItemKind,
    Limits,
    MalformedDocument,
    TrustList,
    UnsafeDocument,
    extract_data,
    write_package,
)
from signing.extract.file_names import SafeNames, safe_name
from tests.factories import sealed_licence
from tests.signing.makers import AT, FOLDER, LIST, NS, ByHand, authority, licence, licence_files
from tests.signing.rich import ATTACHMENTS, PAGE, TAG_FILE, TAG_LIST, rich_files
from tests.vectors.places import ABSENT, HERE, SHARED


def attached(*attachments: tuple[str, str], **contents: bytes) -> dict[str, bytes]:
    """The licence with these attachments: stated name and path."""
    files = licence_files()
    listed = "".join(
        f'<ofd:Attachment ID="a{number}" Name="{name}"><ofd:FileLoc>{path}</ofd:FileLoc>'
        "</ofd:Attachment>"
        for number, (name, path) in enumerate(attachments)
    )
    files[ATTACHMENTS] = f"<ofd:Attachments {NS}>{listed}</ofd:Attachments>".encode()
    return {**files, **{f"Doc_0/Attachs/{name}": body for name, body in contents.items()}}


def extract(document: bytes | Mapping[str, bytes], **options: object) -> Extract:
    data = document if isinstance(document, bytes) else write_package(document)
    arguments = {"trust": authority().trust, "at": AT, **options}
    return extract_data(data, **arguments)  # type: ignore[arg-type]


def by_kind(found: Extract, kind: ItemKind) -> list[Item]:
    return [item for item in found.items if item.kind is kind]


def covered_kinds(found: Extract) -> set[str]:
    return {item.kind.value for item in found.items if item.covered}


ALL_KINDS = {kind.value for kind in ItemKind}


def test_everything_is_found_and_protected() -> None:
    found = extract(ByHand().sign(rich_files()))

    assert found.report.verdict == "valid"
    assert {item.covered_by for item in found.items} == {("s001",)}
    assert [(item.kind.value, item.name, item.value) for item in found.items] == [
        ("seal-picture", "云间市行政审批局电子证照专用章", ""),
        ("custom-data", "证照编号", "TEST-2026-000001"),
        ("custom-data", "空", ""),
        ("custom-tag", "有效期", "有效期至二〇三一年"),
        ("custom-tag", "机关/名称", "审批局有效期至二〇三一年"),
        ("custom-tag", "无", ""),
        ("attachment", "licence", ""),
    ]


def test_picture_has_type_size_and_bytes() -> None:
    found = extract(ByHand().document())

    (picture,) = by_kind(found, ItemKind.SEAL_PICTURE)
    assert picture.file == "seal-s001.png"
    facts = picture.facts
    assert (facts["type"], facts["width_mm"], facts["height_mm"]) == ("PNG", "42", "42")
    assert found.content(picture) == b"\x89PNG\r\n\x1a\nimpression"


def test_attachment_has_its_bytes_and_a_name() -> None:
    found = extract(ByHand().document())

    (attachment,) = by_kind(found, ItemKind.ATTACHMENT)
    assert attachment.place == "protected/licence.xml"
    assert attachment.facts["entry"] == "Doc_0/Attachs/licence.xml"
    assert found.content(attachment) == b"<licence>TEST-2026-000001</licence>"


def test_licence_of_the_wallet_gives_its_fields() -> None:
    document, trust, at = sealed_licence()

    found = extract(document, trust=trust, at=at)

    assert found.report.verdict == "valid"
    assert all(item.covered for item in found.items)
    values = {item.name: item.value for item in by_kind(found, ItemKind.CUSTOM_TAG)}
    assert values["name"] == "张演示"
    assert covered_kinds(found) == ALL_KINDS


def test_document_without_a_seal_protects_nothing() -> None:
    found = extract(rich_files())

    assert found.report.reasons == ("no-seal",)
    assert covered_kinds(found) == set()
    assert [item.place for item in found.items if item.file] == ["unprotected/licence.xml"]


@pytest.mark.parametrize(
    ("left_out", "unprotected"),
    [
        ("OFD.xml", {"custom-data"}),
        ("Doc_0/Document.xml", {"custom-tag", "attachment"}),
        (TAG_LIST, {"custom-tag"}),
        (TAG_FILE, {"custom-tag"}),
        (PAGE, {"custom-tag"}),
        ("Doc_0/Tpls/Tpl_0/Content.xml", {"custom-tag"}),
        (ATTACHMENTS, {"attachment"}),
        ("Doc_0/Attachs/licence.xml", {"attachment"}),
    ],
)
def test_item_is_protected_only_with_all_that_leads_to_it(
    left_out: str, unprotected: set[str]
) -> None:
    found = extract(ByHand(leave_out=frozenset({left_out})).sign(rich_files()))

    bare = {item.kind.value for item in found.items if not item.covered}
    assert bare == unprotected


def test_tag_falls_back_to_a_template_that_is_not_sealed() -> None:
    hand = ByHand(leave_out=frozenset({"Doc_0/Tpls/Tpl_0/Content.xml"}))
    found = extract(hand.sign(rich_files()))

    tags = {item.name: item.covered for item in by_kind(found, ItemKind.CUSTOM_TAG)}
    assert tags["有效期"]
    assert not tags["机关/名称"]


@pytest.mark.parametrize("changed", ["OFD.xml", TAG_FILE, PAGE, "Doc_0/Attachs/licence.xml"])
def test_change_after_sealing_takes_all_protection_away(changed: str) -> None:
    files = ByHand().sign(rich_files())
    files[changed] = files[changed].replace(b"2026", b"2036").replace(b"20<", b"20 <") + b" "

    found = extract(files)

    assert found.report.verdict == "invalid"
    assert covered_kinds(found) == set()


def test_signature_with_right_digests_and_a_wrong_value_protects_nothing() -> None:
    files = ByHand().sign(rich_files())
    value = bytearray(files[f"{FOLDER}/SignedValue.dat"])
    value[-1] ^= 1
    files[f"{FOLDER}/SignedValue.dat"] = bytes(value)

    found = extract(files)

    assert found.report.verdict == "invalid"
    assert covered_kinds(found) == set()


def test_signer_nobody_knows_protects_but_is_not_believed() -> None:
    found = extract(ByHand().sign(rich_files()), trust=TrustList())

    assert found.report.verdict == "cannot_tell"
    assert covered_kinds(found) == ALL_KINDS
    assert found.to_dict()["verdict"] == "cannot_tell"


def test_second_file_a_reader_could_open_must_be_sealed_too() -> None:
    """`licence.xml` from the folder for one reader, from the root for another."""
    files = {**rich_files(), "licence.xml": b"<forged/>"}

    found = extract(ByHand(leave_out=frozenset({"licence.xml"})).sign(files))

    (attachment,) = by_kind(found, ItemKind.ATTACHMENT)
    assert not attachment.covered


def test_two_attachments_of_one_file_share_it() -> None:
    found = extract(attached(("one", "licence.xml"), ("two", "licence.xml")))

    assert [item.file for item in by_kind(found, ItemKind.ATTACHMENT)] == ["one.xml", "one.xml"]


def test_names_that_clash_are_told_apart() -> None:
    found = extract(
        attached(("a.xml", "x1"), ("A.XML", "x2"), ("../a.xml", "x3"), x1=b"1", x2=b"2", x3=b"3")
    )

    items = by_kind(found, ItemKind.ATTACHMENT)
    assert [item.file for item in items] == ["a.xml", "A-2.XML", "a-3.xml"]
    assert [found.content(item) for item in items] == [b"1", b"2", b"3"]


def test_list_named_again_and_again_is_walked_once() -> None:
    files = attached(*[("a", "licence.xml")] * 3)
    pointer = b"<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>"
    files["Doc_0/Document.xml"] = files["Doc_0/Document.xml"].replace(pointer, pointer * 5000)
    body = files["OFD.xml"].partition(b"<ofd:DocBody>")[2].partition(b"</ofd:OFD>")[0]
    files["OFD.xml"] = files["OFD.xml"].replace(
        b"</ofd:OFD>", b"<ofd:DocBody>" + body + b"</ofd:OFD>"
    )

    assert len(by_kind(extract(files), ItemKind.ATTACHMENT)) == 3


def test_more_items_than_the_limit_are_refused() -> None:
    policy = replace(DEFAULT_POLICY, limits=Limits(references=100))

    with pytest.raises(UnsafeDocument, match="more data"):
        extract(attached(*[("a", "licence.xml")] * 101), policy=policy)


def test_text_that_is_pointed_at_too_often_is_refused() -> None:
    files = rich_files()
    files[PAGE] = files[PAGE].replace("有效期至二〇三一年".encode(), b"x" * 100_000)
    many = '<ofd:ObjectRef PageRef="1">20</ofd:ObjectRef>'.join(["<l:n>"] + ["</l:n><l:n>"] * 300)
    files[TAG_FILE] = f'<l:L xmlns:l="u" {NS}>{many}</l:n></l:L>'.encode()

    with pytest.raises(UnsafeDocument, match="more data"):
        extract(files)


def test_other_files_have_no_data_of_this_kind() -> None:
    for data in (b"", b"%PDF-1.7\n", b"PK\x05\x06", b"<xml/>"):
        with pytest.raises(MalformedDocument):
            extract(data)


@pytest.mark.parametrize(
    ("name", "suffix", "safe"),
    [
        ("licence", "xml", "licence.xml"),
        ("licence.XML", "xml", "licence.XML"),
        ("原始发票", ".XML", "原始发票.xml"),
        ("../../etc/passwd", "", "passwd"),
        ("..\\..\\boot.ini", "", "boot.ini"),
        ("/etc/cron.d/", "", "cron.d"),
        ("..", "", "unnamed"),
        ("", "xml", "unnamed.xml"),
        (" .bashrc", "", "bashrc"),
        ("a\x00b\nc", "", "a_b_c"),
        ("invoice‮fdp.exe", "", "invoice_fdp.exe"),
        ("C:evil", "", "C_evil"),
        ("con", "xml", "_con.xml"),
        ("NUL.txt", "", "_NUL.txt"),
        ("a", "../x", "a"),
        ("章" * 200, "png", "章" * 33 + ".png"),
    ],
)
def test_names_never_leave_their_folder(name: str, suffix: str, safe: str) -> None:
    assert safe_name(name, suffix) == safe


def test_any_name_becomes_a_safe_one() -> None:
    random = Random(33190)
    alphabet = "./\\:~ \x00\x1b\r\nconCOM1章é\u202e\ud800\u200b%*?$`'\""
    names = SafeNames()
    seen = set()
    for _ in range(3000):
        name = "".join(random.choices(alphabet, k=random.randrange(12)))
        made = names.choose(name, random.choice(("", "xml", "../", "a/b", "\x00")))
        assert made not in ("", ".", "..")
        assert not set(made) & set('/\\:*?"<>|\x00\x1b\r\n\u202e\u200b')
        assert len(made.encode()) <= 255
        assert not made.startswith((".", " "))
        assert made.casefold() not in seen
        seen.add(made.casefold())


def test_every_vector_can_be_taken_apart_or_is_refused() -> None:
    """Nothing but our own error, and nothing is protected where no signature holds."""
    if not SHARED.exists():
        pytest.skip(ABSENT)
    taken = 0
    for path in [*HERE.rglob("*.ofd"), *SHARED.rglob("*.ofd")]:
        try:
            found = extract(path.read_bytes(), trust=TrustList())
        except MalformedDocument:
            continue
        taken += 1
        if found.report.reasons == ("no-seal",):
            assert covered_kinds(found) == set()
        for item in found.items:
            assert item.file == "" or len(found.content(item)) == int(item.facts["bytes"])
    assert taken > 60


def test_unsealed_list_of_signatures_changes_nothing_here() -> None:
    found = extract(ByHand(leave_out=frozenset({LIST})).document())

    assert covered_kinds(found) == {"seal-picture", "attachment"}
    assert covered_kinds(extract(licence())) == set()
