from tortoise import migrations
from tortoise.migrations import operations as ops
from core.data.altering import ProtectColumn
from core.protection.protect import ProtectedField

class Migration(migrations.Migration):
    dependencies = [('wallet', '0011_remind_on')]

    initial = False

    operations = [
        ProtectColumn(
            model_name='AnnotatedCopy',
            name='made_for',
            field=ProtectedField(generated=False, null=False, unique=False),
        ),
        ProtectColumn(
            model_name='Complaint',
            name='answer',
            field=ProtectedField(default='', generated=False, null=False, unique=False),
        ),
        ProtectColumn(
            model_name='Complaint',
            name='text',
            field=ProtectedField(generated=False, null=False, unique=False),
        ),
        ProtectColumn(
            model_name='StateChange',
            name='cause',
            field=ProtectedField(generated=False, null=False, unique=False),
        ),
    ]
