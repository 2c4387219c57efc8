from tortoise import migrations
from tortoise.migrations import operations as ops
from core.ids import new_id
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('wallet', '0008_find_blobs')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Anchor',
            fields=[
                ('number', fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ('at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ('size', fields.IntField()),
                ('salt', fields.CharField(max_length=32)),
                ('root', fields.CharField(max_length=64)),
                ('entry_id', fields.BigIntField()),
                ('forgotten', fields.BooleanField(default=False)),
            ],
            options={'table': 'wallet_anchor', 'app': 'wallet', 'pk_attr': 'number'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AnchoredHead',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('anchor', fields.BigIntField()),
                ('place', fields.IntField()),
                ('log', fields.CharField(max_length=48)),
                ('n', fields.BigIntField()),
                ('digest', fields.CharField(max_length=64)),
            ],
            options={'table': 'wallet_anchored_head', 'app': 'wallet', 'unique_together': (('anchor', 'place'),), 'indexes': [Index(fields=['log', 'n'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CaseSaving',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('case_no', fields.CharField(max_length=50)),
                ('subject_id', fields.UUIDField(db_index=True)),
                ('materials', fields.IntField()),
            ],
            options={'table': 'wallet_case_saving', 'app': 'wallet', 'unique_together': (('case_no', 'subject_id'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='LogAlarm',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('kind', fields.CharField(max_length=20)),
                ('about', fields.CharField(max_length=80)),
                ('detail', fields.CharField(max_length=200)),
                ('open_key', fields.CharField(null=True, unique=True, max_length=110)),
                ('licence_id', fields.UUIDField(null=True, db_index=True)),
                ('found_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ('resolved_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('resolved_by', fields.CharField(default='', max_length=80)),
            ],
            options={'table': 'wallet_log_alarm', 'app': 'wallet', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Patrol',
            fields=[
                ('name', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=20)),
                ('after', fields.UUIDField(null=True)),
                ('begun_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('seen', fields.BigIntField(default=0)),
            ],
            options={'table': 'wallet_patrol', 'app': 'wallet', 'pk_attr': 'name'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SavingCount',
            fields=[
                ('shard', fields.SmallIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ('materials', fields.BigIntField()),
                ('cases', fields.BigIntField()),
            ],
            options={'table': 'wallet_saving_count', 'app': 'wallet', 'pk_attr': 'shard'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='LogEntry',
            name='leaf',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddIndex(
            model_name='LogEntry',
            index=Index(fields=['position', 'id']),
        ),
        ops.AddIndex(
            model_name='LogEntry',
            index=Index(fields=['leaf']),
        ),
        ops.AddField(
            model_name='UseHead',
            name='mac',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
        ops.AddField(
            model_name='UseHead',
            name='moved',
            field=fields.SmallIntField(null=True),
        ),
        ops.AddIndex(
            model_name='UseHead',
            index=Index(fields=['moved']),
        ),
        ops.AddIndex(
            model_name='UseRecord',
            index=Index(fields=['at']),
        ),
        ops.RunSQL(
            [
                'INSERT INTO "wallet_case_saving" ("case_no", "subject_id", "materials")'
                ' SELECT "case_no", "subject_id", COUNT(*) FROM "wallet_use_record"'
                " WHERE \"kind\" = 'case' GROUP BY \"case_no\", \"subject_id\"",
                'INSERT INTO "wallet_saving_count" ("shard", "materials", "cases")'
                ' SELECT 0, SUM("materials"), COUNT(DISTINCT "case_no")'
                ' FROM "wallet_case_saving" HAVING COUNT(*) > 0',
            ],
            reverse_sql=ops.RunSQL.noop,
        ),
    ]
