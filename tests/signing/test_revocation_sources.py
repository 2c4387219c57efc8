"""The port through which fresh answers come: who is asked, and what becomes of the answers."""

from dataclasses import dataclass, field
from datetime import timedelta

from signing import TrustList, with_answers
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.pki import asn1, certificates, chains, issuing
from signing.report.policy import STRICT_POLICY
from tests.signing import answering
from tests.signing.answering import good, signed
from tests.signing.makers import AT

ADDRESS, SPARE = "http://ocsp.example.invalid/", "http://spare.example.invalid/"


def leaf_that_names(ca: DevelopmentAuthority, *addresses: str) -> bytes:
    """A signer's certificate with the addresses of status services (RFC 5280, 4.2.2.1)."""
    places = (
        asn1.sequence(asn1.oid("1.3.6.1.5.5.7.48.1"), asn1.element(0x86, address.encode()))
        for address in addresses
    )
    root = certificates.parse(ca.root_certificate)
    request = issuing.Request(
        issuing.Name("有状态服务的证书", "云间市"),
        ca.keys.create_now("asked"),
        4711,
        AT - timedelta(days=20),
        AT + timedelta(days=300),
        frozenset({certificates.DIGITAL_SIGNATURE}),
        extra_extensions=(issuing.extension("1.3.6.1.5.5.7.1.1", asn1.sequence(*places)),),
    )
    tbs = issuing.signed_part(request, root, root.spki)
    der = issuing.assemble(tbs, ca.keys.sign_now(devca.ROOT_KEY, tbs), root.spki)
    ca.keys.keep_certificate_now("asked", der)
    return der


@dataclass
class Network:
    """Answers by address; what was asked is kept."""

    answers: dict[str, bytes]
    asked: list[str] = field(default_factory=list)

    async def ask(self, address: str, request: bytes) -> bytes | None:
        self.asked.append(address)
        return self.answers.get(address)


def verdict(leaf: bytes, trust: TrustList) -> str:
    checks = chains.judge(
        certificates.parse(leaf),
        chains.SIGNER,
        chains.Moment(AT, AT),
        trust=trust,
        policy=STRICT_POLICY,
    )
    return checks[-1].evidence["finding"]


async def test_answer_of_the_named_service_is_used(ca: DevelopmentAuthority) -> None:
    leaf = leaf_that_names(ca, ADDRESS)
    network = Network({ADDRESS: signed(ca, good(ca, leaf))})
    bare = answering.without_lists(ca)

    trust = await with_answers(leaf, trust=bare, source=network)

    assert verdict(leaf, bare) == "revocation-unchecked"
    assert verdict(leaf, trust) == "revocation-good"
    assert network.asked == [ADDRESS]


async def test_second_service_is_asked_when_the_first_says_nothing_useful(
    ca: DevelopmentAuthority,
) -> None:
    leaf = leaf_that_names(ca, ADDRESS, SPARE)
    useful = signed(ca, good(ca, leaf))

    for nothing in (b"<html>", signed(ca, good(ca)), b""):
        network = Network({ADDRESS: nothing, SPARE: useful})
        trust = await with_answers(leaf, trust=answering.without_lists(ca), source=network)
        assert trust.ocsp == (useful,)


async def test_silence_leaves_the_question_open(ca: DevelopmentAuthority) -> None:
    leaf, bare = leaf_that_names(ca, ADDRESS), answering.without_lists(ca)

    trust = await with_answers(leaf, trust=bare, source=Network({}))

    assert trust == bare
    assert verdict(leaf, trust) == "revocation-unchecked"


async def test_stranger_sends_nobody_anywhere(ca: DevelopmentAuthority) -> None:
    """The addresses of a certificate whose path is not right are never asked."""
    leaf = leaf_that_names(ca, ADDRESS)
    twin = devca.make(organisation="云间市", departments={}, at=AT - timedelta(days=30))
    network = Network({})

    await with_answers(leaf, trust=twin.trust, source=network)

    assert network.asked == []


def test_unreadable_addresses_are_no_reason_to_refuse(ca: DevelopmentAuthority) -> None:
    leaf = leaf_that_names(ca, ADDRESS)
    found = certificates.parse(leaf)
    odd = leaf.replace(ADDRESS.encode(), b"\xff" * len(ADDRESS))

    assert found.extensions.ocsp_addresses == (ADDRESS,)
    assert certificates.parse(odd).extensions.ocsp_addresses == ()
