"""Who may call a handler. Every route carries exactly one guard and thereby its `__guard__` mark.

A guard proves the caller, puts `request.ctx.principal` in place and calls the handler; what the
caller may do with a particular case or licence is checked by the act. Sessions come as a cookie or
as `Authorization: Bearer`; a cookie alone does not authorise a change from another site (CSRF).
Only the signature guards read the body, because the signature covers it.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from sanic import Request
from sanic_routing.route import Route

from api.edge import bodies, websocket
from core.database import DATABASE_ERRORS
from core.valkey.redis_client import REDIS_ERRORS
from identity import errors
from identity.log_in import assurance, live_tickets, sessions
from identity.log_in.assurance import Act
from identity.principal import Principal, PrincipalKind
from identity.staff import roles
from identity.staff.roles import Act as StaffAct
from identity.systems import clients, counters
from identity.systems.clients import Scope
from identity.systems.signed_request import Claims, SignedRequest

# Handlers take path parameters and bodies of their own; only their being awaitable matters here.
Handler = Callable[..., Awaitable[Any]]
H = TypeVar("H", bound=Handler)
Known = TypeVar("Known")

COOKIES = {PrincipalKind.CITIZEN: "yj_session", PrincipalKind.OFFICER: "yj_staff"}
"""Two names, so that one browser may hold a citizen and an officer side by side."""

HOST_PREFIX = "__Host-"
"""RFC 6265bis: set over TLS, for this host and all its paths; a neighbour cannot plant one."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_PAGE_HEADER = ("x-requested-with", "yunjian")

CLOSE_UNAUTHENTICATED = 4401
CLOSE_FOREIGN_ORIGIN = 4403
CLOSE_FORBIDDEN = 4403
CLOSE_TRY_LATER = 1013


def public(handler: H) -> H:
    """Anyone may call; no principal is looked for."""

    async def admit(request: Request) -> None:
        request.ctx.principal = None

    return _guarded(handler, "public", admit)


def visitor(handler: H) -> H:
    """Anyone may call; a citizen is recognised by a good session that came from a page of ours."""

    async def admit(request: Request) -> None:
        try:
            request.ctx.principal = await _session_principal(request, PrincipalKind.CITIZEN)
        except (errors.SignInRequired, errors.CrossSiteRequest):
            request.ctx.principal = None

    return _guarded(handler, "visitor", admit)


def citizen(handler: H) -> H:
    """A signed-in natural person, possibly acting for an organisation."""

    async def admit(request: Request) -> None:
        request.ctx.principal = await _session_principal(request, PrincipalKind.CITIZEN)

    return _guarded(handler, "citizen", admit)


def assured(act: Act) -> Callable[[H], H]:
    """A signed-in natural person, surely enough for `act` (identity/log_in/assurance.py)."""

    def decorate(handler: H) -> H:
        async def admit(request: Request) -> None:
            principal = await _session_principal(request, PrincipalKind.CITIZEN)
            assurance.require(principal, act)
            request.ctx.principal = principal

        return _guarded(handler, "citizen", admit)

    return decorate


def officer(*acts: StaffAct) -> Callable[[H], H]:
    """A signed-in officer who may do one of `acts` (identity/staff/roles.py); without acts, any
    officer.

    The act asks again, and for what it is about: this only spares its work.
    """

    async def admit(request: Request) -> None:
        principal = await _session_principal(request, PrincipalKind.OFFICER)
        _insist(principal, acts)
        request.ctx.principal = principal

    def decorate(handler: H) -> H:
        return _with_roles(_guarded(handler, "officer", admit), acts)

    return decorate


def officer_enrolling(handler: H) -> H:
    """A signed-in officer, also one whose session opens nothing but the enrolment of a factor."""

    async def admit(request: Request) -> None:
        request.ctx.principal = await _session_principal(
            request, PrincipalKind.OFFICER, enrolling=True
        )

    guarded = _guarded(handler, "officer", admit)
    vars(guarded)["__enrolling__"] = True
    return guarded


def officer_of_case(*acts: StaffAct) -> Callable[[H], H]:
    """A signed-in officer; whether one of `acts` may be done to this case, its door asks.

    The answer hangs on the case: by the own department, by a delegation, never in an own matter
    (identity/authority.py). Here the acts only name roles for the API's description.
    """

    async def admit(request: Request) -> None:
        request.ctx.principal = await _session_principal(request, PrincipalKind.OFFICER)

    def decorate(handler: H) -> H:
        return _with_roles(_guarded(handler, "officer", admit), acts)

    return decorate


def counter(handler: H) -> H:
    """An enrolled counter device that signs the request with its key."""

    async def admit(request: Request) -> None:
        signed, known = await _signed_request(request, "x-counter", counters.expect)
        request.ctx.principal = await counters.verify_request(signed, known)

    return _guarded(handler, "counter", admit)


def client(scope: Scope) -> Callable[[H], H]:
    """A client system that signs the request with its secret and was given `scope`; the call counts
    for its quota."""

    def decorate(handler: H) -> H:
        async def admit(request: Request) -> None:
            signed, known = await _signed_request(request, "x-client", clients.expect)
            redis = request.app.ctx.resources.redis
            principal = await clients.verify_request(signed, known)
            clients.insist_scope(known, scope)
            await clients.spend(principal, redis=redis)
            request.ctx.principal = principal

        return _guarded(handler, "client", admit)

    return decorate


def client_uncounted(handler: H) -> H:
    """As `client`, for reading one's own account: costs nothing of the quota."""

    async def admit(request: Request) -> None:
        signed, known = await _signed_request(request, "x-client", clients.expect)
        request.ctx.principal = await clients.verify_request(signed, known)

    return _guarded(handler, "client", admit)


def socket(kind: PrincipalKind, *acts: StaffAct) -> Callable[[H], H]:
    """A WebSocket of a signed-in citizen or officer, opened by a page of ours or with a ticket.

    A refusal opens the socket and closes it with a code (4401 sign in, 4403 other origin or no
    right to follow, 1013 come later): the only thing a page's script can read. Nothing is sent
    before. An officer must be allowed one of `acts`.
    """

    def decorate(handler: H) -> H:
        @functools.wraps(handler)
        async def guarded(request: Request, *args: Any, **kwargs: Any) -> Any:
            try:
                request.ctx.principal = await _stream_principal(request, kind, acts)
            except errors.CrossSiteRequest:
                return websocket.refuse(request, CLOSE_FOREIGN_ORIGIN, "foreign-origin")
            except errors.RoleMissing as refusal:
                return websocket.refuse(request, CLOSE_FORBIDDEN, refusal.slug)
            except errors.SignInRequired as refusal:
                return websocket.refuse(request, CLOSE_UNAUTHENTICATED, refusal.slug)
            except (*DATABASE_ERRORS, *REDIS_ERRORS):
                return websocket.refuse(request, CLOSE_TRY_LATER, "try-again-later")
            return await handler(request, *args, **kwargs)

        return _with_roles(_marked(cast(H, guarded), kind.value), acts)

    return decorate


def event_stream(kind: PrincipalKind, *acts: StaffAct) -> Callable[[H], H]:
    """An event stream of a signed-in citizen or officer; refusals are problems as elsewhere."""

    def decorate(handler: H) -> H:
        async def admit(request: Request) -> None:
            request.ctx.principal = await _stream_principal(request, kind, acts)

        return _with_roles(_guarded(handler, kind.value, admit), acts)

    return decorate


def refuse_foreign_page(request: Request) -> None:
    """For public handlers that set a cookie: no other site may sign a browser in here.

    Raises CrossSiteRequest. A client that names no origin is not a browser's script.
    """
    source = request.headers.get("origin")
    if source is not None and not _is_own_host(request, source):
        raise errors.CrossSiteRequest()


def is_public(route: Route | None) -> bool:
    """Whether the route answers everybody alike; False where no route was found."""
    return route is not None and getattr(handler_of(route), "__guard__", None) == "public"


def handler_of(route: Route) -> Handler:
    """The handler as it was written."""
    handler: Handler = route.handler
    return handler


def _guarded(handler: H, name: str, admit: Callable[[Request], Awaitable[None]]) -> H:
    @functools.wraps(handler)
    async def guarded(request: Request, *args: Any, **kwargs: Any) -> Any:
        await admit(request)
        return await handler(request, *args, **kwargs)

    return _marked(cast(H, guarded), name)


def _marked(handler: H, name: str) -> H:
    vars(handler)["__guard__"] = name
    # Sanic would receive the body before the guard has been asked (api/edge/bodies.py does it
    # after).
    vars(handler)["is_stream"] = True
    return handler


async def _session_principal(
    request: Request, kind: PrincipalKind, *, enrolling: bool = False
) -> Principal:
    cookie_alone = _bearer(request) is None and _cookie(request, kind) is not None
    if cookie_alone and request.method not in SAFE_METHODS and not _from_own_page(request):
        raise errors.CrossSiteRequest()
    token = _bearer(request) or _cookie(request, kind)
    if not token:
        raise errors.SignInRequired()
    return await sessions.resolve(token, kind=kind, enrolling=enrolling)


async def _stream_principal(
    request: Request, kind: PrincipalKind, acts: tuple[StaffAct, ...]
) -> Principal:
    """Many may come at once: sessions are looked up in batches, and the name is left out."""
    room = request.app.ctx.room
    if ticket := request.args.get("ticket"):
        redis = request.app.ctx.resources.redis
        session_id = await live_tickets.redeem(ticket, kind=kind, redis=redis)
        principal: Principal | None = await room.principal_of(session_id, kind)
    else:
        bearer = _bearer(request)
        # A native mini-app sends no Origin but must bring a bearer token, not a cookie.
        if bearer is None and not _from_own_page(request):
            raise errors.CrossSiteRequest()
        token = bearer or _cookie(request, kind)
        principal = await room.principal(token, kind) if token else None
    if principal is None:
        raise errors.SignInRequired()
    _insist(principal, acts)
    return principal


def _insist(principal: Principal, acts: tuple[StaffAct, ...]) -> None:
    if acts and not any(roles.allows(principal, act) for act in acts):
        raise errors.RoleMissing()


def _with_roles(handler: H, acts: tuple[StaffAct, ...]) -> H:
    """For the API's description."""
    named = {role: None for act in acts for role in roles.roles_for(act)}
    vars(handler)["__roles__"] = tuple(named)
    return handler


def is_https(request: Request) -> bool:
    """By the public address, because TLS may end in front of us."""
    public_url: str = request.app.ctx.resources.settings.public_url
    return public_url.startswith("https:")


def _cookie(request: Request, kind: PrincipalKind) -> str | None:
    """The session of the cookie; over TLS only of one that this host alone can have set."""
    name = f"{HOST_PREFIX if is_https(request) else ''}{COOKIES[kind]}"
    values = request.cookies.getlist(name) if name in request.cookies else None
    return str(values[0]) if values else None


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _from_own_page(request: Request) -> bool:
    """Origin decides when there is one, else Referer, else the header other sites cannot set."""
    for header in ("origin", "referer"):
        source = request.headers.get(header)
        if source is not None:
            return _is_own_host(request, source)
    name, value = OWN_PAGE_HEADER
    return bool(request.headers.get(name) == value)


def _is_own_host(request: Request, source: str) -> bool:
    public_url: str = request.app.ctx.resources.settings.public_url
    host = urlsplit(source).netloc.lower()
    return bool(host) and host in {request.host.lower(), urlsplit(public_url).netloc.lower()}


async def _signed_request(
    request: Request, prefix: str, expect: Callable[[str], Awaitable[Known]]
) -> tuple[SignedRequest, Known]:
    """The signature covers the body; what can be told without it is told before it is received."""
    claims = Claims.read(
        caller=request.headers.get(f"{prefix}-id", ""),
        time=request.headers.get(f"{prefix}-time", ""),
        nonce=request.headers.get(f"{prefix}-nonce", ""),
        signature=request.headers.get(f"{prefix}-signature", ""),
    )
    claims.check_time()
    known = await expect(claims.caller)
    declaration = vars(request.route.handler)["__endpoint__"]  # type: ignore[union-attr]
    await bodies.receive(request, largest=declaration.largest)
    signed = await claims.sign(
        method=request.method,
        target=request.raw_url.decode("latin-1"),
        body=request.body or b"",
    )
    return signed, known
