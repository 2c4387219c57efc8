from tortoise import migrations
from tortoise.migrations import operations as ops
from core.data.altering import UnindexColumn
from core.queue import IndexWhere
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('wallet', '0015_statuses_beside_places')]

    initial = False

    operations = [
        UnindexColumn(
            model_name='Authorisation',
            name='grantee_department',
            field=fields.CharField(null=True, max_length=16),
        ),
        UnindexColumn(
            model_name='Authorisation',
            name='grantee_subject_id',
            field=fields.UUIDField(null=True),
        ),
        UnindexColumn(
            model_name='Authorisation',
            name='subject_id',
            field=fields.UUIDField(),
        ),
        ops.AddIndex(
            model_name='Authorisation',
            index=Index(fields=['subject_id', 'created_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Authorisation',
            index=Index(fields=['grantee_subject_id', 'state', 'ends_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Authorisation',
            index=Index(fields=['grantee_department', 'state', 'ends_at', 'id']),
        ),
        ops.RemoveIndex(
            model_name='Complaint',
            name=None,
            fields=['state', 'department'],
        ),
        UnindexColumn(
            model_name='Complaint',
            name='subject_id',
            field=fields.UUIDField(),
        ),
        ops.AddIndex(
            model_name='Complaint',
            index=Index(fields=['subject_id', 'made_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Complaint',
            index=Index(fields=['state', 'department', 'made_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Complaint',
            index=Index(fields=['state', 'made_at', 'id']),
        ),
        ops.AddIndex(
            model_name='IntakeBatch',
            index=Index(fields=['department', 'received_at', 'id']),
        ),
        ops.AddIndex(
            model_name='IntakeBatch',
            index=Index(fields=['received_at', 'id']),
        ),
        UnindexColumn(
            model_name='LogAlarm',
            name='found_at',
            field=fields.DatetimeField(auto_now=False, auto_now_add=False),
        ),
        ops.AddIndex(
            model_name='LogAlarm',
            index=IndexWhere(fields=['found_at', 'id'], name='idx_log_alarm_open', where='resolved_at IS NULL'),
        ),
        UnindexColumn(
            model_name='SealProposal',
            name='department',
            field=fields.CharField(max_length=16),
        ),
        ops.AddIndex(
            model_name='SealProposal',
            index=Index(fields=['state', 'proposed_at', 'id']),
        ),
        ops.AddIndex(
            model_name='SealProposal',
            index=Index(fields=['department', 'proposed_at', 'id']),
        ),
        ops.AddIndex(
            model_name='SealProposal',
            index=Index(fields=['proposed_at', 'id']),
        ),
        UnindexColumn(
            model_name='Verification',
            name='reader',
            field=fields.CharField(max_length=80),
        ),
        ops.AddIndex(
            model_name='Verification',
            index=Index(fields=['reader', 'at', 'id']),
        ),
    ]
