from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('cases', '0006_pictures_of_materials')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='MaterialFile',
            index=Index(fields=['digest']),
        ),
        ops.AddIndex(
            model_name='MaterialFile',
            index=Index(fields=['thumbnail_digest']),
        ),
        ops.AddIndex(
            model_name='MaterialFile',
            index=Index(fields=['original_digest']),
        ),
        ops.AddIndex(
            model_name='MessagePicture',
            index=Index(fields=['digest']),
        ),
    ]
