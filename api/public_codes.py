"""What an ordinary camera opens from a presentation code: a page that gives nothing away.

Reading it uses nothing up and looks nothing up, so it cannot tell a running code from an invented
one. Scanners open the address in capitals, hence both spellings.
"""

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import html

from api import guards

bp = Blueprint("public-codes")

PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">
  <meta name="robots" content="noindex">
  <title>请由工作人员扫码 · 云间证</title>
</head>
<body>
  <main>
    <h1>请由窗口工作人员扫码核验</h1>
    <p>这是一张电子证照的临时二维码，只能由政务服务窗口的核验设备读取，约一分钟后失效。</p>
    <p>用普通相机打开不会显示任何证照信息，也不会使这个二维码失效。</p>
    <p>如果您是持证人，请回到小程序，把二维码出示给工作人员。</p>
    <p><a href="/">返回云间证首页</a></p>
  </main>
</body>
</html>
"""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


@bp.get("/P/<code:str>", name="code")
@guards.public
async def show_notice(request: Request, code: str) -> HTTPResponse:
    """The same page for every code; `code` is not even looked at."""
    return html(PAGE, headers=HEADERS)
