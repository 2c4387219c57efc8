from tortoise import migrations
from tortoise.migrations import operations as ops
from core.protection.protect import ProtectedField
from uuid import uuid4
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0004_seals_of_heads')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AskedRequest',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('asked_by', fields.CharField(max_length=160)),
                ('digest', fields.CharField(max_length=64)),
                ('result', ProtectedField(generated=False, null=False, unique=False)),
                ('at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_asked_request', 'app': 'core', 'pk_attr': 'id'},
            bases=['ProtectedModel'],
        ),
    ]
