"""Alipay's bill of a day: an address, and behind it a packed table in Alipay's own shape."""

import csv
import io
import zipfile
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from miniapp_bridge.standin.alipay import good, method, moment, yuan
from miniapp_bridge.standin.faults import WORLD
from miniapp_bridge.standin.world import World

COLUMNS = (
    "支付宝交易号",
    "商户订单号",
    "业务类型",
    "商品名称",
    "完成时间",
    "订单金额（元）",
    "退款批次号/请求号",
)

routes = web.RouteTableDef()


@method("alipay.data.dataservice.bill.downloadurl.query")
def bill(place: World, request: web.Request, content: Any, form: Any) -> Any:
    query_ = urlencode({"day": content["bill_date"]})
    return good(bill_download_url=f"http://{request.host}/alipay-bill?{query_}")


@routes.get("/alipay-bill")
async def download(request: web.Request) -> web.Response:
    place, day = request.app[WORLD], request.query["day"]
    table = io.StringIO()
    table.write("#支付宝业务明细查询\n#账号：[2088000000000001]\n#-----业务明细列表-----\n")
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for number, order in place.orders.items():
        if order["platform"] != "alipay" or order["state"] != "paid":
            continue
        at = moment(order["paid_at"])
        if at.startswith(day):
            trade, amount = order["transaction"], yuan(order["amount"])
            writer.writerow([f"{trade}\t", f"{number}\t", "交易", order["title"], at, amount, ""])
    for number, one in place.refunds.items():
        at = moment(one["at"])
        if one["platform"] == "alipay" and at.startswith(day):
            trade, amount = place.orders[one["order_no"]]["transaction"], yuan(one["amount"])
            owner = f"{one['order_no']}\t"
            writer.writerow([f"{trade}\t", owner, "退款", "", at, f"-{amount}", number])
    table.write("#-----业务明细列表结束-----\n")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("业务明细.csv", table.getvalue().encode("gb18030"))
    return web.Response(body=packed.getvalue(), content_type="application/zip")
