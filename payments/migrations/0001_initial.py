from tortoise import migrations
from tortoise.migrations import operations as ops
from core.clock import now
from core.ids import new_id
from payments.lifecycle import BillState, DifferenceKind, EntryKind, OrderState, RefundStep
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Bill',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('case_id', fields.UUIDField()),
                ('fee_code', fields.CharField(max_length=40)),
                ('subject_id', fields.UUIDField(db_index=True)),
                ('person_id', fields.UUIDField(db_index=True)),
                ('department', fields.CharField(max_length=20)),
                ('title', fields.CharField(max_length=120)),
                ('case_text', fields.CharField(max_length=60)),
                ('amount', fields.BigIntField()),
                ('state', fields.CharEnumField(default=BillState.DUE, description='', enum_type=BillState, max_length=12)),
                ('reserved', fields.BigIntField(default=0)),
                ('refunded', fields.BigIntField(default=0)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('paid_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('paid_by_order', fields.CharField(null=True, max_length=32)),
            ],
            options={'table': 'payments_bill', 'app': 'payments', 'unique_together': (('case_id', 'fee_code'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Entry',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='', enum_type=EntryKind, max_length=8)),
                ('number', fields.CharField(max_length=32)),
                ('provider', fields.CharField(max_length=24)),
                ('amount', fields.BigIntField()),
                ('day', fields.DateField()),
                ('written_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'payments_entry', 'app': 'payments', 'unique_together': (('kind', 'number'),), 'indexes': [Index(fields=['provider', 'day'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Order',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('order_no', fields.CharField(unique=True, max_length=32)),
                ('bill', fields.ForeignKeyField('payments.Bill', source_field='bill_id', db_constraint=True, to_field='id', related_name='orders', on_delete=OnDelete.RESTRICT)),
                ('provider', fields.CharField(max_length=24)),
                ('amount', fields.BigIntField()),
                ('state', fields.CharEnumField(default=OrderState.OPEN, description='', enum_type=OrderState, max_length=12)),
                ('surplus', fields.BooleanField(default=False)),
                ('transaction', fields.CharField(null=True, max_length=64)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('paid_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('asked', fields.SmallIntField(default=0)),
                ('ask_at', fields.DatetimeField(null=True, db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'payments_order', 'app': 'payments', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Refund',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('refund_no', fields.CharField(unique=True, max_length=32)),
                ('order', fields.ForeignKeyField('payments.Order', source_field='order_id', db_constraint=True, to_field='id', related_name='refunds', on_delete=OnDelete.RESTRICT)),
                ('amount', fields.BigIntField()),
                ('reason', fields.CharField(max_length=80)),
                ('state', fields.CharEnumField(default=RefundStep.ASKED, description='', enum_type=RefundStep, max_length=12)),
                ('asked_by', fields.CharField(max_length=80)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('done_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('asked', fields.SmallIntField(default=0)),
                ('ask_at', fields.DatetimeField(null=True, db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'payments_refund', 'app': 'payments', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Statement',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('provider', fields.CharField(max_length=24)),
                ('day', fields.DateField()),
                ('lines', fields.IntField()),
                ('paid', fields.BigIntField()),
                ('refunded', fields.BigIntField()),
                ('mended', fields.IntField(default=0)),
                ('compared_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'payments_statement', 'app': 'payments', 'unique_together': (('provider', 'day'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Difference',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('statement', fields.ForeignKeyField('payments.Statement', source_field='statement_id', db_constraint=True, to_field='id', related_name='differences', on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharEnumField(description='', enum_type=DifferenceKind, max_length=16)),
                ('number', fields.CharField(max_length=64)),
                ('ours', fields.BigIntField(null=True)),
                ('theirs', fields.BigIntField(null=True)),
            ],
            options={'table': 'payments_difference', 'app': 'payments', 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
