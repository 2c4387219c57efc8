"""Whom a request is from: what a proxy of ours says is believed, and nothing else."""

import ipaddress

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.addresses import MOST_HOPS, citizen_address, is_proxy, read_address, read_networks

TRUSTED = read_networks("10.8.0.0/16, 127.0.0.1/32, fd00:8::/64")
PROXY = "10.8.0.4"
CITIZEN = "203.0.113.7"


def found(*forwarded: str, peer: str = PROXY) -> str:
    return citizen_address(peer, forwarded, trusted=TRUSTED)


def test_proxy_speaks_for_the_citizen() -> None:
    assert found(CITIZEN) == CITIZEN


def test_header_of_a_stranger_is_not_read() -> None:
    assert found("198.51.100.1", peer=CITIZEN) == CITIZEN
    assert citizen_address(PROXY, [CITIZEN], trusted=()) == PROXY


def test_what_the_citizen_wrote_before_the_proxy_is_not_read() -> None:
    assert found(f"198.51.100.1, 10.8.0.9, {CITIZEN}") == CITIZEN
    assert found("198.51.100.1", CITIZEN) == CITIZEN
    assert found(f"127.0.0.1, unknown, {CITIZEN}") == CITIZEN


def test_chain_of_own_proxies_is_followed() -> None:
    assert found(f"198.51.100.1, {CITIZEN}, 10.8.0.9", "10.8.3.3") == CITIZEN


def test_request_of_a_proxy_itself_is_its_own() -> None:
    assert found() == PROXY
    assert found("10.8.0.9") == "10.8.0.9"


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "unknown",
        "_hidden",
        "203.0.113",
        "203.0.113.7.1",
        "0x7f.1",
        "203.0.113.7:",
        "[::1",
        "１.1.1.1",
    ],
)
def test_garbage_of_a_proxy_leaves_the_proxy(garbage: str) -> None:
    assert found(f"{CITIZEN}, {garbage}") == PROXY


@pytest.mark.parametrize(
    "written",
    [
        f"{CITIZEN}:4711",
        f'"{CITIZEN}"',
        f" \t{CITIZEN} ",
        f"::ffff:{CITIZEN}",
        f"[::ffff:{CITIZEN}]:9",
    ],
)
def test_address_is_read_however_a_proxy_writes_it(written: str) -> None:
    assert found(written) == CITIZEN


@pytest.mark.parametrize(
    "written",
    [
        "2001:db8:1:2:3:4:5:6",
        "[2001:db8:1:2:ffff::1]",
        '"[2001:db8:1:2::9]:443"',
        "2001:db8:1:2::1%eth0",
    ],
)
def test_ipv6_stands_for_its_64(written: str) -> None:
    assert found(written) == "2001:db8:1:2::"
    assert found(peer="2001:db8:1:2::77") == "2001:db8:1:2::"


def test_mapped_proxy_is_the_same_proxy() -> None:
    assert found(CITIZEN, peer="::ffff:10.8.0.4") == CITIZEN
    assert found(CITIZEN, peer="fd00:8::1") == CITIZEN
    assert is_proxy("::ffff:10.8.0.4", trusted=TRUSTED)
    assert not is_proxy(CITIZEN, trusted=TRUSTED)


def test_long_list_is_read_from_its_right_end_only() -> None:
    assert found(", ".join([CITIZEN] + ["10.8.0.9"] * MOST_HOPS)) == "10.8.0.9"


def test_no_address_at_all_is_said_so() -> None:
    assert found(CITIZEN, peer="") == ""


@pytest.mark.parametrize(
    "text", ["0.0.0.0/0", "::/0", "10.8.0.4/16", "proxy.example", "", "none,10.8.0.4"]
)
def test_networks_that_name_nobody_or_everybody_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_networks(text)


def test_none_trusts_nobody() -> None:
    assert read_networks("none") == ()


@settings(deadline=None)
@given(forged=st.lists(st.text(max_size=40), max_size=4), own=st.ip_addresses(v=4))
def test_no_forged_list_changes_whose_request_it_is(
    forged: list[str], own: ipaddress.IPv4Address
) -> None:
    assume(not is_proxy(str(own), trusted=TRUSTED))

    assert found(*forged, str(own)) == str(own)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_is_too_strange_to_read(text: str) -> None:
    read_address(text)
    found(text)
