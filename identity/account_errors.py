"""Refusals of the accounts desk.

Problem
├── Invalid            InvalidPower, InvalidAbsence, InvalidDepartment, InvalidClientId
├── NotFound           PowerProposalNotFound, AbsenceNotFound, ClientNotFound
├── Conflict           OwnAccount, SecondKeeperNeeded, PowerProposalClosed, PowerProposalOpen,
│                      PowerChanged, OfficerEnded, OfficerWithoutPower, AbsenceOverlaps,
│                      DepartmentTaken, DepartmentInUse, DepartmentClosed, ClientTaken,
│                      ClientEnded
"""

from core.errors import Conflict, Invalid, NotFound


class InvalidPower(Invalid):
    """The detail says which roles, department or days do not go together."""

    slug = "invalid-power"
    title = "岗位、部门或任期不符合要求，请按提示修改"


class InvalidAbsence(Invalid):
    slug = "invalid-absence"
    title = "请假日期或代班人不符合要求，请按提示修改"


class InvalidDepartment(Invalid):
    slug = "invalid-department"
    title = "部门代码或统一社会信用代码不正确，请核对后修改"


class PowerProposalNotFound(NotFound):
    slug = "power-proposal-not-found"
    title = "没有找到这项授权申请，请刷新列表后再试"


class AbsenceNotFound(NotFound):
    slug = "absence-not-found"
    title = "没有找到这次请假，请刷新后再试"


class OwnAccount(Conflict):
    """Nobody gives, takes or resets anything of the own account: the last keeper stays."""

    slug = "own-account"
    title = "不能办理本人的账号，请由另一名账号管理员办理"


class SecondKeeperNeeded(Conflict):
    slug = "second-keeper-needed"
    title = "授权须由另一名账号管理员批准，申请人和被授权人都不能批准"


class PowerProposalClosed(Conflict):
    slug = "power-proposal-closed"
    title = "这项授权申请已经办结或过期，请刷新列表查看结果"


class PowerProposalOpen(Conflict):
    slug = "power-proposal-open"
    title = "这名工作人员已有一项待批准的申请，请先办结或撤回它"


class PowerChanged(Conflict):
    slug = "power-changed"
    title = "申请之后这名工作人员的权限已有变化，请撤回后重新申请"


class OfficerEnded(Conflict):
    slug = "officer-ended"
    title = "这名工作人员已停用，请先申请恢复其岗位"


class OfficerWithoutPower(Conflict):
    slug = "officer-without-power"
    title = "这个账号还没有获批的岗位，获批时会发放初始密码"


class AbsenceOverlaps(Conflict):
    slug = "absence-overlaps"
    title = "与已登记的请假日期重叠，请先修改或取消原来的请假"


class DepartmentTaken(Conflict):
    slug = "department-taken"
    title = "这个部门代码已经使用，请换一个代码"


class DepartmentInUse(Conflict):
    """Members `officers` and `counters`: how many still belong to it."""

    slug = "department-in-use"
    title = "部门还有在岗人员或窗口设备，请先调离或停用"


class DepartmentClosed(Conflict):
    slug = "department-closed"
    title = "这个部门已经撤销，请选择其他部门"


class ClientNotFound(NotFound):
    slug = "client-not-found"
    title = "没有找到这个接入系统，请刷新列表后再试"


class ClientTaken(Conflict):
    slug = "client-taken"
    title = "这个接入系统编号已经使用，请换一个编号"


class ClientEnded(Conflict):
    slug = "client-ended"
    title = "这个接入系统已停用，请重新登记一个接入系统"


class InvalidClientId(Invalid):
    slug = "invalid-client-id"
    title = "接入系统编号须为 3 至 40 位小写字母、数字或短横线，并以字母开头"
