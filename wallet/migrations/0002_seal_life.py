from tortoise import migrations
from tortoise.migrations import operations as ops
from core.ids import new_id
from wallet.models import ProposalState
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('wallet', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SealProposal',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('department', fields.CharField(db_index=True, max_length=16)),
                ('name', fields.CharField(max_length=80)),
                ('valid_to', fields.DateField()),
                ('replaces_id', fields.UUIDField(null=True)),
                ('cause', fields.CharField(max_length=200)),
                ('state', fields.CharEnumField(default=ProposalState.OPEN, description='', enum_type=ProposalState, max_length=10)),
                ('proposed_by', fields.UUIDField()),
                ('proposed_name', fields.CharField(max_length=80)),
                ('proposed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('decided_by', fields.UUIDField(null=True)),
                ('decided_name', fields.CharField(default='', max_length=80)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('seal_id', fields.UUIDField(null=True)),
            ],
            options={'table': 'wallet_seal_proposal', 'app': 'wallet', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Seal',
            name='state_by',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='Seal',
            name='uses',
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.RunSQL(
            "UPDATE wallet_seal SET state = 'frozen' WHERE state = 'suspended'",
            reverse_sql="UPDATE wallet_seal SET state = 'suspended' WHERE state = 'frozen'",
        ),
    ]
