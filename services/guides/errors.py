"""Why a guide refuses.

Invalid        InvalidCatalogue  UnknownQuestion  UnknownOption  InvalidAnswers
NotFound       ItemNotFound  ThemeNotFound
"""

from core.errors import Invalid, NotFound


class InvalidCatalogue(Invalid):
    slug = "invalid-catalogue"
    title = "事项目录有误，请按提示改正后再加载"


class UnknownQuestion(Invalid):
    slug = "unknown-question"
    title = "没有这个情形问题，请刷新办事指南后重新选择"


class UnknownOption(Invalid):
    slug = "unknown-option"
    title = "没有这个选项，请刷新办事指南后重新选择"


class InvalidAnswers(Invalid):
    slug = "invalid-answers"
    title = "单选问题只能选择一项，请重新选择"


class ItemNotFound(NotFound):
    slug = "item-not-found"
    title = "没有找到这个事项，请从事项目录重新进入"


class ThemeNotFound(NotFound):
    slug = "theme-not-found"
    title = "没有找到这个主题，请从首页重新进入"
