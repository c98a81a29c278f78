"""What ``--network allow=`` names: hosts, ports, networks, and what a name may lead to."""

from __future__ import annotations

import pytest

from seedsmith.sandbox.network.allowed_hosts import Allowed


@pytest.mark.parametrize(
    ("entry", "host", "port", "is_named"),
    [
        ("packages.example", "packages.example", 443, True),
        ("packages.example", "Packages.Example.", 80, True),
        ("packages.example", "packages.example", 22, False),
        ("packages.example", "evilpackages.example", 443, False),
        ("packages.example", "packages.example.evil.example", 443, False),
        ("packages.example", "files.packages.example", 443, False),
        ("*.packages.example", "files.packages.example", 443, True),
        ("*.packages.example", "packages.example", 443, False),
        ("*.packages.example", "evilpackages.example", 443, False),
        ("git.example:2222", "git.example", 2222, True),
        ("git.example:2222", "git.example", 443, False),
        ("10.0.0.0/8:5432", "10.1.2.3", 5432, True),
        ("10.0.0.0/8:5432", "11.1.2.3", 5432, False),
        ("[::1]:80", "::1", 80, True),
        ("::1", "::1", 443, True),
        ("127.0.0.1:80", "::ffff:127.0.0.1", 80, True),
        ("localhost:80", "127.0.0.1", 80, True),
        ("packages.example", "2130706433", 80, False),
    ],
)
def test_what_is_named(entry: str, host: str, port: int, is_named: bool) -> None:
    assert Allowed([entry]).names(host, port) is is_named


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "100.64.0.1"),
        *("::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "not one"),
    ],
)
def test_a_name_leads_to_no_private_address(address: str) -> None:
    assert not Allowed(["example.org"]).may_lead_to(address, 443)


def test_but_to_one_that_is_named_itself() -> None:
    allowed = Allowed(["intranet.example", "10.0.0.0/8"])
    assert allowed.may_lead_to("10.0.0.1", 443) and not allowed.may_lead_to("10.0.0.1", 22)
    assert allowed.may_lead_to("93.184.215.14", 443) and not allowed.may_lead_to("192.168.0.1", 443)


@pytest.mark.parametrize("entry", ["", "*", "a b", "http://x", "x:0", "x:70000", "x:y", "*.*", "x/y", "[::1"])
def test_what_cannot_be_read_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="HOST"):
        Allowed([entry])


def test_what_of_loopback_is_passed_on() -> None:
    named = Allowed(["localhost:5432", "127.0.0.1:80", "127.0.0.2:80", "10.0.0.1:80", "127.0.0.0/8:9"])
    assert named.on_loopback() == (("127.0.0.1", 5432), ("::1", 5432), ("127.0.0.1", 80))
