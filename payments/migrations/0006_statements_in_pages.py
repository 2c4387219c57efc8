from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('payments', '0005_pages')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='Bill',
            index=Index(fields=['subject_id', 'state', 'created_at', 'id']),
        ),
        ops.RemoveIndex(
            model_name='Difference',
            name=None,
            fields=['statement_id'],
        ),
        ops.AddIndex(
            model_name='Difference',
            index=Index(fields=['statement_id', 'number', 'id']),
        ),
        ops.AddField(
            model_name='Statement',
            name='differing',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.RunSQL(
            'UPDATE "payments_statement" SET "differing" = (SELECT COUNT(*)'
            ' FROM "payments_difference" WHERE "statement_id" = "payments_statement"."id")',
            reverse_sql=ops.RunSQL.noop,
        ),
        ops.AddIndex(
            model_name='Statement',
            index=Index(fields=['day', 'provider']),
        ),
    ]
