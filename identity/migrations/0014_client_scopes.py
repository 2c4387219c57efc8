from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from core.protection.protect import ProtectedField
from json import dumps, loads
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('identity', '0013_sign_ins_in_pages')]

    initial = False

    operations = [
        ops.AddField(
            model_name='ClientApp',
            name='former_secret',
            field=ProtectedField(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='ClientApp',
            name='former_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='ClientApp',
            name='scopes',
            field=fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
    ]
