from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from core.clock import now
from core.ids import new_id
from identity.delegation_models import DelegationState
from json import dumps, loads
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0011_accounts_desk')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Delegation',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('no', fields.CharField(unique=True, max_length=20)),
                ('ground', fields.CharField(max_length=8)),
                ('delegator', fields.CharField(max_length=16)),
                ('delegate_kind', fields.CharField(max_length=12)),
                ('delegate_key', fields.CharField(max_length=40)),
                ('items', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('powers', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('since', fields.DateField()),
                ('until', fields.DateField()),
                ('document_no', fields.CharField(max_length=80)),
                ('document', fields.CharField(max_length=64)),
                ('state', fields.CharEnumField(default=DelegationState.PROPOSED, description='', enum_type=DelegationState, max_length=12)),
                ('proposed_by', fields.UUIDField()),
                ('proposed_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('settled_by', fields.UUIDField(null=True)),
                ('published_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_by', fields.UUIDField(null=True)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('reason', fields.CharField(default='', db_default='', max_length=300)),
            ],
            options={'table': 'identity_delegation', 'app': 'identity', 'indexes': [Index(fields=['state', 'until', 'id']), Index(fields=['delegator', 'proposed_at', 'id']), Index(fields=['delegate_kind', 'delegate_key', 'proposed_at', 'id']), Index(fields=['proposed_at', 'id'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DelegationStamp',
            fields=[
                ('name', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=8)),
                ('stamp', fields.CharField(max_length=36)),
            ],
            options={'table': 'identity_delegation_stamp', 'app': 'identity', 'pk_attr': 'name'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DelegationYear',
            fields=[
                ('year', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=4)),
                ('given', fields.IntField(default=0)),
            ],
            options={'table': 'identity_delegation_year', 'app': 'identity', 'pk_attr': 'year'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Officer',
            name='person_id',
            field=fields.UUIDField(null=True),
        ),
    ]
