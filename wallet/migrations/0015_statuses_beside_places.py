from tortoise import migrations
from tortoise.migrations import operations as ops
from core.queue import IndexWhere
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('wallet', '0014_pages')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='Anchor',
            index=IndexWhere(fields=['at'], name='idx_anchor_kept', where='forgotten = false'),
        ),
        ops.AddIndex(
            model_name='LogEntry',
            index=IndexWhere(fields=['id'], name='idx_log_entry_anchor', where="kind = 'anchor'"),
        ),
        ops.AddField(
            model_name='StatusEntry',
            name='status',
            field=fields.SmallIntField(default=0, db_default=0),
        ),
        ops.RunSQL(
            # The stored states that readers are told of: wallet/register/listed.py.
            'UPDATE "wallet_status_entry" SET "status" = CASE ('
            'SELECT "state" FROM "wallet_licence" WHERE "id" = "licence_id")'
            " WHEN 'suspended' THEN 2 WHEN 'superseded' THEN 3 ELSE 1 END"
            ' WHERE "licence_id" IN (SELECT "id" FROM "wallet_licence" WHERE "state" IN'
            " ('suspended', 'revoked', 'withdrawn', 'cancelled', 'superseded'))",
            reverse_sql=ops.RunSQL.noop,
        ),
        ops.AddIndex(
            model_name='StatusEntry',
            index=IndexWhere(fields=['list_no', 'place'], name='idx_status_entry_changed', where='status > 0'),
        ),
    ]
