from tortoise import migrations
from tortoise.migrations import operations as ops
from core.queue import IndexWhere
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0007_find_blobs')]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name='ContentCheck',
            name=None,
            fields=['state', 'due_at'],
        ),
        ops.AddField(
            model_name='ContentCheck',
            name='fence',
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='ContentCheck',
            name='held_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='ContentCheck',
            name='lost',
            field=fields.SmallIntField(default=0, db_default=0),
        ),
        ops.AddIndex(
            model_name='ContentCheck',
            index=IndexWhere(fields=['due_at', 'id'], name='idx_content_check_due', where="state IN ('waiting', 'asked')"),
        ),
    ]
