from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('payments', '0003_queue')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='Bill',
            index=Index(fields=['created_at']),
        ),
        ops.AddIndex(
            model_name='Difference',
            index=Index(fields=['statement_id']),
        ),
        ops.AddIndex(
            model_name='Order',
            index=Index(fields=['bill_id', 'created_at']),
        ),
        ops.AddIndex(
            model_name='Refund',
            index=Index(fields=['order_id', 'created_at']),
        ),
    ]
