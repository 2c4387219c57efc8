"""A small made-up item, for rules that should not hang on the real catalogue."""

from typing import Any

import msgspec

from services.guides.definitions import Item


def item(**changes: Any) -> Item:
    """A valid item; `changes` replace whole parts of its YAML shape."""
    limit = {"value": 5, "unit": "workday"}
    shape: dict[str, Any] = {
        "code": "SJ-RSJ-99",
        "catalog_code": "312006099000",
        "impl_code": "11310117FAKE0006494312006099000",
        "handle_code": "11310117FAKE000649431200609900001",
        "name": "样例事项办理",
        "short_name": "样例",
        "item_type": "20",
        "dept": "RSJ",
        "use_level": "4",
        "audience": ["1"],
        "case_kind": "2",
        "approval_mode": "normal",
        "prereview": False,
        "statutory_limit": {"value": 20, "unit": "workday", "from": "accept"},
        "promised_limit": limit,
        "visits_max": 0,
        "online_depth": "4",
        "cross_scope": "city",
        "channels": ["mobile"],
        "window": "W-GR",
        "kiosk": False,
        "fee": {"charged": False},
        "result": {"name": "样例证", "licence": None, "action": None, "delivery": ["electronic"]},
        "line_system": "LS-HRSS",
        "legal_basis": ["样例条例第一条"],
        "conditions": ["年满十八周岁"],
        "special_procedures": [],
        "steps": [{"step": "receive", "name": "收件", "limit": {"value": 0, "unit": "instant"}}],
        "situations": [
            {
                "code": "S1",
                "question": "谁来办?",
                "multi": False,
                "options": [
                    {"value": "self", "label": "本人"},
                    {"value": "agent", "label": "代办"},
                    {"value": "never", "label": "都不是", "stop": "请到窗口咨询"},
                    {"value": "other", "label": "转别处", "goto": "SJ-GA-01"},
                    {
                        "value": "fast",
                        "label": "承诺",
                        "set": {
                            "approval_mode": "commitment",
                            "promised_limit": {"value": 0, "unit": "instant"},
                            "form.kind": "甲",
                        },
                    },
                ],
            },
            {
                "code": "S2",
                "question": "代办人是谁?",
                "multi": True,
                "when": [{"q": "S1", "in": ["agent"]}],
                "options": [{"value": "kin", "label": "亲属"}, {"value": "firm", "label": "机构"}],
            },
        ],
        "materials": [
            material("M01", source="system", replace=[{"by": "form"}]),
            material("M02", when=[{"q": "S1", "in": ["agent"]}]),
            material("M03", required=False),
        ],
        "form": [
            {"key": "name", "label": "姓名", "type": "string", "required": True},
            {
                "key": "kind",
                "label": "类别",
                "type": "enum",
                "required": True,
                "options": ["甲", "乙"],
            },
            {
                "key": "agent",
                "label": "代办人",
                "type": "string",
                "required": True,
                "when": [{"q": "S1", "in": ["agent"]}],
            },
        ],
        "faq": [],
        "tags": ["样例"],
        "consult": "12345",
        "supervise": "12345",
        "version": 1,
        "status": "published",
    }
    return msgspec.convert(shape | changes, Item)


def material(code: str, **changes: Any) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "code": code,
        "name": f"材料{code}",
        "required": True,
        "source": "applicant",
        "medium": "electronic",
        "originals": 1,
        "copies": 0,
        "accept": ["jpg", "pdf"],
        "camera": True,
        "max_mb": 10,
    }
    return shape | changes
