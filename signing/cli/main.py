"""The command line: `python -m signing verify|inspect|extract|dump|seal|make-seal`.

The only part of the package that opens files and looks at the clock. `verify` and `extract` leave 0
when all is valid, 1 when something is invalid, 2 when something cannot be told; 64 stands for a
wrong command, 66 for a file that cannot be read.
"""

import argparse
import json
import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from signing.cli import extract, reading, seal
from signing.cli import inspect as cli_inspect
from signing.cli import text as cli_text
from signing.cli.reading import Kind, Recognised
from signing.errors import SigningError
from signing.extract.document import extract_data
from signing.pki import certificates, chains, crl, ocsp
from signing.pki.trust import TrustList
from signing.report.policy import POLICIES, Policy
from signing.report.policy_files import read_policy
from signing.report.rendering import FORMAT
from signing.report.rendering_html import as_html
from signing.report.report import SealReport, Verdict
from signing.verify.document import verify_detached, verify_document
from signing.verify.seal import verify_seal

VALID, INVALID, CANNOT_TELL, USAGE, NO_INPUT = 0, 1, 2, 64, 66
CUT_OFF = 141


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us has seen enough, as `head` does; say nothing more at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CUT_OFF
    except OSError as problem:
        print(f"{problem.filename}: {problem.strerror}", file=sys.stderr)
        return NO_INPUT
    except SigningError as problem:
        print(f"{problem.slug}: {problem}", file=sys.stderr)
        return INVALID
    return code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m signing", description="Look at and verify e-seals.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    verify = commands.add_parser("verify", help="verify OFD files, seals, signatures, certificates")
    _add_trust(verify)
    verify.add_argument(
        "--ocsp", action="append", default=[], type=Path, metavar="FILE", help="an OCSP answer"
    )
    verify.add_argument("--description", type=Path, help="Signature.xml of a SignedValue.dat")
    verify.add_argument("--json", action="store_true", help="one JSON object a line")
    verify.add_argument("--html", type=Path, metavar="PAGE", help="write a page to print as well")
    verify.add_argument("files", nargs="+", type=Path, metavar="FILE")
    verify.set_defaults(run=_verify)
    inspect = commands.add_parser("inspect", help="say what is in a file, judging nothing")
    inspect.add_argument("--json", action="store_true", help="one JSON object a line")
    inspect.add_argument("files", nargs="+", type=Path, metavar="FILE")
    inspect.set_defaults(run=_inspect)
    extract.register(commands, _add_trust, _extract)
    dump = commands.add_parser("dump", help="print the entries of an OFD or the DER tree")
    dump.add_argument("files", nargs="+", type=Path, metavar="FILE")
    dump.set_defaults(run=_dump)
    seal.register(commands)
    return parser


def _add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trust", action="append", default=[], type=Path, metavar="FILE")
    parser.add_argument(
        "--policy",
        type=_policy_name,
        default="default",
        metavar="POLICY",
        help=f"{', '.join(sorted(POLICIES))}, or a .json file",
    )
    parser.add_argument("--at", type=_time, help="time of the check, ISO 8601; now by default")


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _policy_name(text: str) -> str:
    if text not in POLICIES and not text.endswith(".json"):
        raise argparse.ArgumentTypeError(f"no policy is called {text!r}")
    return text


def _policy(name: str) -> Policy:
    known = POLICIES.get(name)
    return known if known is not None else read_policy(Path(name).read_bytes(), known=POLICIES)


def load_trust(paths: Sequence[Path]) -> TrustList:
    """One list of several files: PEM, DER or our JSON. Makers and refused ones add up as well."""
    total = TrustList()
    for path in paths:
        found = TrustList.from_bytes(path.read_bytes())
        total = replace(
            total,
            anchors=total.anchors + found.anchors,
            intermediates=total.intermediates + found.intermediates,
            crls=total.crls + found.crls,
            refused=total.refused + found.refused,
            makers=total.makers + found.makers,
            ocsp=total.ocsp + found.ocsp,
            sequence=max(total.sequence, found.sequence),
        )
    return total


def _with_answers(trust: TrustList, paths: Sequence[Path]) -> TrustList:
    """The trust list with OCSP answers from files; raises MalformedCertificate for other files."""
    answers = tuple(ocsp.parse(path.read_bytes()).der for path in paths)
    return replace(trust, ocsp=trust.ocsp + answers)


def _verify(options: argparse.Namespace) -> int:
    if options.html is not None and len(options.files) > 1:
        raise SigningError("--html takes one file at a time")
    trust = _with_answers(load_trust(options.trust), options.ocsp)
    policy = _policy(options.policy)
    at = options.at or _now()
    verdicts = set()
    for path in options.files:
        report = _judge(path, options.description, trust, policy, at)
        verdicts.add(report.verdict)
        _show(path, report, options, at)
    return _exit_code(verdicts)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the command line is an edge


def _exit_code(verdicts: Collection[Verdict]) -> int:
    if Verdict.INVALID in verdicts:
        return INVALID
    return CANNOT_TELL if Verdict.CANNOT_TELL in verdicts else VALID


def _judge(
    path: Path, description: Path | None, trust: TrustList, policy: Policy, at: datetime
) -> SealReport:
    found = reading.recognise(path.read_bytes())
    if found.kind is Kind.SEAL:
        return verify_seal(found.data, trust=trust, at=at, policy=policy)
    if found.kind in (Kind.SEAL_SIGNATURE, Kind.SIGNED_MESSAGE):
        beside = description or path.with_name("Signature.xml")
        content = beside.read_bytes()
        return verify_detached(found.data, content, trust=trust, at=at, policy=policy)
    if found.kind is Kind.CERTIFICATE:
        return _judge_certificate(found, trust, policy, at)
    if found.kind is Kind.REVOCATION_LIST:
        return _judge_list(found, trust, policy)
    if found.kind is Kind.STATUS_ANSWER:
        return _judge_answer(found, trust, policy)
    try:
        return verify_document(found.data, trust=trust, at=at, policy=policy)
    except SigningError as problem:
        return SealReport.conclude([policy.judge("package-unsafe", problem=str(problem))])


def _judge_certificate(
    found: Recognised, trust: TrustList, policy: Policy, at: datetime
) -> SealReport:
    """As a signer's certificate; an authority's is judged for issuing."""
    certificate = certificates.parse(found.data)
    purpose = chains.SIGNER
    if certificate.extensions.is_authority:
        purpose = chains.Purpose("signer", (certificates.KEY_CERT_SIGN,))
    moment = chains.Moment(at, at)
    return SealReport.conclude(
        chains.judge(certificate, purpose, moment, trust=trust, policy=policy)
    )


def _judge_list(found: Recognised, trust: TrustList, policy: Policy) -> SealReport:
    """Whether an authority of the trust list signed this revocation list."""
    parsed = crl.parse(found.data)
    authorities = (*trust.anchor_certificates, *trust.intermediate_certificates)
    issuers = [known for known in authorities if known.subject == parsed.issuer]
    if not issuers:
        return _nobody_known("revocation list", policy)
    good = any(parsed.signed_by(issuer) for issuer in issuers)
    return SealReport.conclude([policy.judge("signature-good" if good else "signature-bad")])


def _judge_answer(found: Recognised, trust: TrustList, policy: Policy) -> SealReport:
    """Whether somebody who may answer for an authority of the trust list signed this answer about
    its certificates; how old it is, is not judged."""
    parsed = ocsp.parse(found.data)
    authorities = (*trust.anchor_certificates, *trust.intermediate_certificates)
    issuers = [known for known in authorities if parsed.is_about_issuer(known)]
    if not issuers:
        return _nobody_known("OCSP answer", policy)
    good = any(
        signer is not None and not trust.refuses(signer)
        for signer in (parsed.signer(issuer, authorities) for issuer in issuers)
    )
    return SealReport.conclude([policy.judge("signature-good" if good else "signature-bad")])


def _nobody_known(subject: str, policy: Policy) -> SealReport:
    facts = {"role": "signer", "subject": subject, "issuer": "(not listed)"}
    return SealReport.conclude([policy.judge("issuer-unknown", **facts)])


def _show(path: Path, report: SealReport, options: argparse.Namespace, at: datetime) -> None:
    if options.html is not None:
        options.html.write_text(as_html(report, name=path.name, at=at), encoding="utf-8")
    if options.json:
        print(_as_json(path, report))
        return
    for line in cli_text.lines(path, report, coloured=sys.stdout.isatty()):
        print(line)


def _as_json(path: Path, report: SealReport) -> str:
    content: dict[str, Any] = {"file": str(path), **report.to_dict(), "format": FORMAT}
    return json.dumps(content, ensure_ascii=False)


def _inspect(options: argparse.Namespace) -> int:
    for path in options.files:
        show = cli_inspect.print_json if options.json else cli_inspect.print_lines
        show(path, reading.recognise(path.read_bytes()))
    return VALID


def _extract(options: argparse.Namespace) -> int:
    found = extract_data(
        options.file.read_bytes(),
        trust=load_trust(options.trust),
        at=options.at or _now(),
        policy=_policy(options.policy),
    )
    extract.show(options.file, found, options)
    return _exit_code({found.report.verdict})


def _dump(options: argparse.Namespace) -> int:
    for path in options.files:
        print(f"{path}:")
        for line in reading.dump(reading.recognise(path.read_bytes())):
            print(line)
    return VALID
