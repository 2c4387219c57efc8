"""The page on which a played platform asks who is holding the phone."""

import html
from urllib.parse import urlencode

from aiohttp import web

from miniapp_bridge.standin.faults import WORLD
from miniapp_bridge.standin.world import Person

PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>{title}</title>
<style>body{{font:18px/1.6 sans-serif;max-width:30em;margin:2em auto;padding:0 1em}}
a{{display:block;padding:.7em 1em;margin:.5em 0;border:1px solid #888;border-radius:.5em}}</style>
<h1>{title}</h1><p>{text}</p>{body}</html>"""

QUESTION = "这是本机演示用的模拟平台。请选择用谁的账号登录："


def choose_person(
    request: web.Request, *, kind: str, platform: str, code_name: str
) -> web.Response:
    """People to log in as; `pick` in the query goes straight on (tests, scripts)."""
    world = request.app[WORLD]
    back, state = request.query.get("redirect_uri", ""), request.query.get("state", "")
    extra = {
        name: request.query[name] for name in ("nonce", "code_challenge") if name in request.query
    }
    picked = world.people.get(request.query.get("pick", ""))
    if picked is not None:
        code = world.new_code(kind, picked, redirect_uri=back, **extra)
        glue = "&" if "?" in back else "?"
        raise web.HTTPFound(f"{back}{glue}{urlencode({code_name: code, 'state': state})}")
    links = "".join(_link(request, one) for one in world.people.values())
    page = PAGE.format(
        title=f"{platform}（本机模拟）",
        text=QUESTION,
        body=links,
    )
    return web.Response(text=page, content_type="text/html")


def _link(request: web.Request, person: Person) -> str:
    target = f"{request.path}?{urlencode({**request.query, 'pick': person.key})}"
    return f'<a href="{html.escape(target)}">{html.escape(person.name)}</a>'
