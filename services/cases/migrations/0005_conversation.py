from tortoise import migrations
from tortoise.migrations import operations as ops
from core.ids import new_id
from core.protection.protect import ProtectedField
from tortoise.fields.base import OnDelete
from uuid import uuid4
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('cases', '0004_content_checks')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Conversation',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('case', fields.OneToOneField('cases.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='conversation', on_delete=OnDelete.CASCADE)),
                ('length', fields.IntField(default=0)),
                ('applicant_read', fields.IntField(default=0)),
                ('office_read', fields.IntField(default=0)),
                ('applicant_unread', fields.IntField(default=0)),
                ('office_unread', fields.IntField(default=0, db_index=True)),
            ],
            options={'table': 'cases_conversation', 'app': 'cases', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Message',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('cases.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='messages', on_delete=OnDelete.CASCADE)),
                ('n', fields.IntField()),
                ('side', fields.CharField(max_length=12)),
                ('author_id', fields.UUIDField()),
                ('author_name', ProtectedField(generated=False, null=False, unique=False)),
                ('client_key', fields.CharField(max_length=64)),
                ('text', ProtectedField(generated=False, null=False, unique=False)),
                ('sent_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'cases_message', 'app': 'cases', 'unique_together': (('case', 'n'), ('author_id', 'client_key')), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MessagePicture',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('case', fields.ForeignKeyField('cases.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='message_pictures', on_delete=OnDelete.CASCADE)),
                ('message', fields.ForeignKeyField('cases.Message', source_field='message_id', null=True, db_constraint=True, to_field='id', related_name='pictures', on_delete=OnDelete.CASCADE)),
                ('place', fields.SmallIntField(default=0)),
                ('media_type', fields.CharField(max_length=60)),
                ('size', fields.BigIntField()),
                ('digest', fields.CharField(max_length=64)),
                ('uploaded_by', fields.UUIDField()),
                ('created_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'cases_message_picture', 'app': 'cases', 'indexes': [Index(fields=['message_id', 'place']), Index(fields=['case_id'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
