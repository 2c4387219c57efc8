from tortoise import migrations
from tortoise.migrations import operations as ops
from core.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('cases', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='FormSignature',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('case', fields.OneToOneField('cases.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='form_signature', on_delete=OnDelete.CASCADE)),
                ('digest', fields.CharField(max_length=64)),
                ('person_id', fields.UUIDField()),
                ('level', fields.SmallIntField()),
                ('by_certificate', fields.BooleanField()),
                ('signed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'cases_form_signature', 'app': 'cases', 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
