"""Whatever arrives, `verify_document` answers with a report or raises MalformedDocument."""

import contextlib
import re
from random import Random

import pytest

from signing import MalformedDocument, verify_document
from signing.pdf import messages
from signing.pki import asn1, ber
from tests.signing import mutations
from tests.signing.makers import AT, authority
from tests.vectors.places import HERE

PDFS = ("b-b", "b-t", "b-lt", "b-b-rsa", "wrapped", "no-contents")


def outcome(data: bytes) -> str:
    """The verdict; nothing but MalformedDocument may be raised."""
    with contextlib.suppress(MalformedDocument):
        return verify_document(data, trust=authority().trust, at=AT).verdict
    return "unreadable"


def hurt(data: bytes, random: Random) -> bytes:
    """A few bytes changed, added or dropped; often inside the signature, as hexadecimal digits."""
    changed = bytearray(data)
    values = [found.span() for found in re.finditer(rb"<[0-9A-Fa-f]{64,}>", data)]
    for _ in range(random.randint(1, 4)):
        if values and random.random() < 0.5:
            start, end = random.choice(values)
            at = random.randrange(start + 1, min(end - 1, start + random.choice((8, 200, 4000))))
            changed[at : at + 2] = b"%02x" % random.choice((0, 0x30, 0x80, 0xA0, 0xFF))
            continue
        at = random.randrange(len(changed))
        kind = random.randrange(3)
        if kind == 0:
            changed[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            changed[at:at] = random.randbytes(2)
        else:
            del changed[at : at + 2]
    return bytes(changed)


@pytest.mark.parametrize("name", PDFS)
def test_mutated_pdf_gets_a_declared_outcome(name: str) -> None:
    sample, random = (HERE / "pdf" / f"{name}.pdf").read_bytes(), Random(name)
    for _ in range(25):
        assert outcome(hurt(sample, random)) in ("valid", "invalid", "cannot_tell", "unreadable")


def as_document_stamp(name: str) -> bytes:
    """A sealed PDF whose signature calls itself a document time stamp."""
    sealed = (HERE / "pdf" / f"{name}.pdf").read_bytes()
    assert b"/ETSI.CAdES.detached" in sealed
    return sealed.replace(b"/ETSI.CAdES.detached", b"/ETSI.RFC3161       ")


@pytest.mark.parametrize("begins", [b"3080", b"3084", b"30ff", b"0000", b"2480", b"3180"])
def test_document_time_stamp_that_cannot_be_parsed_raises_nothing(begins: bytes) -> None:
    stamped = as_document_stamp("b-t")
    place = next(re.finditer(rb"<[0-9A-Fa-f]{64,}>", stamped)).start() + 1
    broken = stamped[:place] + begins + stamped[place + 4 :]

    assert outcome(broken) == "invalid"


def test_message_in_ber_is_split_from_its_padding() -> None:
    der = asn1.sequence(asn1.integer(5), asn1.octet_string(b"x" * 300))
    inner = asn1.parse(der).content
    written = b"\x30\x80" + inner + b"\x00\x00"

    assert messages.split(der + bytes(50)) == (der, 0)
    assert messages.split(written + bytes(50)) == (der, 0)
    assert messages.split(written + bytes(3) + b"x") == (der, 4)
    assert ber.to_definite(written) == der


def test_mutated_ofd_gets_a_declared_outcome() -> None:
    mutator = mutations.Mutator(11)
    for _ in range(60):
        _, data = mutator.mutate()
        assert outcome(data) in ("valid", "invalid", "cannot_tell", "unreadable")
