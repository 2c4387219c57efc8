from tortoise import migrations
from tortoise.migrations import operations as ops
from core.clock import now
from core.ids import new_id
from identity.representative_models import RepresentationState
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0015_factor_recoveries')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Representation',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('organisation_id', fields.UUIDField()),
                ('person_id', fields.UUIDField()),
                ('way', fields.CharField(max_length=12)),
                ('document_no', fields.CharField(max_length=80)),
                ('state', fields.CharEnumField(description='', enum_type=RepresentationState, max_length=8)),
                ('recorded_by', fields.CharField(max_length=80)),
                ('agreed_by', fields.CharField(db_default='', max_length=80)),
                ('recorded_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('since_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('open_of', fields.UUIDField(null=True, unique=True)),
            ],
            options={'table': 'identity_representation', 'app': 'identity', 'indexes': [Index(fields=['organisation_id', 'recorded_at', 'id']), Index(fields=['state', 'recorded_at', 'id'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
