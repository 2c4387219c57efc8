"""The catalogue in the database: loading it versioned, and reading it fast.

Loading is idempotent: an entry that did not change is left alone, a changed item or theme becomes a
new version, an item that left the files is no longer current. Cases keep the version they began
with. Each process keeps one parsed snapshot; a single-row look-up per call tells whether it is
still the newest. Definitions never change under their digest, so parsed ones are kept for ever.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from core import clock
from core.data.statements import Statement
from core.database import transaction
from core.protection import audit
from services.guides import consistency, errors, reading, search
from services.guides.definitions import Catalogue, Department, Item, Site, Theme
from services.guides.models import CatalogueEntry, ServiceItem
from services.guides.models import Theme as ThemeRow

BATCH = 200
"""Rows an insert writes; no catalogue of a city has more than a few thousand."""

_REVISION = "revision"
_DIGEST = Statement("SELECT digest FROM cases_catalogue_entry WHERE kind = ? AND code = ?")
"""What nearly every page asks first."""
_WORDS = {"enumerations": "enumeration", "synonyms": "synonym"}
_LISTS = {
    "departments": "department",
    "windows": "window",
    "sites": "site",
    "line_systems": "line_system",
    "data_resources": "data_resource",
}


@dataclass(frozen=True)
class Loaded:
    """A current item with the version and digest a new case will keep."""

    item: Item
    version: int
    digest: str


@dataclass(frozen=True)
class Snapshot:
    """The current catalogue, parsed."""

    revision: str
    items: Mapping[str, Loaded]
    themes: Mapping[str, Theme]
    departments: Mapping[str, Department]
    sites: tuple[Site, ...]
    enumerations: Mapping[str, Mapping[str, str]]
    index: search.SearchIndex

    def department_name(self, key: str) -> str:
        department = self.departments.get(key)
        return department.name if department else key

    def codes_named(self, words: str) -> list[str]:
        """Items with these words in their name."""
        return [code for code, loaded in self.items.items() if words in loaded.item.name]

    def label(self, enumeration: str, value: str) -> str:
        """The Chinese label of a code, or the code itself."""
        return self.enumerations.get(enumeration, {}).get(value, value)


@dataclass(frozen=True)
class LoadReport:
    """What a load did, for the command line."""

    added: int
    changed: int
    retired: int
    unchanged: int


_parsed: dict[str, Item] = {}
_snapshot: Snapshot | None = None


async def load(folder: Path = reading.FOLDER, *, actor: str = "system:load-items") -> LoadReport:
    """Read the folder strictly and store what is new; raises `InvalidCatalogue` and stores nothing.

    Loading the same folder again changes nothing.
    """
    catalogue = reading.read_catalogue(folder)
    consistency.check(catalogue)
    at = clock.now()
    async with transaction():
        items = await _store_versions(ServiceItem, catalogue.items, at=at)
        themes = await _store_versions(ThemeRow, catalogue.themes, at=at)
        await _store_entries(catalogue, at=at)
        report = LoadReport(*(a + b for a, b in zip(items, themes, strict=True)))
        revised = await _store_revision(at=at)
        if revised:
            counts = {"added": report.added, "changed": report.changed, "retired": report.retired}
            await audit.record(
                actor=actor, action="catalogue.load", target="catalogue:items", detail=counts
            )
    return report


async def snapshot() -> Snapshot:
    """The current catalogue; parsed anew only when another revision was loaded."""
    global _snapshot
    row = await _DIGEST.row(_REVISION, _REVISION)
    revision = row["digest"] if row else ""
    if _snapshot is None or _snapshot.revision != revision:
        _snapshot = await _read_snapshot(revision)
    return _snapshot


async def get_item(code: str) -> Loaded:
    """The current version of an item; raises `ItemNotFound`."""
    loaded = (await snapshot()).items.get(code)
    if loaded is None or loaded.item.status != "published":
        raise errors.ItemNotFound(f"没有事项 {code}")
    return loaded


async def get_item_version(code: str, *, version: int, digest: str) -> Item:
    """The version a case began with; raises `ItemNotFound`."""
    if digest not in _parsed:
        row = await ServiceItem.get_or_none(code=code, version=version)
        if row is None:
            raise errors.ItemNotFound(f"没有事项 {code} 的第 {version} 版")
        _parsed[digest] = msgspec.convert(row.definition, Item)
    return _parsed[digest]


async def get_theme(code: str) -> Theme:
    """A current theme; raises `ThemeNotFound`."""
    theme = (await snapshot()).themes.get(code)
    if theme is None:
        raise errors.ThemeNotFound(f"没有主题 {code}")
    return theme


def digest_of(definition: Any) -> str:
    """SM3 over the definition in canonical JSON."""
    canonical = msgspec.json.encode(msgspec.to_builtins(definition), order="sorted")
    return hashlib.new("sm3", canonical).hexdigest()


async def _store_versions(
    table: type[ServiceItem] | type[ThemeRow],
    definitions: Iterable[Item] | Iterable[Theme],
    *,
    at: datetime,
) -> tuple[int, int, int, int]:
    """Added, changed, retired, unchanged."""
    rows = {row.code: row for row in await table.filter(current=True)}
    newest = dict(await table.all().order_by("version").values_list("code", "version"))
    added = changed = unchanged = 0
    seen: set[str] = set()
    fresh: list[Any] = []
    past: list[Any] = []
    for definition in definitions:
        seen.add(definition.code)
        digest = digest_of(definition)
        row = rows.get(definition.code)
        if row is not None and row.digest == digest:
            unchanged += 1
            continue
        if row is not None:
            past.append(row.id)
        values: dict[str, Any] = {"digest": digest, "definition": msgspec.to_builtins(definition)}
        if isinstance(definition, Item):
            values |= {"name": definition.name, "department": definition.dept}
        version = newest.get(definition.code, 0) + 1
        fresh.append(
            table(code=definition.code, version=version, current=True, loaded_at=at, **values)
        )
        added, changed = added + (version == 1), changed + (version > 1)
    gone = [row.id for code, row in rows.items() if code not in seen]
    if past or gone:
        await table.filter(id__in=past + gone).update(current=False)
    await table.bulk_create(fresh, batch_size=BATCH)
    return added, changed, len(gone), unchanged


async def _store_entries(catalogue: Catalogue, *, at: datetime) -> None:
    """The lists and word tables; only the newest is kept."""
    wanted: dict[tuple[str, str], Any] = {}
    for name, kind in _LISTS.items():
        for entry in getattr(catalogue, name):
            wanted[kind, getattr(entry, "key", None) or entry.code] = msgspec.to_builtins(entry)
    for name, kind in _WORDS.items():
        for key, words in getattr(catalogue, name).items():
            wanted[kind, key] = msgspec.to_builtins(words)
    rows = {(row.kind, row.code): row for row in await CatalogueEntry.exclude(kind=_REVISION)}
    fresh: list[CatalogueEntry] = []
    for (kind, code), definition in wanted.items():
        digest = digest_of(definition)
        row = rows.pop((kind, code), None)
        values = {"digest": digest, "definition": definition, "loaded_at": at}
        if row is None:
            fresh.append(CatalogueEntry(kind=kind, code=code, **values))
        elif row.digest != digest:
            await CatalogueEntry.filter(id=row.id).update(**values)
    if rows:
        await CatalogueEntry.filter(id__in=[row.id for row in rows.values()]).delete()
    await CatalogueEntry.bulk_create(fresh, batch_size=BATCH)


async def _store_revision(*, at: datetime) -> bool:
    """A digest over everything that is current; True when it changed."""
    parts: list[list[Any]] = []
    for table in (ServiceItem, ThemeRow):
        columns = table.filter(current=True).order_by("code")
        parts += [list(row) for row in await columns.values_list("code", "version", "digest")]
    entries = CatalogueEntry.exclude(kind=_REVISION).order_by("kind", "code")
    parts += [list(row) for row in await entries.values_list("kind", "code", "digest")]
    digest = digest_of(parts)
    values: dict[str, Any] = {"digest": digest, "definition": {}, "loaded_at": at}
    row = await CatalogueEntry.get_or_none(kind=_REVISION, code=_REVISION)
    if row is None:
        await CatalogueEntry.create(kind=_REVISION, code=_REVISION, **values)
    elif row.digest == digest:
        return False
    else:
        await CatalogueEntry.filter(id=row.id).update(**values)
    return True


async def _read_snapshot(revision: str) -> Snapshot:
    rows = await ServiceItem.filter(current=True).order_by("code")
    for row in rows:
        if row.digest not in _parsed:
            _parsed[row.digest] = msgspec.convert(row.definition, Item)
    items = {row.code: Loaded(_parsed[row.digest], row.version, row.digest) for row in rows}
    themes = await ThemeRow.filter(current=True).order_by("code")
    entries: dict[str, dict[str, Any]] = {}
    for entry in await CatalogueEntry.exclude(kind=_REVISION).order_by("code"):
        entries.setdefault(entry.kind, {})[entry.code] = entry.definition
    departments = msgspec.convert(entries.get("department", {}), dict[str, Department])
    return Snapshot(
        revision=revision,
        items=items,
        themes={row.code: msgspec.convert(row.definition, Theme) for row in themes},
        departments=departments,
        sites=msgspec.convert(list(entries.get("site", {}).values()), tuple[Site, ...]),
        enumerations=entries.get("enumeration", {}),
        index=search.index_items(
            (loaded.item for loaded in items.values() if loaded.item.status == "published"),
            departments={key: f"{d.name} {d.short_name}" for key, d in departments.items()},
            synonyms=entries.get("synonym", {}),
        ),
    )
