from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0006_pictures_of_materials')]

    initial = False

    operations = [
        ops.AlterField(
            model_name='MaterialFile',
            name='digest',
            field=fields.CharField(db_index=True, max_length=64),
        ),
        ops.AlterField(
            model_name='MaterialFile',
            name='original_digest',
            field=fields.CharField(null=True, db_index=True, max_length=64),
        ),
        ops.AlterField(
            model_name='MaterialFile',
            name='thumbnail_digest',
            field=fields.CharField(null=True, db_index=True, max_length=64),
        ),
        ops.AlterField(
            model_name='MessagePicture',
            name='digest',
            field=fields.CharField(db_index=True, max_length=64),
        ),
    ]
