"""What real writers do that no standard says: taken with a warning where it is harmless."""

import zlib
from dataclasses import replace
from random import Random

import pytest

from signing import (
    Limits,
    SealRefused,
    UnsafeDocument,
    begin_seal,
    parse_seal,
    suites,
    verify_document,
    write_package,
)
from signing.dev import devca
from signing.ofd.container import open_package
from signing.pki import asn1
from signing.report.report import SealReport
from signing.seal import esignature
from signing.seal.eseal import Structure
from signing.suites import SM2_SM3
from tests.signing import test_eseal
from tests.signing.archives import Made, archive, deflated
from tests.signing.makers import (
    AT,
    BOX,
    DEPARTMENT,
    FOLDER,
    LIST,
    ByHand,
    authority,
    licence_files,
    make_seal,
)

VALUE = f"{FOLDER}/SignedValue.dat"


def judge(files: dict[str, bytes]) -> SealReport:
    return verify_document(write_package(files), trust=authority().trust, at=AT)


def warnings(report: SealReport) -> set[str]:
    return {check.evidence["finding"] for check in report.checks if check.outcome == "warning"}


def named_bits(value: bytes) -> bytes:
    """A BIT STRING as of a list of named bits: without zeros at its end."""
    trimmed = value.rstrip(b"\x00")
    unused = (trimmed[-1] & -trimmed[-1]).bit_length() - 1
    return asn1.element(asn1.BIT_STRING, bytes([unused]) + trimmed)


@pytest.mark.parametrize("last", [0x00, 0x01, 0x02, 0x80])
@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_zeros_that_a_writer_dropped_are_put_back(last: int, zeros: int) -> None:
    digest = bytes(range(1, 32 - zeros)) + bytes([last]) + bytes(zeros)

    octets, _ = asn1.parse(named_bits(digest)).untrimmed_bits(32)

    assert octets == digest


def test_signature_that_ends_in_a_zero_is_read_from_named_bits() -> None:
    """One in 256 does, so that one is made until there is one."""
    files = ByHand().sign(licence_files())
    signature = esignature.parse_seal_signature(files[VALUE])
    while not (
        found := authority().keys.sign_now(devca.signer_key(DEPARTMENT), signature.signed_part)
    ).endswith(b"\x00"):
        pass
    files[VALUE] = asn1.sequence(
        signature.signed_part,
        asn1.octet_string(signature.signer_certificate),
        asn1.oid(SM2_SM3.signature_oid),
        named_bits(found),
    )

    assert judge(files).verdict == "valid"


def negative(signature: bytes) -> bytes:
    """r and s as plain octets in INTEGERs, the zero octet in front left out."""
    raw = suites.to_raw(signature)
    return asn1.sequence(*(asn1.element(asn1.INTEGER, raw[at : at + 32]) for at in (0, 32)))


def test_integers_without_their_sign_octet_are_meant_positive() -> None:
    files = ByHand().sign(licence_files())
    signature = esignature.parse_seal_signature(files[VALUE])
    odd = negative(signature.signature)
    while odd == signature.signature:
        odd = negative(
            authority().keys.sign_now(devca.signer_key(DEPARTMENT), signature.signed_part)
        )
    files[VALUE] = esignature.assemble(
        signature.signed_part,
        odd,
        signer_certificate=signature.signer_certificate,
        algorithm=SM2_SM3.signature_oid,
    )
    report = judge(files)

    assert report.verdict == "valid"
    assert odd[4] < 0x80 or "sign-octet-missing" in warnings(report)


def test_other_bytes_mean_themselves() -> None:
    random = Random(5)
    for size in (0, 1, 8, 63, 65, 70, 71, 72, 73, 256):
        value = random.randbytes(size)
        assert suites.meant(value) == (value, "")
    whole = suites.from_raw(bytes([0xFF]) * 64)
    assert suites.meant(whole) == (whole, "")


@pytest.mark.parametrize(
    ("written", "slips"),
    [
        (b"\x18\x0e20261201120000", ("seal-time-zone-assumed",)),
        (b"\x18\x0d261201040000Z", ()),
        (b"\x18\x0f20261201040000Z", ()),
    ],
)
def test_times_of_a_seal_are_read_in_the_forms_met(written: bytes, slips: tuple[str, ...]) -> None:
    made = test_eseal.sign(test_eseal.begin())
    plain = b"\x18\x0f20261201040000Z"
    shorter = len(plain) - len(written)
    assert made.count(plain) == 2
    rebuilt = _resized(made, made.replace(plain, written), 2 * shorter)

    seal = parse_seal(rebuilt)

    assert (seal.created_at, seal.valid_from) == (AT, AT)
    assert seal.slips == slips


def _resized(made: bytes, changed: bytes, by: int) -> bytes:
    """The seal with the lengths around its times made smaller."""
    if by == 0:
        return changed
    info, *rest = asn1.parse(made).children()
    header, number, facts, *others = info.children()
    body = changed[facts.body : facts.end - by]
    inner = asn1.sequence(header.der, number.der, asn1.sequence(body), *(o.der for o in others))
    return asn1.sequence(inner, *(part.der for part in rest))


def with_checksum(content: bytes) -> Made:
    """An entry as one vendor packs it: four bytes too many."""
    packed = deflated(content) + zlib.adler32(content).to_bytes(4, "big")
    return Made(b"Doc_0/x.bin", content, packed=packed)


@pytest.mark.parametrize("size", [10, 70_000, 400_000])
def test_checksum_behind_deflated_bytes_is_left_there(size: int) -> None:
    content = Random(1).randbytes(size)
    data = archive([Made(b"OFD.xml", b"<OFD/>"), with_checksum(content)])
    pieces: list[bytes] = []

    open_package(data, Limits()).feed("Doc_0/x.bin", lambda piece: pieces.append(bytes(piece)))

    assert b"".join(pieces) == content


@pytest.mark.parametrize("size", [10, 70_000, 400_000])
def test_anything_else_behind_deflated_bytes_is_refused(size: int) -> None:
    made = with_checksum(Random(1).randbytes(size))
    assert made.packed is not None
    for packed in (made.packed[:-1], made.packed + b"\x00", made.packed[:-1] + b"\xff"):
        data = archive([Made(b"OFD.xml", b"<OFD/>"), replace(made, packed=packed)])
        with pytest.raises(UnsafeDocument):
            open_package(data, Limits()).feed("Doc_0/x.bin", len)


def test_checksum_that_reads_as_a_mark_is_refused() -> None:
    """Its content may be chosen so; a reader of streams would find an entry there."""
    wanted = int.from_bytes(b"PK\x03\x04", "big")
    content = content_with_adler(wanted)
    assert zlib.adler32(content) == wanted
    data = archive([Made(b"OFD.xml", b"<OFD/>"), with_checksum(content)])

    with pytest.raises(UnsafeDocument):
        open_package(data, Limits()).read("Doc_0/x.bin")


def content_with_adler(wanted: int) -> bytes:
    """Some text with this checksum: zeros around single ones move the upper half alone."""
    low, high = wanted & 0xFFFF, wanted >> 16
    tail = bytearray()
    total = (low - 1) % 65521
    while total:
        step = min(total, 255)
        tail.append(step)
        total -= step
    for zeros in range(65521):
        text = bytes(tail) + bytes(zeros)
        if zlib.adler32(text) == wanted:
            return text
    raise AssertionError(f"no text for {low} and {high}")


def test_seal_struck_before_a_later_seal_is_told_of() -> None:
    files = ByHand(leave_out=frozenset({"OFD.xml", LIST})).sign(licence_files())
    listed = files[LIST]
    begins = listed.index(b"<ofd:Signature ")
    files[LIST] = listed[:begins] + listed[listed.index(b"/>", begins) + 2 :]
    sealed = seal_once_more(files)

    report = verify_document(sealed, trust=authority().trust, at=AT)

    assert report.verdict == "valid"
    assert "seal-struck" in warnings(report)


def test_seal_that_stands_is_no_struck_one() -> None:
    files = ByHand(leave_out=frozenset({"OFD.xml", LIST})).sign(licence_files())

    report = verify_document(seal_once_more(files), trust=authority().trust, at=AT)

    assert "seal-struck" not in warnings(report)


def seal_once_more(files: dict[str, bytes], seal: bytes | None = None) -> bytes:
    issuer = authority()
    unsigned = begin_seal(
        write_package(files),
        seal=seal or make_seal(issuer),
        signer_certificate=issuer.signer_certificates[DEPARTMENT],
        at=AT,
        boundary=BOX,
        provider="by hand",
    )
    return unsigned.complete(issuer.keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign))


def test_seal_of_2014_is_not_put_into_a_signature_of_2020() -> None:
    old = test_eseal.sign(test_eseal.begin(Structure.V1))

    with pytest.raises(SealRefused, match="0031-2014"):
        seal_once_more(licence_files(), old)
    files = ByHand(seal=old).sign(licence_files())
    assert "seal-version-differs" in warnings(judge(files))


def test_seal_of_2025_gets_a_signature_of_its_version() -> None:
    new = test_eseal.sign(test_eseal.begin(Structure.V5))

    report = verify_document(seal_once_more(licence_files(), new), trust=authority().trust, at=AT)

    assert report.verdict == "valid"
    assert report.signatures[0].structure == "v5"
