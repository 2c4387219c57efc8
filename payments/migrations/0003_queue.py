from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('payments', '0002_order_payer')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Order',
            name='fence',
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Order',
            name='held_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Order',
            name='lost',
            field=fields.SmallIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Refund',
            name='fence',
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Refund',
            name='held_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Refund',
            name='lost',
            field=fields.SmallIntField(default=0, db_default=0),
        ),
    ]
