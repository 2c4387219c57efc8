from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from core.clock import now
from core.ids import new_id
from core.protection.protect import ProtectedField
from identity.models import RelationKind, State, SubjectKind
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='ClientApp',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('client_id', fields.CharField(unique=True, max_length=40)),
                ('name', fields.CharField(max_length=80)),
                ('secret', ProtectedField(generated=False, null=False, unique=False)),
                ('daily_quota', fields.IntField()),
                ('state', fields.CharEnumField(default=State.ACTIVE, description='', enum_type=State, max_length=8)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_client_app', 'app': 'identity', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Department',
            fields=[
                ('key', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ('name', fields.CharField(max_length=80)),
                ('short_name', fields.CharField(max_length=40)),
                ('credit_code', fields.CharField(max_length=18)),
            ],
            options={'table': 'identity_department', 'app': 'identity', 'pk_attr': 'key'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Counter',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('name', fields.CharField(max_length=40)),
                ('department', fields.ForeignKeyField('identity.Department', source_field='department_id', db_constraint=True, to_field='key', related_name='counters', on_delete=OnDelete.RESTRICT)),
                ('hall', fields.CharField(max_length=60)),
                ('public_key', fields.BinaryField()),
                ('state', fields.CharEnumField(default=State.ACTIVE, description='', enum_type=State, max_length=8)),
                ('enrolled_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_counter', 'app': 'identity', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='EnrolmentCode',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('code_digest', fields.CharField(unique=True, max_length=64)),
                ('department', fields.ForeignKeyField('identity.Department', source_field='department_id', db_constraint=True, to_field='key', related_name='enrolment_codes', on_delete=OnDelete.RESTRICT)),
                ('hall', fields.CharField(max_length=60)),
                ('issued_by', fields.CharField(max_length=60)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_enrolment_code', 'app': 'identity', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Officer',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('staff_no', fields.CharField(unique=True, max_length=32)),
                ('name', fields.CharField(max_length=40)),
                ('password_hash', fields.CharField(max_length=128)),
                ('roles', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('department', fields.ForeignKeyField('identity.Department', source_field='department_id', null=True, db_constraint=True, to_field='key', related_name='officers', on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(default=State.ACTIVE, description='', enum_type=State, max_length=8)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_officer', 'app': 'identity', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Session',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('token_digest', fields.CharField(unique=True, max_length=64)),
                ('kind', fields.CharField(max_length=8)),
                ('principal_id', fields.UUIDField(db_index=True)),
                ('acting_for', fields.UUIDField(null=True)),
                ('idle_seconds', fields.IntField()),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('last_seen_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_session', 'app': 'identity', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SignInAttempts',
            fields=[
                ('index', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('count', fields.SmallIntField(default=0)),
                ('until', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_sign_in_attempts', 'app': 'identity', 'pk_attr': 'index'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Subject',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='', enum_type=SubjectKind, max_length=16)),
                ('id_type', fields.CharField(max_length=3)),
                ('id_index', fields.CharField(max_length=64)),
                ('id_no', ProtectedField(generated=False, null=False, unique=False)),
                ('name', ProtectedField(generated=False, null=False, unique=False)),
                ('phone', ProtectedField(null=True, generated=False, unique=False)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_subject', 'app': 'identity', 'unique_together': (('id_type', 'id_index'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PlatformAccount',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('platform', fields.CharField(max_length=16)),
                ('user_index', fields.CharField(max_length=64)),
                ('user', ProtectedField(generated=False, null=False, unique=False)),
                ('subject', fields.ForeignKeyField('identity.Subject', source_field='subject_id', db_constraint=True, to_field='id', related_name='accounts', on_delete=OnDelete.RESTRICT)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('last_used_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_platform_account', 'app': 'identity', 'unique_together': (('platform', 'user_index'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Relation',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('person', fields.ForeignKeyField('identity.Subject', source_field='person_id', db_constraint=True, to_field='id', related_name='organisations', on_delete=OnDelete.RESTRICT)),
                ('organisation', fields.ForeignKeyField('identity.Subject', source_field='organisation_id', db_constraint=True, to_field='id', related_name='people', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharEnumField(description='', enum_type=RelationKind, max_length=24)),
                ('valid_from', fields.DateField()),
                ('valid_to', fields.DateField(null=True)),
            ],
            options={'table': 'identity_relation', 'app': 'identity', 'unique_together': (('person', 'organisation', 'kind'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
