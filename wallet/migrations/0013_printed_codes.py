from tortoise import migrations
from tortoise.migrations import operations as ops
from core.protection.protect import ProtectedField

class Migration(migrations.Migration):
    dependencies = [('wallet', '0012_protected_words')]

    initial = False

    operations = [
        ops.AddField(
            model_name='PrintedCode',
            name='mac',
            field=ProtectedField(null=True, generated=False, unique=False),
        ),
    ]
