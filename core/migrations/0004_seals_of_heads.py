from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0003_blob_sweep')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Spent',
            fields=[
                ('digest', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('until', fields.BigIntField(db_index=True)),
            ],
            options={'table': 'core_spent', 'app': 'core', 'pk_attr': 'digest'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='AuditHead',
            name='mac',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
    ]
