from tortoise import migrations
from tortoise.migrations import operations as ops
from core.queue import IndexWhere

class Migration(migrations.Migration):
    dependencies = [('core', '0005_asked_requests')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='Job',
            index=IndexWhere(fields=['done_at'], name='idx_job_done', where='done_at IS NOT NULL'),
        ),
    ]
