"""`python -m tests.fuzz [--count N] [--seed S] [TARGET…]`: mutate what `signing` reads.

For no input may anything but SigningError be raised, may 100 ms of CPU be spent, or may the verdict
be valid unless what is signed is unchanged. Input number n of a target depends on seed, target and
n alone, so that a failure can be repeated by itself: `--first n --count 1`.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from signing import (
    STRICT_POLICY,
    SealReport,
    SigningError,
    TrustList,
    Verdict,
    verify_detached,
    verify_document,
    verify_pass,
    verify_seal,
    write_package,
)
from signing.ofd.container import open_package
from signing.pki import asn1, certificates, chains, ocsp, ocsp_building
from signing.report.policy import Limits
from tests import mutations
from tests.factories import (
    AT,
    begun_licence,
    department_signs,
    drawn_licence,
    licence_authority,
    licence_seal,
    sealed_licence,
    shown_pass,
)
from tests.signing import answering
from tests.vectors.places import HERE

SLOWEST_SECONDS = 0.1
SEED = 20261125
FOLDER = "Doc_0/Signs/Sign_0"


@dataclass(frozen=True)
class Target:
    """How to make an input, to judge it, and when a valid verdict is right after all."""

    share: float
    mutate: Callable[[Random], bytes]
    judge: Callable[[bytes], Verdict]
    unchanged: Callable[[bytes], bool]


@dataclass
class Outcome:
    target: str
    verdicts: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    def text(self) -> str:
        counts = ", ".join(f"{name} {count:,}" for name, count in sorted(self.verdicts.items()))
        return (
            f"{self.target}: {sum(self.verdicts.values()):,} inputs, {counts}; "
            f"{self.seconds:.0f} s of CPU, slowest {self.slowest * 1000:.0f} ms"
        )


def contents(document: bytes) -> dict[str, bytes]:
    package = open_package(document, Limits())
    return {name: package.read(name) for name in package}


def large_file_target() -> Target:
    """A sealed document with a file that is read in pieces, damaged as an archive."""
    files = contents(drawn_licence())
    random = Random(SEED)
    pieces = (random.randbytes(40) + bytes(24) for _ in range(3000))
    files["Doc_0/Res/NotoSansSC-GB2312.otf"] = b"".join(pieces)
    unsigned = begun_licence(write_package(files))
    return replace(ofd_target(unsigned.complete(department_signs(unsigned))), share=0.1)


def ofd_target(document: bytes, *, repack: bool = False) -> Target:
    """A sealed licence, damaged as an archive or, packed anew, in one of its files."""
    _, trust, at = sealed_licence()
    files = contents(document)
    value = f"{FOLDER}/SignedValue.dat"

    def unchanged(mutated: bytes) -> bool:
        """The same files; more beside them are a warning, as is a false unused-bits octet."""
        found = contents(mutated)
        same = all(found.get(name) == content for name, content in files.items() if name != value)
        return same and ses_unchanged(found[value], files[value])

    return Target(
        0.15,
        lambda random: (
            mutations.repacked(files, random)
            if repack
            else mutations.damaged_archive(document, random)
        ),
        lambda data: verify_document(data, trust=trust, at=at).verdict,
        unchanged,
    )


def ses_unchanged(mutated: bytes, original: bytes) -> bool:
    """Equal but for the unused-bits octets, which vendors fill wrongly and a warning shows."""
    restored = bytearray(mutated)
    for start, body, _ in mutations.elements(original):
        if original[start] == asn1.BIT_STRING and body < len(restored):
            restored[body] = original[body]
    return restored == original


def signature_target() -> Target:
    """A seal signature away from its package, with its description."""
    document, trust, at = sealed_licence()
    files = contents(document)
    value, description = files[f"{FOLDER}/SignedValue.dat"], files[f"{FOLDER}/Signature.xml"]
    return Target(
        0.15,
        lambda random: mutations.damaged_der(value, random),
        lambda data: verify_detached(data, description, trust=trust, at=at).verdict,
        lambda data: ses_unchanged(data, value),
    )


def seal_target() -> Target:
    seal, trust = licence_seal(), licence_authority().trust
    return Target(
        0.15,
        lambda random: mutations.damaged_der(seal, random),
        lambda data: verify_seal(data, trust=trust, at=AT).verdict,
        lambda data: ses_unchanged(data, seal),
    )


def pass_target(suite: str) -> Target:
    """The bytes inside the code of a bound pass, or the text itself."""
    shown = shown_pass(suite)
    text = shown.text.encode()

    def judge(data: bytes) -> Verdict:
        return verify_pass(
            data.decode("latin-1"),
            signers=[shown.signer_certificate],
            trust=shown.trust,
            status_lists={3: shown.status},
            seen_before=lambda key: False,
            at=shown.at,
        ).verdict

    return Target(
        0.1, lambda random: mutations.damaged_code(text, random), judge, lambda data: data == text
    )


def ocsp_target() -> Target:
    """The answer of a status service, without which nothing is known about the certificate."""
    authority = answering.authority()
    bare = authority.trust
    leaf = certificates.parse(answering.signer(authority))
    root = certificates.parse(authority.root_certificate)
    answer = answering.service().answer(ocsp_building.request(leaf, root), at=AT)

    def judge(data: bytes) -> Verdict:
        trust = TrustList.of(anchors=bare.anchors, makers=bare.makers, ocsp=[data])
        checks = chains.judge(
            leaf, chains.SIGNER, chains.Moment(AT, AT), trust=trust, policy=STRICT_POLICY
        )
        return SealReport.conclude(checks).verdict

    return Target(
        0.1,
        lambda random: mutations.damaged_der(answer, random),
        judge,
        lambda data: ocsp.parse(data).signed_part == ocsp.parse(answer).signed_part,
    )


def sealing_target() -> Target:
    """An unsealed document on its way to the signer: sealing reads strangers' files too."""
    files = contents(drawn_licence())

    def judge(data: bytes) -> Verdict:
        unsigned = begun_licence(data)
        unsigned.complete(department_signs(unsigned))
        return Verdict.CANNOT_TELL

    return Target(0.0, lambda random: mutations.repacked(files, random), judge, lambda data: True)


def pdf_target() -> Target:
    """A sealed PDF. Slow, and so not among the default ones."""
    folder = HERE / "pdf"
    original = (folder / "b-b.pdf").read_bytes()
    trust = TrustList.from_bytes((folder / "trust.json").read_bytes())
    begins = original.index(b"/Contents <") + len(b"/Contents <")
    hole = slice(begins, original.index(b">", begins))

    def unchanged(mutated: bytes) -> bool:
        """Everything but the digits of the signature value, whose case and filling say nothing,
        and white space after the last line."""
        same_head = mutated[: hole.start] == original[: hole.start]
        tails = (data[hole.stop :].rstrip(b"\x00\t\n\x0c\r ") for data in (mutated, original))
        return same_head and len(set(tails)) == 1

    return Target(
        0.0,
        lambda random: mutations.damaged(original, random),
        lambda data: verify_document(data, trust=trust, at=AT.replace(day=2)).verdict,
        unchanged,
    )


TARGETS: dict[str, Callable[[], Target]] = {
    "ofd-archive": lambda: ofd_target(sealed_licence()[0]),
    "ofd-files": lambda: ofd_target(sealed_licence()[0], repack=True),
    "ofd-large-file": large_file_target,
    "seal-signature": signature_target,
    "seal": seal_target,
    "ocsp": ocsp_target,
    "pass-es256": lambda: pass_target("p256-sha256"),
    "pass-sm2": lambda: pass_target("sm2-sm3"),
    "sealing": sealing_target,
    "pdf": pdf_target,
}


def source(name: str, number: int, *, seed: int = SEED) -> Random:
    """What decides over the input of this number, whatever came before it."""
    return Random(f"{seed}:{name}:{number}")


def judged(target: Target, data: bytes) -> tuple[str, float]:
    """Verdict or `refused`, and CPU seconds. Foreign exceptions come out as they are."""
    began = time.process_time()
    try:
        verdict = str(target.judge(data))
    except SigningError:
        verdict = "refused"
    return verdict, time.process_time() - began


def run(name: str, *, count: int, seed: int = SEED, first: int = 0) -> Outcome:
    """Put `count` inputs to a target and collect what must not be."""
    target, outcome = TARGETS[name](), Outcome(name)
    for number in range(first, first + count):
        data = target.mutate(source(name, number, seed=seed))
        try:
            verdict, spent = judged(target, data)
            if spent > SLOWEST_SECONDS:
                gc.collect()
                # Once more: a collection of garbage in between is nobody's hang.
                spent = min(spent, judged(target, data)[1])
        except Exception as problem:
            outcome.failures.append(f"{name} {number}: raised {type(problem).__name__}: {problem}")
            continue
        outcome.seconds += spent
        outcome.slowest = max(outcome.slowest, spent)
        if spent > SLOWEST_SECONDS:
            outcome.failures.append(f"{name} {number}: took {spent * 1000:.0f} ms")
        if verdict == Verdict.VALID:
            verdict = "valid as what is signed is unchanged"
            if not target.unchanged(data):
                verdict = "valid though changed"
                outcome.failures.append(f"{name} {number}: {verdict}")
        outcome.verdicts[verdict] += 1
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--count", type=int, default=200_000, help="inputs over all targets")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    arguments = parser.parse_args()
    shares = {name: TARGETS[name]().share for name in TARGETS}
    if arguments.targets:
        shares = {name: 1 / len(arguments.targets) for name in arguments.targets}
    failed = False
    for name, share in shares.items():
        if share == 0:
            continue
        count = round(arguments.count * share)
        outcome = run(name, count=count, seed=arguments.seed, first=arguments.first)
        print(outcome.text(), flush=True)
        for failure in outcome.failures[:20]:
            print(f"  {failure}", flush=True)
        failed = failed or bool(outcome.failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
