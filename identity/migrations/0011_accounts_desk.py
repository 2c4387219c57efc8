from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from core.clock import now
from core.ids import new_id
from core.protection.protect import ProtectedField
from identity.account_tables import PowerProposalKind, PowerProposalState
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0010_passkeys')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Absence',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('officer', fields.ForeignKeyField('identity.Officer', source_field='officer_id', db_constraint=True, to_field='id', related_name='absences', on_delete=OnDelete.RESTRICT)),
                ('substitute', fields.ForeignKeyField('identity.Officer', source_field='substitute_id', null=True, db_constraint=True, to_field='id', related_name='stands_in', on_delete=OnDelete.RESTRICT)),
                ('from_on', fields.DateField()),
                ('to_on', fields.DateField()),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_absence', 'app': 'identity', 'indexes': [Index(fields=['officer_id', 'to_on']), Index(fields=['substitute_id', 'to_on'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PowerProposal',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('officer', fields.ForeignKeyField('identity.Officer', source_field='officer_id', db_constraint=True, to_field='id', related_name='proposals', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharEnumField(description='', enum_type=PowerProposalKind, max_length=8)),
                ('before', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('after', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('cause', ProtectedField(generated=False, null=False, unique=False)),
                ('state', fields.CharEnumField(default=PowerProposalState.OPEN, description='', enum_type=PowerProposalState, max_length=9)),
                ('open_of', fields.UUIDField(null=True, unique=True)),
                ('proposed_by', fields.UUIDField(db_index=True)),
                ('proposed_name', fields.CharField(max_length=40)),
                ('proposed_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('lapses_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('decided_name', fields.CharField(default='', max_length=40)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('answer', ProtectedField(null=True, generated=False, unique=False)),
            ],
            options={'table': 'identity_power_proposal', 'app': 'identity', 'indexes': [Index(fields=['officer_id', 'proposed_at']), Index(fields=['state', 'proposed_at', 'id']), Index(fields=['proposed_at', 'id'])], 'pk_attr': 'id'},
            bases=['ProtectedModel'],
        ),
        ops.AddField(
            model_name='Department',
            name='by_hand',
            field=fields.BooleanField(db_default=False),
        ),
        ops.AddField(
            model_name='Department',
            name='closed_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Officer',
            name='locked_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Officer',
            name='title',
            field=fields.CharField(db_default='', max_length=40),
        ),
        ops.AddField(
            model_name='Officer',
            name='valid_from',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Officer',
            name='valid_to',
            field=fields.DateField(null=True),
        ),
    ]
