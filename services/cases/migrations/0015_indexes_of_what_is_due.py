from tortoise import migrations
from tortoise.migrations import operations as ops
from core.queue import IndexWhere
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('cases', '0014_delegated_lists')]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name='Case',
            name='idx_case_unlit',
            fields=None,
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['id'], name='idx_case_unlit_clock', where="yellow_on IS NULL AND (state = 'submitted' AND acceptance_due_on IS NOT NULL OR state = 'accepted' AND due_on IS NOT NULL)"),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['updated_at'], name='idx_case_draft', where='submitted_at IS NULL'),
        ),
        ops.RemoveIndex(
            model_name='Supplement',
            name=None,
            fields=['state', 'due_on'],
        ),
        ops.AddIndex(
            model_name='Supplement',
            index=Index(fields=['state', 'due_on', 'id']),
        ),
    ]
