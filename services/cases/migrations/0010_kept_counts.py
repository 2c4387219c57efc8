from tortoise import migrations
from tortoise.migrations import operations as ops
from core.data.altering import Fill, UnindexColumn
from core.ids import new_id
from core.queue import IndexWhere
from tortoise import fields
from tortoise.indexes import Index

UNREAD = [
    'UPDATE "cases_case" SET "has_unread" = TRUE WHERE "submitted_at" IS NOT NULL AND "id" IN'
    ' (SELECT "case_id" FROM "cases_conversation" WHERE "office_unread" > 0)',
]
POSTGRES = {
    "new_id": "gen_random_uuid()",
    "always": "DATE '1970-01-01'",
    "ended_on": "(\"ended_at\" AT TIME ZONE 'Asia/Shanghai')::date",
    "lately": "now() - interval '2 days'",
}
SQLITE = {
    "new_id": "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' ||"
    " substr(hex(randomblob(2)), 2) || '-a' || substr(hex(randomblob(2)), 2) || '-' ||"
    " hex(randomblob(6)))",
    "always": "'1970-01-01'",
    "ended_on": "date(\"ended_at\", '+8 hours')",
    "lately": "datetime('now', '-2 days')",
}


def counts(*, new_id: str, always: str, ended_on: str, lately: str) -> list[str]:
    """States, unread, closed lately. Lateness is filled by `services.cases.counts.fill_turns`."""
    into = 'INSERT INTO "cases_kept_count" ("id", "department", "name", "day", "slot", "number")'
    from_cases = ', 0, COUNT(*) FROM "cases_case" WHERE "submitted_at" IS NOT NULL'
    return [
        f'{into} SELECT {new_id}, "department", "state", {always}{from_cases}'
        ' GROUP BY "department", "state"',
        f'{into} SELECT {new_id}, "department", \'unread\', {always}{from_cases}'
        ' AND "has_unread" GROUP BY "department"',
        f'{into} SELECT {new_id}, "department", \'closed-on\', {ended_on}{from_cases}'
        f' AND "state" = \'closed\' AND "ended_at" >= {lately} GROUP BY "department", {ended_on}',
    ]


class Migration(migrations.Migration):
    dependencies = [('cases', '0009_protected_words')]

    initial = False

    operations = [
        ops.CreateModel(
            name='KeptCount',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('department', fields.CharField(max_length=20)),
                ('name', fields.CharField(max_length=24)),
                ('day', fields.DateField()),
                ('slot', fields.SmallIntField()),
                ('number', fields.IntField()),
            ],
            options={'table': 'cases_kept_count', 'app': 'cases', 'unique_together': (('department', 'name', 'day', 'slot'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.RemoveIndex(
            model_name='Case',
            name=None,
            fields=['department', 'state', 'due_on'],
        ),
        ops.RemoveIndex(
            model_name='Case',
            name=None,
            fields=['state', 'acceptance_due_on'],
        ),
        ops.RemoveIndex(
            model_name='Case',
            name=None,
            fields=['subject_id', 'updated_at'],
        ),
        UnindexColumn(
            model_name='Case',
            name='applicant_index',
            field=fields.CharField(max_length=64),
        ),
        UnindexColumn(
            model_name='Case',
            name='item_code',
            field=fields.CharField(max_length=50),
        ),
        UnindexColumn(
            model_name='Case',
            name='subject_id',
            field=fields.UUIDField(),
        ),
        ops.AddField(
            model_name='Case',
            name='has_unread',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Case',
            name='red_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Case',
            name='yellow_on',
            field=fields.DateField(null=True),
        ),
        ops.AddIndex(
            model_name='Case',
            index=Index(fields=['subject_id', 'updated_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['subject_id', 'updated_at', 'id'], name='idx_case_mine', where="state IN ('draft', 'supplement_requested')"),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['department', 'updated_at', 'id'], name='idx_case_moved', where='submitted_at IS NOT NULL'),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['updated_at', 'id'], name='idx_case_moved_city', where='submitted_at IS NOT NULL'),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['department', 'state', 'updated_at', 'id'], name='idx_case_state', where='submitted_at IS NOT NULL'),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['state', 'updated_at', 'id'], name='idx_case_state_city', where='submitted_at IS NOT NULL'),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['department', 'acceptance_due_on', 'submitted_at', 'id'], name='idx_case_accept', where="state = 'submitted'"),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['acceptance_due_on', 'submitted_at', 'id'], name='idx_case_accept_city', where="state = 'submitted'"),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['department', 'due_on', 'submitted_at', 'id'], name='idx_case_decide', where="state = 'accepted'"),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['due_on', 'submitted_at', 'id'], name='idx_case_decide_city', where="state = 'accepted'"),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['updated_at', 'id'], name='idx_case_unread', where='has_unread'),
        ),
        ops.AddIndex(
            model_name='Case',
            index=Index(fields=['item_code', 'updated_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Case',
            index=Index(fields=['applicant_index', 'updated_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['id'], name='idx_case_unlit', where="yellow_on IS NULL AND state IN ('submitted', 'accepted')"),
        ),
        Fill(postgres=[*UNREAD, *counts(**POSTGRES)], sqlite=[*UNREAD, *counts(**SQLITE)]),
    ]
