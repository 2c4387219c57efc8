from tortoise import migrations
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    dependencies = [('wallet', '0006_use_record_keys')]

    initial = False

    operations = [
        ops.RemoveField(model_name='UseHead', name='changed_at'),
    ]
