from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('identity', '0005_phone_index')]

    initial = False

    operations = [
        ops.CreateModel(
            name='GuessCount',
            fields=[
                ('index', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('count', fields.IntField(default=0)),
                ('until', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_guess_count', 'app': 'identity', 'pk_attr': 'index'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SignInPlace',
            fields=[
                ('index', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('until', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_sign_in_place', 'app': 'identity', 'pk_attr': 'index'},
            bases=['Model'],
        ),
    ]
