from tortoise import migrations
from tortoise.migrations import operations as ops
import datetime
from core.queue import IndexWhere
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Job',
            fields=[
                ('due_at', fields.DatetimeField(default=datetime.datetime.fromisoformat('2000-01-01T00:00:00+00:00'), auto_now=False, auto_now_add=False)),
                ('attempts', fields.SmallIntField(default=0)),
                ('fence', fields.BigIntField(default=0, db_default=0)),
                ('lost', fields.SmallIntField(default=0, db_default=0)),
                ('held_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('kind', fields.CharField(max_length=40)),
                ('ref', fields.CharField(max_length=80)),
                ('key', fields.CharField(max_length=80)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('done_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('parked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_error', fields.CharField(null=True, max_length=200)),
            ],
            options={'table': 'core_job', 'app': 'core', 'unique_together': (('kind', 'ref'),), 'indexes': [IndexWhere(fields=['due_at', 'id'], name='idx_job_due', where='done_at IS NULL AND parked_at IS NULL'), IndexWhere(fields=['key', 'id'], name='idx_job_key', where='done_at IS NULL')], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='OutboxMessage',
            name='fence',
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='OutboxMessage',
            name='held_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='OutboxMessage',
            name='lost',
            field=fields.SmallIntField(default=0, db_default=0),
        ),
        ops.AddIndex(
            model_name='OutboxMessage',
            index=IndexWhere(fields=['due_at', 'id'], name='idx_outbox_due', where='done_at IS NULL AND parked_at IS NULL'),
        ),
        ops.AddIndex(
            model_name='OutboxMessage',
            index=IndexWhere(fields=['key', 'id'], name='idx_outbox_key', where='done_at IS NULL'),
        ),
        ops.AddIndex(
            model_name='OutboxMessage',
            index=IndexWhere(fields=['id'], name='idx_outbox_parked', where='done_at IS NULL AND parked_at IS NOT NULL'),
        ),
    ]
