from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0002_queue')]

    initial = False

    operations = [
        ops.CreateModel(
            name='BlobSweep',
            fields=[
                ('id', fields.SmallIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('prefix', fields.SmallIntField()),
            ],
            options={'table': 'core_blob_sweep', 'app': 'core', 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
