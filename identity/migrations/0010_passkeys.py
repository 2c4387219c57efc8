from tortoise import migrations
from tortoise.migrations import operations as ops
from core.clock import now
from core.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0009_one_time_secrets')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Passkey',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('officer', fields.ForeignKeyField('identity.Officer', source_field='officer_id', db_constraint=True, to_field='id', related_name='passkeys', on_delete=OnDelete.RESTRICT)),
                ('digest', fields.CharField(unique=True, max_length=64)),
                ('credential_id', fields.BinaryField()),
                ('public_key', fields.BinaryField()),
                ('sign_count', fields.BigIntField()),
                ('name', fields.CharField(max_length=40)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('last_used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('locked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_passkey', 'app': 'identity', 'indexes': [Index(fields=['officer_id'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
