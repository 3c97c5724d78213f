"""Which addresses a medium may be downloaded from."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.media.addresses import is_public

CLOSED_V4 = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
]  # fmt: skip
OPEN_V4 = ["1.1.1.1", "8.8.8.8", "52.94.236.248", "100.63.255.255", "172.32.0.1", "223.255.255.255"]


@pytest.mark.parametrize("address", CLOSED_V4)
def test_addresses_that_are_not_public_are_closed_also_inside_of_ipv6(address: str) -> None:
    inner = IPv4Address(address)
    assert not is_public(inner)
    assert not is_public(IPv6Address(f"::ffff:{address}"))
    assert not is_public(IPv6Address(f"64:ff9b::{address}"))
    assert not is_public(IPv6Address((0x2002 << 112) | (int(inner) << 80) | 1))


@pytest.mark.parametrize("address", OPEN_V4)
def test_public_addresses_are_open_also_mapped_and_behind_nat64(address: str) -> None:
    assert is_public(IPv4Address(address))
    assert is_public(IPv6Address(f"::ffff:{address}"))
    assert is_public(IPv6Address(f"64:ff9b::{address}"))


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("2606:4700:4700::1111", True),
        ("2a05:d07c:2000::1", True),
        ("::", False),
        ("::1", False),
        ("::7f00:1", False),
        ("64:ff9b:1::8.8.8.8", False),
        ("100::1", False),
        ("2001::1", False),
        ("2001:db8::1", False),
        ("2002:808:808::1", False),
        ("3fff::1", False),
        ("5f00::1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("2606:4700:4700::1111%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_addresses_of_ipv6(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_nothing_is_open_that_pythons_registry_has_closed(address: IPv4Address | IPv6Address) -> None:
    if is_public(address):
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        judged = mapped or address
        assert not judged.is_loopback
        assert not judged.is_private
        assert not judged.is_link_local
        assert not judged.is_multicast
        assert not judged.is_unspecified
