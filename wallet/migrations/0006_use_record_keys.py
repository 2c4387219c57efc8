"""Keys of the log of uses that Tortoise loses on SQLite when it alters a column.

It makes the table anew there and forgets its unique constraint and its indexes (0004). On
PostgreSQL they are there under the same names.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("wallet", "0005_use_day_paths")]

    initial = False

    operations = [
        ops.RunSQL(
            [
                'CREATE UNIQUE INDEX IF NOT EXISTS "uid_wallet_use__subject_b88795"'
                ' ON "wallet_use_record" ("subject_id", "n")',
                'CREATE INDEX IF NOT EXISTS "idx_wallet_use__departm_e1da7d"'
                ' ON "wallet_use_record" ("department", "at")',
                'CREATE INDEX IF NOT EXISTS "idx_wallet_use__licence_649c8b"'
                ' ON "wallet_use_record" ("licence_id")',
            ],
            reverse_sql=ops.RunSQL.noop,
        ),
    ]
