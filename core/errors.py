"""Errors that a caller can act on, in the words of RFC 9457 (problem details).

    Problem
    ├── Malformed        400   the request itself cannot be read
    ├── Unauthenticated  401   sign in first
    ├── Forbidden        403   signed in, but not allowed
    ├── NotFound         404   or not yours: the answer is the same
    ├── Conflict         409   the state has moved on
    ├── Gone             410   it was here once
    ├── TooLarge         413
    ├── Unsupported      415
    ├── Invalid          422   readable, but the content is wrong
    ├── TooMany          429
    └── Unavailable      503   try again later

Packages subclass a kind and give `slug` (English, never changes) and `title` (Chinese, says what to
do next). Every slug is described in docs/problems.md; a test keeps the two in step.
"""

from __future__ import annotations

from typing import ClassVar


class Problem(Exception):
    """An expected refusal. `detail` is for this occurrence, `members` become extension members."""

    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "系统出错了，请稍后再试"
    status: ClassVar[int] = 500

    def __init__(self, detail: str | None = None, **members: object) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.members = members


class Malformed(Problem):
    slug = "malformed-request"
    title = "请求无法识别，请刷新页面后重试"
    status = 400


class Unauthenticated(Problem):
    slug = "sign-in-required"
    title = "请先登录"
    status = 401


class Forbidden(Problem):
    slug = "forbidden"
    title = "您没有办理这项操作的权限"
    status = 403


class NotFound(Problem):
    slug = "not-found"
    title = "没有找到您要的内容，请核对后再试"
    status = 404


class Conflict(Problem):
    slug = "conflict"
    title = "内容已经有变化，请刷新后再试"
    status = 409


class Gone(Problem):
    slug = "gone"
    title = "这项内容已经失效，请重新开始"
    status = 410


class TooLarge(Problem):
    slug = "too-large"
    title = "文件太大，请压缩后再上传"
    status = 413


class Unsupported(Problem):
    slug = "unsupported-media-type"
    title = "不支持这种内容类型"
    status = 415


class Invalid(Problem):
    slug = "invalid"
    title = "填写的内容有误，请按提示修改"
    status = 422


class TooMany(Problem):
    slug = "too-many-requests"
    title = "操作太频繁，请稍后再试"
    status = 429


class Unavailable(Problem):
    slug = "unavailable"
    title = "服务暂时不可用，请稍后再试"
    status = 503
