from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from core.clock import now
from core.ids import new_id
from core.protection.protect import ProtectedField
from json import dumps, loads
from wallet.models import SealState, VerificationKind
from wallet.types.validity import LicenceState
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='IssueGrant',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('case_id', fields.UUIDField()),
                ('copy', fields.SmallIntField(default=1)),
                ('number', ProtectedField(generated=False, null=False, unique=False)),
                ('identifier', fields.CharField(max_length=100)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'wallet_issue_grant', 'app': 'wallet', 'unique_together': (('case_id', 'copy'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Licence',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('case_id', fields.UUIDField(null=True)),
                ('copy', fields.SmallIntField(default=1)),
                ('licence_type', fields.CharField(max_length=8)),
                ('subject_id', fields.UUIDField(db_index=True)),
                ('holder_id_type', fields.CharField(max_length=3)),
                ('holder_id_no', ProtectedField(generated=False, null=False, unique=False)),
                ('holder_index', fields.CharField(db_index=True, max_length=64)),
                ('holder_name', ProtectedField(generated=False, null=False, unique=False)),
                ('number', ProtectedField(generated=False, null=False, unique=False)),
                ('number_index', fields.CharField(db_index=True, max_length=64)),
                ('identifier', fields.CharField(unique=True, max_length=100)),
                ('version', fields.SmallIntField()),
                ('facts', ProtectedField(generated=False, null=False, unique=False)),
                ('issued_on', fields.DateField()),
                ('valid_to', fields.DateField(null=True)),
                ('state', fields.CharEnumField(default=LicenceState.VALID, description='', enum_type=LicenceState, max_length=12)),
                ('department', fields.CharField(max_length=16)),
                ('document', fields.CharField(db_index=True, max_length=64)),
                ('previous_id', fields.UUIDField(null=True, unique=True)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'wallet_licence', 'app': 'wallet', 'unique_together': (('case_id', 'copy'),), 'indexes': [Index(fields=['subject_id', 'licence_type'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='NumberCounter',
            fields=[
                ('name', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=60)),
                ('following', fields.BigIntField()),
            ],
            options={'table': 'wallet_number_counter', 'app': 'wallet', 'pk_attr': 'name'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Seal',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('department', fields.CharField(db_index=True, max_length=16)),
                ('key_id', fields.CharField(max_length=80)),
                ('name', fields.CharField(max_length=80)),
                ('seal', fields.BinaryField()),
                ('certificate', fields.BinaryField()),
                ('digest', fields.CharField(unique=True, max_length=64)),
                ('state', fields.CharEnumField(default=SealState.ACTIVE, description='', enum_type=SealState, max_length=10)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'wallet_seal', 'app': 'wallet', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='StateChange',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('licence_id', fields.UUIDField(db_index=True)),
                ('before', fields.CharEnumField(description='', enum_type=LicenceState, max_length=12)),
                ('after', fields.CharEnumField(description='', enum_type=LicenceState, max_length=12)),
                ('cause', fields.CharField(max_length=200)),
                ('authority', fields.CharField(max_length=80)),
                ('document_no', fields.CharField(max_length=80)),
                ('by', fields.CharField(max_length=80)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'wallet_state_change', 'app': 'wallet', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Verification',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='', enum_type=VerificationKind, max_length=10)),
                ('at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ('licence_id', fields.UUIDField(null=True, db_index=True)),
                ('subject_id', fields.UUIDField(null=True, db_index=True)),
                ('verdict', fields.CharField(max_length=12)),
                ('reasons', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('checks', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('report', fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('reader', fields.CharField(db_index=True, max_length=80)),
                ('reader_name', fields.CharField(max_length=80)),
                ('department', fields.CharField(null=True, max_length=16)),
                ('hall', fields.CharField(default='', max_length=60)),
                ('purpose', fields.CharField(default='', max_length=200)),
                ('item_code', fields.CharField(null=True, max_length=40)),
                ('presentation', fields.CharField(null=True, max_length=64)),
                ('request_key', fields.CharField(null=True, max_length=200)),
                ('digest', fields.CharField(null=True, max_length=64)),
            ],
            options={'table': 'wallet_verification', 'app': 'wallet', 'unique_together': (('reader', 'presentation'), ('reader', 'request_key')), 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
