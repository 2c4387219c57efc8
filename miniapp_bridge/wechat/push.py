"""Message push: what WeChat tells us, opened. Secure mode only; JSON or XML inside.

In plain mode the signature does not cover the body, so such a callback is refused. Order: bound the
age, check msg_signature, decrypt, compare the app id, and only then parse.
Source: developers.weixin.qq.com, page "message push".
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.parsers import expat

from miniapp_bridge.connector import Callback, PlatformEvent
from miniapp_bridge.errors import CallbackRefused
from miniapp_bridge.signed import is_recent
from miniapp_bridge.wechat.crypto import PushCipher, Unreadable, push_signature_holds

OLDEST_SECONDS = 600
LARGEST_BODY = 1024 * 1024
DEEPEST = 8

EVENT_LISTS = (
    "SubscribeMsgPopupEvent",
    "SubscribeMsgChangeEvent",
    "SubscribeMsgSentEvent",
)


class PushReader:
    """Opens callbacks of one application. `ciphers`: the present key first, then the former."""

    def __init__(self, *, token: str, ciphers: tuple[PushCipher, ...]) -> None:
        self._token = token
        self._ciphers = ciphers

    def address_check(self, query: Mapping[str, str]) -> str:
        """The echo for WeChat's check of our address. Raises CallbackRefused."""
        parts = (self._token, query.get("timestamp", ""), query.get("nonce", ""))
        if not push_signature_holds(query.get("signature", ""), parts):
            raise CallbackRefused()
        return query.get("echostr", "")

    def open(self, callback: Callback, *, at: datetime) -> list[PlatformEvent]:
        """The events inside. Raises CallbackRefused."""
        if len(callback.body) > LARGEST_BODY:
            raise CallbackRefused()
        message = parse(self._decrypt(callback, at))
        return events(message)

    def _decrypt(self, callback: Callback, at: datetime) -> bytes:
        query = callback.query
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        encrypted = parse(callback.body).get("Encrypt")
        if not isinstance(encrypted, str):
            raise CallbackRefused()
        parts = (self._token, timestamp, nonce, encrypted)
        if not push_signature_holds(query.get("msg_signature", ""), parts):
            raise CallbackRefused()
        if not is_recent(timestamp, at=at, seconds=OLDEST_SECONDS):
            raise CallbackRefused()
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(encrypted)
            except Unreadable:
                continue
        raise CallbackRefused()


def parse(data: bytes) -> dict[str, Any]:
    """The object of a JSON or XML message. Raises CallbackRefused, also for XML with a DTD."""
    text = data.lstrip()
    if text.startswith(b"<"):
        return _parse_xml(text)
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        raise CallbackRefused() from None
    if not isinstance(value, dict):
        raise CallbackRefused()
    return value


def events(message: Mapping[str, Any]) -> list[PlatformEvent]:
    """One message as events: a list of consents becomes one event each."""
    kind = message.get("Event") or message.get("MsgType")
    if not isinstance(kind, str):
        raise CallbackRefused()
    user = str(message.get("FromUserName", "")) or None
    key = message_key(message)
    entries = _entries(message)
    if not entries:
        return [PlatformEvent(kind=kind, user_id=user, data=_flat(message), key=key)]
    return [
        PlatformEvent(
            kind=kind,
            user_id=user,
            data=_flat(entry),
            key=f"{key}:{index}",
        )
        for index, entry in enumerate(entries)
    ]


def message_key(message: Mapping[str, Any]) -> str:
    """By what a repeated delivery is recognised: MsgId, or who, when and what of an event."""
    if message.get("MsgId"):
        return str(message["MsgId"])
    names = ("FromUserName", "CreateTime", "Event", "EventKey", "trace_id")
    text = "|".join(str(message.get(name, "")) for name in names)
    lists = json.dumps(_entries(message), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{text}|{lists}".encode()).hexdigest()[:40]


def _entries(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """`List` stands bare in JSON and inside a wrapper in XML; one item comes without an array."""
    found: Any = message.get("List")
    for name in EVENT_LISTS:
        wrapper = message.get(name)
        if isinstance(wrapper, Mapping):
            found = wrapper.get("List")
    if isinstance(found, Mapping):
        return [found]
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _flat(fields: Mapping[str, Any]) -> dict[str, str]:
    """Plain values by name, those one level down as `outer.inner` (the result of a check)."""
    flat = {name: str(value) for name, value in fields.items() if _is_plain(value)}
    for outer, inner in fields.items():
        if isinstance(inner, Mapping):
            flat |= {f"{outer}.{name}": str(v) for name, v in inner.items() if _is_plain(v)}
    return flat


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


class _XmlReader:
    """Elements into dictionaries; a repeated name becomes a list. No DTD, no entities."""

    def __init__(self) -> None:
        self.stack: list[tuple[str, dict[str, Any], list[str]]] = [("", {}, [])]
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _refuse(self, *_: object) -> None:
        raise CallbackRefused()

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        del attributes
        if len(self.stack) > DEEPEST:
            raise CallbackRefused()
        self.stack.append((name, {}, []))

    def _text(self, text: str) -> None:
        self.stack[-1][2].append(text)

    def _end(self, name: str) -> None:
        _, children, texts = self.stack.pop()
        value: Any = children or "".join(texts).strip()
        parent = self.stack[-1][1]
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]


def _parse_xml(data: bytes) -> dict[str, Any]:
    reader = _XmlReader()
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError):  # the latter two: odd encodings
        raise CallbackRefused() from None
    root = next(iter(reader.stack[0][1].values()), None)
    if not isinstance(root, dict):
        raise CallbackRefused()
    return root
