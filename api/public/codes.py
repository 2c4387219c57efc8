"""What an ordinary camera opens from a code of ours.

`/P/` is the code on a phone: the page gives nothing away, uses nothing up and looks nothing up, so
it cannot tell a running code from an invented one. `/L/` is the code on a printed copy: type,
masked holder, state and seal, for whoever holds the paper; its address cannot be guessed. Scanners
open addresses in capitals, hence the spelling.
"""

from html import escape

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import html

from api.edge import guards, throttle
from wallet.errors import PrintedCodeNotFound
from wallet.show import printed
from wallet.show.printed import PrintedLicence

bp = Blueprint("public-codes")

LOOKS_PER_MINUTE = 20

FRAME = """<!doctype html>
<html lang="zh-CN">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">
  <meta name="robots" content="noindex">
  <title>{title} · 云间证</title>
</head>
<body>
  <main>
    <h1>{title}</h1>
{body}
    <p><a href="/">返回云间证首页</a></p>
  </main>
</body>
</html>
"""

ON_A_PHONE = """\
    <p>这是一张电子证照的临时二维码，只能由政务服务窗口的核验设备读取，约一分钟后失效。</p>
    <p>用普通相机打开不会显示任何证照信息，也不会使这个二维码失效。</p>
    <p>如果您是持证人，请回到小程序，把二维码出示给工作人员。</p>"""

UNKNOWN_COPY = """\
    <p>没有找到对应的证照。二维码可能印刷不清，或者不是由本系统生成的。</p>
    <p>请不要采用这份打印件，并请持证人在手机上出示电子证照。</p>"""

COPY = """\
    <dl>
      <dt>证照</dt><dd>{name}</dd>
      <dt>持有人</dt><dd>{holder}</dd>
      <dt>颁发机关</dt><dd>{issuer}</dd>
      <dt>有效期至</dt><dd>{valid_to}</dd>
      <dt>当前状态</dt><dd>{state}</dd>
      <dt>电子印章</dt><dd>{seal}</dd>
    </dl>
    <p>以上是证照登记簿此刻的记录，请与打印件逐项核对。</p>
    <p>打印件不能证明持证人在场，也可能是复制的；重要业务请让持证人在手机上出示电子证照。</p>"""

PAGE = FRAME.format(title="请由窗口工作人员扫码核验", body=ON_A_PHONE)

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


@bp.get("/L/<code:str>", name="printed")
@guards.public
async def show_printed(request: Request, code: str) -> HTTPResponse:
    """State and seal of the licence on a printed copy, or one page for every wrong code."""
    await throttle.per_address(request, "printed-code", limit=LOOKS_PER_MINUTE)
    try:
        found = await printed.look_up(code, desk=request.app.ctx.resources.desk)
    except PrintedCodeNotFound:
        return html(
            FRAME.format(title="无法核验这份打印件", body=UNKNOWN_COPY), status=404, headers=HEADERS
        )
    return html(FRAME.format(title=_title(found), body=_facts(found)), headers=HEADERS)


def _title(found: PrintedLicence) -> str:
    if not found.in_force or found.seal.verdict == "invalid":
        return "证照无效"
    return "证照有效" if found.seal.verdict == "valid" else "暂时无法核验"


def _facts(found: PrintedLicence) -> str:
    return COPY.format(
        name=escape(found.name),
        holder=escape(found.holder_masked),
        issuer=escape(found.issuer),
        valid_to=found.valid_to.isoformat() if found.valid_to else "长期",
        state=escape(found.state_text),
        seal="完好，可以验证" if found.seal.verdict == "valid" else escape(found.seal.title),
    )
