from tortoise import migrations
from tortoise.migrations import operations as ops
from core.queue import IndexWhere

class Migration(migrations.Migration):
    dependencies = [('cases', '0013_own_by_state')]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name='Case',
            name=None,
            fields=['item_code', 'updated_at', 'id'],
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['item_code', 'updated_at', 'id'], name='idx_case_item_moved', where='submitted_at IS NOT NULL'),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['item_code', 'state', 'updated_at', 'id'], name='idx_case_item_state', where='submitted_at IS NOT NULL'),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['item_code', 'acceptance_due_on', 'submitted_at', 'id'], name='idx_case_item_accept', where="state = 'submitted'"),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['item_code', 'due_on', 'submitted_at', 'id'], name='idx_case_item_decide', where="state = 'accepted'"),
        ),
        ops.AddIndex(
            model_name='Case',
            index=IndexWhere(fields=['item_code', 'updated_at', 'id'], name='idx_case_item_unread', where='has_unread'),
        ),
    ]
