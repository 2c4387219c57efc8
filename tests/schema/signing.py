"""Signs each request of a counter or a client system just before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from requests import PreparedRequest
from requests.auth import AuthBase

Headers = Callable[[str, str, bytes], Mapping[str, str]]


class Signed(AuthBase):
    """`headers` gives what stands beside a request of this method, target and body."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        data = body.encode() if isinstance(body, str) else bytes(body)
        request.headers.update(self._headers(request.method or "GET", request.path_url, data))
        return request
