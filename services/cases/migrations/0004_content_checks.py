from tortoise import migrations
from tortoise.migrations import operations as ops
from core.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('cases', '0003_upload_metadata')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ContentCheck',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('cases.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='content_checks', on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharField(max_length=12)),
                ('file_id', fields.UUIDField(null=True)),
                ('held_in', fields.UUIDField(null=True)),
                ('person_id', fields.UUIDField()),
                ('platform', fields.CharField(max_length=16)),
                ('state', fields.CharField(max_length=12)),
                ('verdict', fields.CharField(null=True, max_length=12)),
                ('reference', fields.CharField(null=True, max_length=200)),
                ('attempts', fields.IntField(default=0)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'cases_content_check', 'app': 'cases', 'indexes': [Index(fields=['state', 'due_at']), Index(fields=['case_id', 'state'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
