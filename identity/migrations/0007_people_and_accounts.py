from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0006_guesses_and_places')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='PlatformAccount',
            index=Index(fields=['subject_id']),
        ),
        ops.AddIndex(
            model_name='Relation',
            index=Index(fields=['organisation_id', 'kind']),
        ),
    ]
