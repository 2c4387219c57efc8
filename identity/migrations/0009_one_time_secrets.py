from tortoise import migrations
from tortoise.migrations import operations as ops
from core.clock import now
from core.ids import new_id
from core.protection.protect import ProtectedField
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('identity', '0008_first_officer')]

    initial = False

    operations = [
        ops.CreateModel(
            name='OneTimeSecret',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('officer', fields.OneToOneField('identity.Officer', source_field='officer_id', db_constraint=True, to_field='id', related_name='one_time_secret', on_delete=OnDelete.RESTRICT)),
                ('secret', ProtectedField(generated=False, null=False, unique=False)),
                ('last_step', fields.BigIntField()),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('last_used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_one_time_secret', 'app': 'identity', 'pk_attr': 'id'},
            bases=['ProtectedModel'],
        ),
    ]
