"""Every column that could hold a blob's digest is swept by, or says why it holds none."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tortoise import Tortoise

import timers
from tests.conftest import ROOT

NO_BLOBS = {
    "cases_service_item.digest": "of a definition",
    "cases_theme.digest": "of a definition",
    "cases_catalogue_entry.digest": "of a definition",
    "cases_case.item_digest": "of a definition",
    "cases_form_signature.digest": "of what was signed",
    "core_audit_record.digest": "chain",
    "core_audit_head.digest": "chain",
    "core_asked_request.digest": "of a request",
    "core_holiday_year.digest": "of the year, which lies in its row",
    "core_spent.digest": "of what may be used once",
    "identity_delegation.document": "of a document that the delegating office keeps",
    "identity_enrolment_code.code_digest": "of a secret",
    "identity_passkey.digest": "of the name of a key, which lies in its row",
    "identity_session.token_digest": "of a secret",
    "push_delivery.digest": "of a message",
    "wallet_anchored_head.digest": "chain",
    "wallet_authorisation.code_digest": "of a secret",
    "wallet_authorisation.link_digest": "of a secret",
    "wallet_pass_origin.key_digest": "of a public key",
    "wallet_seal.digest": "of the seal, which lies in its row",
    "wallet_use_day_head.digest": "chain",
    "wallet_use_head.base_digest": "chain",
    "wallet_use_head.digest": "chain",
    "wallet_use_record.digest": "chain",
    "wallet_verification.digest": "of a document that was looked at and not kept",
}
STORES = {
    "services/cases/materials/combine.py",
    "services/cases/talk/pictures.py",
    "services/cases/materials/papers.py",
    "services/cases/materials/straighten.py",
    "services/cases/materials/thumbnails.py",
    "wallet/share/annotated.py",
    "wallet/demo.py",
    "wallet/intake/batches.py",
    "wallet/issue/from_case.py",
    "wallet/issue/late_documents.py",
}
"""Who stores blobs; their rows are named in `blob_columns.py`."""
NAMES = re.compile(r"(^|_)(digest|document|blob|picture|file)$")


@pytest.mark.usefixtures("db")
def test_every_column_with_a_digest_is_registered_or_excused() -> None:
    registered = {str(column) for column in timers.BLOB_COLUMNS}
    assert Tortoise.apps is not None
    found = {
        f"{model._meta.db_table}.{name}"
        for models in Tortoise.apps.values()
        for model in models.values()
        for name, field in model._meta.fields_map.items()
        if NAMES.search(name) and getattr(field, "max_length", None) == 64
    }

    assert found - registered == set(NO_BLOBS)
    assert registered <= found


@pytest.mark.usefixtures("db")
def test_every_registered_column_can_be_asked_quickly() -> None:
    for column in timers.BLOB_COLUMNS:
        meta = column.model._meta
        keyed = meta.fields_map[column.name].index or (column.name,) in meta.indexes
        assert keyed, str(column)


def test_nobody_else_stores_blobs() -> None:
    packages = ("api", "core", "identity", "payments", "push", "services", "wallet")
    files = [path for name in packages for path in (ROOT / name).rglob("*.py")]

    assert {str(path.relative_to(ROOT)) for path in files if any(_puts(path))} == STORES


def _puts(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in ("put", "put_file") and ast.unparse(node.func.value).endswith("blobs"):
            yield node
