from tortoise import migrations
from core.data.altering import Fill

# Clocks of what still runs; ended cases keep their dates in their own row. Where the limit is not
# known any more (pauses of before are lost in the date), the day itself is the limit. Calendar 0 is
# behind every calendar: all are counted, and get their next mark, by the job after `migrate`.
INTO = (
    'INSERT INTO "core_clock" ("owner_kind", "owner_id", "kind", "n", "department", "started_on",'
    ' "limit_value", "limit_unit", "limit_on", "extension", "due_on", "state", "basis", "calendar",'
    ' "fence")'
)
RUNNING = (
    "(\"state\" = 'accepted' OR (\"state\" = 'supplement_requested'"
    " AND \"state_before_supplement\" = 'accepted'))"
)
STATE = "CASE WHEN \"state\" = 'accepted' THEN 'running' ELSE 'paused' END"


def decided(kind: str, column: str, basis: str) -> str:
    return (
        f"{INTO} SELECT 'case', \"id\", '{kind}', 1, \"department\","
        f' COALESCE("accepted_on", "received_on"), 0, \'date\', "{column}", 0, "{column}", {STATE},'
        f" '{basis}', 0, 0 FROM \"cases_case\" WHERE {RUNNING} AND \"{column}\" IS NOT NULL"
        ' AND COALESCE("accepted_on", "received_on") IS NOT NULL'
    )


CLOCKS = [
    f"{INTO} SELECT 'case', \"id\", 'acceptance', 1, \"department\", \"received_on\", 5, 'workday',"
    " NULL, 0, \"acceptance_due_on\", 'running', '行政许可法第三十二条', 0, 0 FROM \"cases_case\""
    " WHERE \"state\" = 'submitted' AND \"received_on\" IS NOT NULL"
    ' AND "acceptance_due_on" IS NOT NULL',
    decided("promise", "due_on", "承诺办结时限"),
    decided("statute", "statutory_due_on", "法定办结时限"),
    f"{INTO} SELECT 'supplement', s.\"id\", 'answer', 1, c.\"department\","
    ' COALESCE(c."paused_on", c."received_on", s."due_on"), 0, \'date\', s."due_on", 0, s."due_on",'
    " 'running', '补正通知', 0, 0 FROM \"cases_supplement\" s"
    ' JOIN "cases_case" c ON c."id" = s."case_id"'
    " WHERE s.\"state\" = 'open' AND c.\"state\" = 'supplement_requested'",
    'INSERT INTO "core_clock_pause" ("clock_id", "cause", "from_on", "open_of")'
    " SELECT k.\"id\", 'supplement', COALESCE(c.\"paused_on\", k.\"started_on\"), k.\"id\""
    ' FROM "core_clock" k JOIN "cases_case" c ON c."id" = k."owner_id"'
    " WHERE k.\"owner_kind\" = 'case' AND k.\"state\" = 'paused'",
]


class Migration(migrations.Migration):
    dependencies = [('cases', '0015_indexes_of_what_is_due'), ('core', '0008_clocks')]

    initial = False

    operations = [Fill(postgres=CLOCKS, sqlite=CLOCKS)]
