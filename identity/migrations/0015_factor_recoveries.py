from tortoise import migrations
from tortoise.migrations import operations as ops
from core.clock import now
from core.ids import new_id
from identity.factors.tables import RecoveryState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0014_client_scopes')]

    initial = False

    operations = [
        ops.CreateModel(
            name='FactorRecovery',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('officer', fields.ForeignKeyField('identity.Officer', source_field='officer_id', db_constraint=True, to_field='id', related_name='factor_recoveries', on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(default=RecoveryState.ASKED, description='', enum_type=RecoveryState, max_length=12)),
                ('open_key', fields.CharField(null=True, unique=True, max_length=36)),
                ('asked_at', fields.DatetimeField(default=now, db_index=True, auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('first_by', fields.UUIDField(null=True)),
                ('second_by', fields.UUIDField(null=True)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_factor_recovery', 'app': 'identity', 'indexes': [Index(fields=['officer_id'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
