from tortoise import migrations
from tortoise.migrations import operations as ops
from core.data.altering import ProtectColumn
from core.protection.protect import ProtectedField

class Migration(migrations.Migration):
    dependencies = [('cases', '0008_content_check_queue')]

    initial = False

    operations = [
        ProtectColumn(
            model_name='Case',
            name='outcome_text',
            field=ProtectedField(null=True, generated=False, unique=False),
        ),
        ProtectColumn(
            model_name='Material',
            name='note',
            field=ProtectedField(null=True, generated=False, unique=False),
        ),
        ProtectColumn(
            model_name='MaterialFile',
            name='name',
            field=ProtectedField(generated=False, null=False, unique=False),
        ),
        ProtectColumn(
            model_name='Supplement',
            name='answer_note',
            field=ProtectedField(null=True, generated=False, unique=False),
        ),
        ProtectColumn(
            model_name='Supplement',
            name='note',
            field=ProtectedField(generated=False, null=False, unique=False),
        ),
        ops.AddField(
            model_name='Supplement',
            name='reasons',
            field=ProtectedField(null=True, generated=False, unique=False),
        ),
        ProtectColumn(
            model_name='TimelineEntry',
            name='text',
            field=ProtectedField(generated=False, null=False, unique=False),
        ),
        ProtectColumn(
            model_name='Upload',
            name='filename',
            field=ProtectedField(generated=False, null=False, unique=False),
        ),
        ProtectColumn(
            model_name='Upload',
            name='metadata',
            field=ProtectedField(null=True, generated=False, unique=False),
        ),
    ]
