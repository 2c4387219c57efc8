"""The ways in: which there are, text message codes, redirects, mini-program tickets."""

from __future__ import annotations

import hmac
from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import redirect

from api.edge import guards, session_cookie, throttle
from api.edge.addresses import address_of
from api.edge.endpoint import endpoint
from core import ids
from core.errors import Problem
from identity import channels, errors, sign_in
from identity.log_in import hand_over, sign_in_log, tickets
from identity.log_in.sign_in_log import Visit
from identity.principal import PrincipalKind
from miniapp_bridge import errors as platform_errors
from miniapp_bridge.connector import Connector, PlatformIdentity
from miniapp_bridge.platforms.browser import BrowserConnector

bp = Blueprint("citizen-entry", url_prefix="/api/citizen")

STATE_COOKIE = "yj_state"
STATE_PATH = "/api/citizen/sign-in"
STATE_SECONDS = 600
TRIES_PER_MINUTE = 30

NAMES = {"wechat": "微信", "alipay": "支付宝", "city": "城市 App", "browser": "短信验证码"}

PLATFORM_PROBLEMS = (
    errors.UnknownPlatform,
    errors.AccountNotBound,
    errors.ChannelClosed,
    platform_errors.CodeRefused,
    platform_errors.SignInBlocked,
    platform_errors.PlatformBusy,
    platform_errors.PlatformUnavailable,
    platform_errors.OutcomeUnknown,
    platform_errors.CircuitOpen,
    throttle.TooManyTries,
)


class Way(msgspec.Struct, kw_only=True):
    platform: str
    name: str
    kind: str
    """`redirect`: follow `url`. `sms`: ask for a code. `demo`: choose a demo account."""
    url: str | None = None


class Ways(msgspec.Struct, kw_only=True):
    ways: list[Way]


class AskCode(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    phone: Annotated[str, msgspec.Meta(max_length=20)]


class CodeAsked(msgspec.Struct, kw_only=True):
    challenge: str
    """The sign-in code is `challenge:digits`, on platform `browser`."""
    seconds: int


class AskTicket(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    platform: Annotated[str, msgspec.Meta(max_length=16)]
    code: Annotated[str, msgspec.Meta(max_length=2048)]
    channel: Annotated[str, msgspec.Meta(max_length=32)] = ""
    """The shell's own entry; without it the first one of the platform."""
    entry: Literal["", "link", "code"] = ""
    """What led here: the link of a message, a printed code, or neither. Only counted."""


class Ticket(msgspec.Struct, kw_only=True):
    ticket: str
    seconds: int


def visit_of(request: Request, channel: str = channels.DIRECT) -> Visit:
    """Where a request comes from, as far as the person is shown it later."""
    return Visit(
        channel=channel,
        device=sign_in_log.describe(request.headers.get("user-agent", "")),
        address=address_of(request),
    )


@bp.get("/sign-in/ways")
@guards.public
@endpoint(summary="How one can sign in here", returns=Ways)
async def list_ways(request: Request) -> Ways:
    found = []
    for platform, connector in request.app.ctx.resources.connectors.items():
        if platform == "sandbox":
            found.append(Way(platform=platform, name="演示账号", kind="demo"))
        elif isinstance(connector, BrowserConnector):
            found.append(Way(platform=platform, name=NAMES[platform], kind="sms"))
        elif hasattr(connector, "authorize_url"):
            url = f"{STATE_PATH}/{platform}/start"
            found.append(Way(platform=platform, name=NAMES[platform], kind="redirect", url=url))
    return Ways(ways=found)


@bp.post("/sign-in/sms")
@guards.public
@endpoint(
    summary="Send a one-time code to a phone",
    body=AskCode,
    returns=CodeAsked,
    problems=(
        errors.UnknownPlatform,
        errors.CrossSiteRequest,
        platform_errors.PhoneRefused,
        platform_errors.SmsTooSoon,
        platform_errors.PlatformBusy,
        platform_errors.PlatformUnavailable,
        platform_errors.CircuitOpen,
        throttle.TooManyTries,
    ),
)
async def ask_code(request: Request, body: AskCode) -> CodeAsked:
    guards.refuse_foreign_page(request)
    await throttle.per_address(request, "sms", limit=10)
    connector = request.app.ctx.resources.connectors.get("browser")
    if not isinstance(connector, BrowserConnector):
        raise errors.UnknownPlatform()
    return CodeAsked(challenge=await connector.ask_code(body.phone), seconds=300)


@bp.get("/sign-in/<platform:str>/start")
@guards.public
@endpoint(
    summary="Send the browser to a platform",
    raw=True,
    status=302,
    problems=(errors.UnknownPlatform, throttle.TooManyTries),
)
async def start(request: Request, platform: str) -> HTTPResponse:
    await throttle.per_address(request, "start", limit=TRIES_PER_MINUTE)
    resources = request.app.ctx.resources
    connector = resources.connectors.get(platform)
    if connector is None or not hasattr(connector, "authorize_url"):
        raise errors.UnknownPlatform()
    wish = request.args.get("next", "")
    kept = {"platform": platform, "next": wish if wish.startswith("/") else "/"}
    state = await hand_over.leave(resources.redis, "state", kept, seconds=STATE_SECONDS)
    url = connector.authorize_url(redirect_uri=_return_uri(request, platform), state=state)
    response = redirect(url)
    # Lax, because the platform sends the browser back from another site.
    _put_state(request, response, state, max_age=STATE_SECONDS)
    return response


@bp.get("/sign-in/<platform:str>/return")
@guards.public
@endpoint(summary="The browser comes back from a platform", raw=True, status=302)
async def come_back(request: Request, platform: str) -> HTTPResponse:
    """Whatever goes wrong leads back to the sign-in page with the slug of the refusal."""
    try:
        await throttle.per_address(request, "return", limit=TRIES_PER_MINUTE)
        target, token = await _signed_in(request, platform)
    except errors.AccountNotBound as refusal:
        ticket = str(refusal.members.get("binding", ""))
        target, token = f"/m/#/bind?{urlencode({'ticket': ticket, 'platform': platform})}", None
    except Problem as refusal:
        target, token = f"/m/#/login?{urlencode({'refused': refusal.slug})}", None
    response = redirect(target)
    response.headers["Cache-Control"] = "no-store"
    _put_state(request, response, "", max_age=0)
    if token is not None:
        session_cookie.put(response, request, PrincipalKind.CITIZEN, token)
    return response


@bp.post("/tickets")
@guards.public
@endpoint(
    summary="A mini-program's code becomes a one-time ticket for its web-view",
    body=AskTicket,
    returns=Ticket,
    status=201,
    problems=(errors.ChannelNotFound, *PLATFORM_PROBLEMS),
)
async def ask_ticket(request: Request, body: AskTicket) -> Ticket:
    await throttle.per_address(request, "ticket", limit=TRIES_PER_MINUTE)
    resources = request.app.ctx.resources
    channel = channels.of_sign_in(body.platform, body.channel)
    if body.entry:
        await channels.note_entry(channel, body.entry)
    issued = await sign_in.citizen(
        body.code,
        platform=body.platform,
        connectors=resources.connectors,
        idle_minutes=resources.settings.session_minutes,
        redis=resources.redis,
        visit=visit_of(request, channel),
    )
    ticket = await tickets.write(issued, redis=resources.redis)
    return Ticket(ticket=ticket, seconds=tickets.LIFE_SECONDS)


async def _signed_in(request: Request, platform: str) -> tuple[str, str]:
    """Where to go on, and the token of the new session."""
    resources = request.app.ctx.resources
    state = request.args.get("state", "")
    ours = request.cookies.get(STATE_COOKIE) or ids.new_token()
    if not hmac.compare_digest(state.encode(), ours.encode()):
        raise platform_errors.CodeRefused(vendor_code="state")
    async with hand_over.taken(resources.redis, "state", state, seconds=STATE_SECONDS) as kept:
        connector = resources.connectors.get(platform)
        if kept is None or kept["platform"] != platform or connector is None:
            raise platform_errors.CodeRefused(vendor_code="state")
        given = (request.args.get(name) for name in _code_names(connector))
        code = next(filter(None, given), "")
        identity: PlatformIdentity = await connector.exchange_page_code(
            code, redirect_uri=_return_uri(request, platform), state=state
        )
        issued = await sign_in.identified(
            identity,
            idle_minutes=resources.settings.session_minutes,
            redis=resources.redis,
            visit=visit_of(request, CHANNELS.get(platform, channels.DIRECT)),
        )
        return f"/m/#{kept['next']}", issued.token


def _code_names(connector: Connector) -> tuple[str, ...]:
    """What a platform calls its code in our address."""
    named = getattr(connector, "code_parameter", None)
    return (named,) if named else ("code", "auth_code")


CHANNELS = {"wechat": "wechat-h5", "alipay": "alipay-mini", "city": "city-app"}


def _return_uri(request: Request, platform: str) -> str:
    public_url: str = request.app.ctx.resources.settings.public_url
    return f"{public_url}{STATE_PATH}/{platform}/return"


def _put_state(request: Request, response: HTTPResponse, value: str, *, max_age: int) -> None:
    response.add_cookie(
        STATE_COOKIE,
        value,
        path=STATE_PATH,
        max_age=max_age,
        secure=guards.is_https(request),
        httponly=True,
        samesite="Lax",
    )
