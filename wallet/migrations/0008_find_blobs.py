from tortoise import migrations
from tortoise.migrations import operations as ops
from core.ids import new_id
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('wallet', '0007_use_head_without_time')]

    initial = False

    operations = [
        ops.CreateModel(
            name='LicencePicture',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('licence_id', fields.UUIDField(db_index=True)),
                ('digest', fields.CharField(db_index=True, max_length=64)),
            ],
            options={'table': 'wallet_licence_picture', 'app': 'wallet', 'unique_together': (('licence_id', 'digest'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddIndex(
            model_name='AnnotatedCopy',
            index=Index(fields=['document']),
        ),
        ops.AddIndex(
            model_name='AnnotatedCopy',
            index=Index(fields=['licence_document']),
        ),
        ops.AddIndex(
            model_name='IntakeBatch',
            index=Index(fields=['digest']),
        ),
    ]
