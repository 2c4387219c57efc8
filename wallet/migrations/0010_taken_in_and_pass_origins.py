from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('wallet', '0009_anchors')]

    initial = False

    operations = [
        ops.CreateModel(
            name='PassOrigin',
            fields=[
                ('pass_id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ('session_id', fields.UUIDField(null=True)),
                ('person_id', fields.UUIDField()),
                ('subject_id', fields.UUIDField()),
                ('key_digest', fields.CharField(default='', max_length=64)),
                ('ends_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'wallet_pass_origin', 'app': 'wallet', 'pk_attr': 'pass_id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='TakenInNotice',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('licence_id', fields.UUIDField(unique=True)),
            ],
            options={'table': 'wallet_taken_in_notice', 'app': 'wallet', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='IntakeBatch',
            name='decided_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='IntakeBatch',
            name='decided_by',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='Licence',
            name='taken_in_as',
            field=fields.CharField(default='', db_default='', max_length=10),
        ),
        ops.AddField(
            model_name='Licence',
            name='vouched_by',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
    ]
