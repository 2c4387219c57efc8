"""A time-stamp authority for tests, with either suite."""

from datetime import UTC, datetime, timedelta

from signing import suites
from signing.keys import SoftwareKeyStore
from signing.pki import asn1, certificates, cms, issuing, timestamps
from signing.pki.certificates import Certificate
from signing.suites import SM2_SM3, Suite
from tests.signing.makers import AT


class StampAuthority:
    """A root and one stamping certificate; faults are made by changing the attributes."""

    def __init__(
        self, suite: Suite = SM2_SM3, *, purpose: str = certificates.TIME_STAMPING
    ) -> None:
        self.suite = suite
        self.keys = SoftwareKeyStore()
        root_spki = self.keys.create_now("root", suite=suite.name)
        leaf_spki = self.keys.create_now("leaf", suite=suite.name)
        begins, ends = AT - timedelta(days=30), AT + timedelta(days=900)
        root = issuing.Request(
            issuing.Name("时间戳根", "授时中心"),
            root_spki,
            1,
            begins,
            ends,
            frozenset({certificates.KEY_CERT_SIGN}),
            path_length=0,
        )
        self.root = self._issue(issuing.signed_part(root, None, root_spki), root_spki)
        leaf = issuing.Request(
            issuing.Name("时间戳服务", "授时中心"),
            leaf_spki,
            2,
            begins,
            ends,
            frozenset({certificates.DIGITAL_SIGNATURE}),
            extended_usages=(purpose,),
        )
        self.leaf = self._issue(issuing.signed_part(leaf, self.root, root_spki), root_spki)

    def _issue(self, tbs: bytes, root_spki: bytes) -> Certificate:
        signature = self.keys.sign_now("root", tbs)
        return certificates.parse(issuing.assemble(tbs, signature, root_spki))

    def token(
        self, stamped: bytes, *, at: datetime, named: bytes | None = None, digest: str = ""
    ) -> bytes:
        """A token over these bytes. `named` is the certificate the attributes name."""
        oid = digest or self.suite.digest_oid
        algorithm = asn1.sequence(asn1.oid(oid))
        imprint = timestamps.DIGESTS[self.suite.digest_oid](stamped)
        info = asn1.sequence(
            asn1.integer(1),
            asn1.oid("1.2.3.4"),
            asn1.sequence(algorithm, asn1.octet_string(imprint)),
            asn1.integer(7),
            asn1.generalized_time(at.astimezone(UTC)),
        )
        attributes = self._attributes(info, named or self.leaf.der)
        signature = self.keys.sign_now("leaf", asn1.element(asn1.SET, attributes))
        signer = asn1.sequence(
            asn1.integer(1),
            asn1.sequence(self.leaf.issuer, asn1.integer(self.leaf.serial)),
            asn1.sequence(asn1.oid(self.suite.digest_oid)),
            asn1.element(0xA0, attributes),
            asn1.sequence(asn1.oid(self.suite.signature_oid)),
            asn1.octet_string(signature),
        )
        content = asn1.sequence(
            asn1.oid(timestamps.TST_INFO), asn1.explicit(0, asn1.octet_string(info))
        )
        signed = asn1.sequence(
            asn1.integer(3),
            asn1.set_of([asn1.sequence(asn1.oid(self.suite.digest_oid))]),
            content,
            asn1.element(0xA0, self.leaf.der),
            asn1.set_of([signer]),
        )
        return asn1.sequence(asn1.oid(cms.SIGNED_DATA), asn1.explicit(0, signed))

    def _attributes(self, info: bytes, named: bytes) -> bytes:
        digest = suites.by_public_key(self.leaf.spki).digest
        identifier = asn1.sequence(
            asn1.sequence(asn1.oid(self.suite.digest_oid)), asn1.octet_string(digest(named))
        )
        values = (
            (cms.CONTENT_TYPE, asn1.oid(timestamps.TST_INFO)),
            (cms.MESSAGE_DIGEST, asn1.octet_string(digest(info))),
            (cms.SIGNING_CERTIFICATE_V2, asn1.sequence(asn1.sequence(identifier))),
        )
        return b"".join(asn1.sequence(asn1.oid(oid), asn1.set_of([value])) for oid, value in values)
