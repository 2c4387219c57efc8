"""The pages: landing, citizen, counter, staff, enterprise, API documents, explanations of problems.

HTML is `no-cache` with an ETag and names its files below `/s/<digest>/`, which never change. The
citizen's page carries its first data as JSON (saves a round trip). Every answer has a strict
Content-Security-Policy: no inline script, no eval; WebAssembly on the counter page only.
"""

from __future__ import annotations

import hashlib
import html
from dataclasses import dataclass
from typing import Any

import msgspec
from sanic import Blueprint, HTTPResponse, Request, Sanic
from sanic.response import empty, raw

from api.edge import guards, problem_texts
from api.edge.endpoint import endpoint
from api.edge.health import VERSION
from api.public.assets import Asset, Assets, compress
from core.errors import NotFound
from core.settings import Settings
from identity import demo
from services.guides import catalogue
from wallet.check import reader_words

bp = Blueprint("pages")

NAME = "云间证"
FOREVER = "public, max-age=31536000, immutable"
HTML_TYPE = "text/html; charset=utf-8"

COMMON_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


WORKER_HEADERS = {**COMMON_HEADERS, "Cache-Control": "no-cache"}


class PageNotFound(NotFound):
    slug = "page-not-found"
    title = "没有找到这个页面，请从首页重新进入"


@dataclass(frozen=True)
class Shell:
    """One HTML file and what its scripts may do beyond the common rule."""

    file: str
    camera: bool = False
    webassembly: bool = False
    in_apps: bool = False
    """Shown inside apps, whose own scripts it may load (settings.host_scripts)."""


LANDING = Shell("index.html")
CITIZEN = Shell("m/index.html", in_apps=True)
COUNTER = Shell("counter/index.html", camera=True, webassembly=True)
STAFF = Shell("staff/index.html")
ENTERPRISE = Shell("biz/index.html")
DOCUMENTS = Shell("docs/index.html")
LOG = Shell("log/index.html")
PROBLEM = Shell("problem.html")


@dataclass(frozen=True)
class Rendered:
    """A finished HTML page."""

    body: bytes
    compressed: bytes | None
    etag: str


class Pages:
    """The files, and the last rendering of every shell (boot data seldom changes)."""

    def __init__(self, settings: Settings) -> None:
        self.assets = Assets.load()
        self.base = f"/s/{self.assets.digest}"
        self.settings = settings
        self._rendered: dict[tuple[str, tuple[tuple[str, str], ...]], Rendered] = {}

    def render(self, shell: Shell, **values: str) -> Rendered:
        """Fill a shell's placeholders `{{name}}`; values must be escaped already."""
        key = (shell.file, tuple(sorted(values.items())))
        if key not in self._rendered:
            if len(self._rendered) > 64:
                self._rendered.clear()
            self._rendered[key] = self._fill(shell, values)
        return self._rendered[key]

    def _fill(self, shell: Shell, values: dict[str, str]) -> Rendered:
        text = self.assets.files[shell.file].body.decode()
        note = "" if self.settings.demo else " hidden"
        for name, value in {"static": self.base, "hidden_unless_demo": note, **values}.items():
            text = text.replace("{{" + name + "}}", value)
        body = text.encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        return Rendered(body, compress(body), etag)

    def boot(self, **data: Any) -> str:
        """First data of the citizen's page as JSON that cannot end its script element."""
        messages = msgspec.json.decode(self.assets.files["kit/zh.json"].body)
        first = {"name": NAME, "version": VERSION, "demo": self.settings.demo, **data}
        return script_json({**first, "messages": messages})


@bp.before_server_start
async def load(app: Sanic[Any, Any]) -> None:
    """Read and compress all files once per worker."""
    app.ctx.pages = Pages(app.ctx.settings)


def script_json(data: Any) -> str:
    """JSON for a script element: `<`, `>` and `&` as escapes, so that no data ends the element."""
    text = msgspec.json.encode(data).decode()
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def content_security_policy(shell: Shell, settings: Settings) -> str:
    """The policy of one page; Safari before 15.4 does not take 'self' for sockets."""
    socket = settings.public_url.replace("http", "ws", 1)
    wasm = ("'wasm-unsafe-eval'",) if shell.webassembly else ()
    scripts = tuple(address for _, address in settings.host_scripts) if shell.in_apps else ()
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(("'self'", *wasm, *scripts)),
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' blob:",
        "connect-src": f"'self' {socket}",
        "worker-src": "'self'",
        "object-src": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def page_headers(shell: Shell, settings: Settings) -> dict[str, str]:
    """Headers of an HTML page."""
    camera = "self" if shell.camera else ""
    headers = {
        **COMMON_HEADERS,
        "Content-Security-Policy": content_security_policy(shell, settings),
        "Permissions-Policy": f"camera=({camera}), microphone=(), geolocation=()",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
    }
    if settings.public_url.startswith("https:"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def accepts_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def answer(request: Request, shell: Shell, *, status: int = 200, **values: str) -> HTTPResponse:
    """Send a shell, compressed where the browser takes it, or 304 when it has it already."""
    pages: Pages = request.app.ctx.pages
    page = pages.render(shell, **values)
    headers = {**page_headers(shell, pages.settings), "ETag": page.etag}
    if request.headers.get("if-none-match") == page.etag:
        return empty(status=304, headers=headers)
    if page.compressed is not None and accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return raw(page.compressed, status=status, headers=headers, content_type=HTML_TYPE)
    return raw(page.body, status=status, headers=headers, content_type=HTML_TYPE)


@bp.get("/", name="landing")
@guards.public
async def landing(request: Request) -> HTTPResponse:
    return answer(request, LANDING)


@bp.get("/m/", name="citizen")
@guards.public
async def citizen(request: Request) -> HTTPResponse:
    snapshot = await catalogue.snapshot()
    themes = [
        {"code": theme.code, "name": theme.name, "summary": theme.summary}
        for theme in snapshot.themes.values()
    ]
    scripts = dict(request.app.ctx.settings.host_scripts)
    boot = request.app.ctx.pages.boot(themes=themes, host_scripts=scripts)
    return answer(request, CITIZEN, boot=boot)


@bp.get("/counter/", name="counter")
@guards.public
async def counter(request: Request) -> HTTPResponse:
    boot = request.app.ctx.pages.boot(reader=reader_words.for_page())
    return answer(request, COUNTER, boot=boot)


@bp.get("/counter/app.webmanifest", name="counter-manifest")
@guards.public
async def counter_manifest(request: Request) -> HTTPResponse:
    """By an address that stays: it names the installed app."""
    pages: Pages = request.app.ctx.pages
    body = pages.assets.files["counter/app.webmanifest"].body.decode()
    text = body.replace('"src": "', f'"src": "{pages.base}/counter/')
    return raw(text.encode(), headers=WORKER_HEADERS, content_type="application/manifest+json")


@bp.get("/counter/sw.js", name="counter-worker")
@guards.public
async def counter_worker(request: Request) -> HTTPResponse:
    return service_worker(request, "/counter/", ("counter/", "kit/", "vendor/"))


@bp.get("/m/sw.js", name="citizen-worker")
@guards.public
async def citizen_worker(request: Request) -> HTTPResponse:
    return service_worker(request, "/m/", ("m/", "kit/", "vendor/preact", "vendor/qr"))


def service_worker(request: Request, scope: str, folders: tuple[str, ...]) -> HTTPResponse:
    """The script that lets a page open without network, told which files it needs."""
    pages: Pages = request.app.ctx.pages
    names = [
        name
        for name in sorted(pages.assets.files)
        if name.startswith(folders) and not name.endswith((".html", ".webmanifest"))
    ]
    files = msgspec.json.encode([f"{pages.base}/{name}" for name in names]).decode()
    text = pages.assets.files["kit/service-worker.js"].body.decode()
    for name, value in {"scope": scope, "digest": pages.assets.digest, "files": files}.items():
        text = text.replace("{{" + name + "}}", value)
    return raw(text.encode(), headers=WORKER_HEADERS, content_type="text/javascript; charset=utf-8")


@bp.get("/staff/", name="staff")
@guards.public
async def staff(request: Request) -> HTTPResponse:
    return answer(request, STAFF, boot=request.app.ctx.pages.boot(staff=demo_staff(request)))


def demo_staff(request: Request) -> list[dict[str, str]]:
    """Staff numbers for the demo's sign-in page; nothing outside the demo."""
    if not request.app.ctx.settings.demo:
        return []
    return [
        {"staff_no": officer.staff_no, "name": officer.name, "department": officer.department or ""}
        for officer in demo.list_officers()
    ]


@bp.get("/biz/", name="enterprise")
@guards.public
async def enterprise(request: Request) -> HTTPResponse:
    return answer(request, ENTERPRISE, boot=request.app.ctx.pages.boot())


@bp.get("/log/", name="log")
@guards.public
async def log(request: Request) -> HTTPResponse:
    return answer(request, LOG, boot=request.app.ctx.pages.boot())


@bp.get("/api/docs", name="documents")
@guards.public
@endpoint(summary="A page to read this document with", raw=True, media_types=("text/html",))
async def documents(request: Request) -> HTTPResponse:
    return answer(request, DOCUMENTS, boot=request.app.ctx.pages.boot())


@bp.get("/problems/<slug:str>", name="problem")
@guards.public
async def problem(request: Request, slug: str) -> HTTPResponse:
    """What an error type means, from docs/problems.md."""
    text = problem_texts.find(slug)
    if text is None:
        raise PageNotFound()
    return answer(request, PROBLEM, title=html.escape(text.title), body=text.html)


@bp.get("/s/<digest:str>/<path:path>", name="file")
@guards.public
async def file(request: Request, digest: str, path: str) -> HTTPResponse:
    """One file of web/. An address of another release gives today's file, kept by nobody."""
    pages: Pages = request.app.ctx.pages
    asset = pages.assets.files.get(path)
    if asset is None or path.endswith(".html"):
        raise PageNotFound()
    kept = FOREVER if digest == pages.assets.digest else "no-store"
    return send(request, asset, kept)


def send(request: Request, asset: Asset, kept: str) -> HTTPResponse:
    headers = {**COMMON_HEADERS, "Cache-Control": kept, "Vary": "Accept-Encoding"}
    if asset.compressed is not None and accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return raw(asset.compressed, headers=headers, content_type=asset.media_type)
    return raw(asset.body, headers=headers, content_type=asset.media_type)
