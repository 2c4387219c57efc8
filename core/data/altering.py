"""Operations of migrations on one column, in place: it becomes a protected one, or loses its index.

Texts that become protected stay as they are; `manage.py reencrypt` seals them beside a serving
system, and until then they are read only where the settings allow old values
(`core.protection.protect`, `once_plain`). Tortoise would make the whole table anew on SQLite, and
lose its indexes.
"""

from __future__ import annotations

from tortoise.migrations.operations import AlterField, RunSQL
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State


class ProtectColumn(AlterField):
    """Nothing but the type of the column changes, and that only where it had a length."""

    async def database_forward(
        self,
        app_label: str,
        old_state: State,
        new_state: State,
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        if state_editor is None:
            return
        model = f"{app_label}.{self.model_name}"
        former = old_state.apps.get_model(model)._meta.fields_map[self.name]
        if former.get_for_dialect(state_editor.DIALECT, "SQL_TYPE") == "TEXT":
            return
        if state_editor.DIALECT != "sqlite":
            await super().database_forward(app_label, old_state, new_state, state_editor)
            return
        table, column = new_state.apps.get_model(model)._meta.db_table, self.name
        empty = "" if former.null else " NOT NULL DEFAULT ''"
        for statement in (
            f'ALTER TABLE "{table}" ADD COLUMN "{column}_text" TEXT{empty}',
            f'UPDATE "{table}" SET "{column}_text" = "{column}"',  # noqa: S608 - names of ours
            f'ALTER TABLE "{table}" DROP COLUMN "{column}"',
            f'ALTER TABLE "{table}" RENAME COLUMN "{column}_text" TO "{column}"',
        ):
            await state_editor._run_sql(statement)


class UnindexColumn(AlterField):
    """A column loses its own index, since a longer one begins with it."""

    async def database_forward(
        self,
        app_label: str,
        old_state: State,
        new_state: State,
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        if state_editor is None:
            return
        model = old_state.apps.get_model(f"{app_label}.{self.model_name}")
        name = state_editor._generate_index_name("idx", model, [self.name])
        await state_editor._run_sql(f'DROP INDEX "{name}"')


class Fill(RunSQL):
    """Rows of a new table or column out of those that are there, in the words of each database."""

    def __init__(self, *, postgres: list[str], sqlite: list[str]) -> None:
        super().__init__(postgres, reverse_sql=RunSQL.noop)
        self._sqlite = sqlite

    async def database_forward(
        self,
        app_label: str,
        old_state: State,
        new_state: State,
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        if state_editor is not None and state_editor.DIALECT == "sqlite":
            self.sql = self._sqlite
        await super().database_forward(app_label, old_state, new_state, state_editor)
