"""What an outbound call may reach, and when it ends: against servers on this machine that misbehave."""

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from cds_service.web.egress import (
    Answer,
    Budget,
    Egress,
    Reason,
    Unanswered,
    get,
    may_be_called,
    open_line,
    origin_of,
)
from tests.loopback import Heard, Loopback, Speak, answer, speaking

SHORT = 0.3
LONG = 20.0
SMALL = 200_000


def guard(server: Loopback) -> Egress:
    return Egress.to((server.origin, server.origin.replace("http", "https")), allow_http=True)


def fetched(server: Loopback, path: str = "/", seconds: float = LONG, **headers: str) -> Answer:
    return get(guard(server), server.origin + path, Budget.within(seconds, SMALL), headers)


def reason(speak: Speak, seconds: float = LONG) -> Reason:
    """Why a server that speaks so gets no answer through."""
    with speaking(speak) as server, pytest.raises(Unanswered) as refused:
        fetched(server, seconds=seconds)
    return refused.value.reason


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://ehr.example/fhir?a=b", ("https", "ehr.example", 443)),
        ("https://EHR.example.:8443", ("https", "ehr.example", 8443)),
        ("http://localhost/", ("http", "localhost", 80)),
        ("https://[2001:DB8::1]:443/x", ("https", "2001:db8::1", 443)),
    ],
)
def test_an_origin_has_one_spelling(url: str, origin: tuple[str, str, int]) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ehr.example",
        "ftp://ehr.example/",
        "file:///etc/passwd",
        "https://",
        "https://user:word@ehr.example/",
        "https://ehr.example@evil.example/",
        "https://ehr.example\\@evil.example/",
        "https://ehr.example/#fragment",
        "https://ehr.example/ x",
        "https://ehr.example/\r\nX: y",
        "https://ehr.example:port/",
        "https://ehr.exämple/",
        "https://[::1/",
    ],
)
def test_an_address_that_is_not_plain_is_refused(url: str) -> None:
    with pytest.raises(Unanswered) as refused:
        origin_of(url)
    assert refused.value.reason is Reason.NOT_ALLOWED


@pytest.mark.parametrize(
    "url",
    [
        "https://ehr.example.evil.example/",
        "https://other.example/",
        "https://ehr.example:444/",
        "http://ehr.example/",
        "http://named.example/",
        "http://127.0.0.1:8/",
    ],
)
def test_only_a_listed_origin_is_called_and_only_over_https(url: str) -> None:
    egress = Egress.to(("https://ehr.example", "http://named.example", "http://127.0.0.1:8"))
    assert egress.route("https://ehr.example/fhir").origin.host == "ehr.example"
    with pytest.raises(Unanswered) as refused:
        egress.route(url)
    assert refused.value.reason is Reason.NOT_ALLOWED


def test_http_is_for_this_machine_where_that_is_allowed() -> None:
    egress = Egress.to(("http://named.example", "http://127.0.0.1:8"), allow_http=True)
    assert egress.route("http://127.0.0.1:8/").origin.port == 8
    with pytest.raises(Unanswered):
        egress.route("http://named.example/")


PUBLIC = ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
INSIDE = ["10.0.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "fd12::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"]
HERE = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]
NEVER = [
    *(
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "2002:a9fe:a9fe::1",
        "64:ff9b::a9fe:a9fe",
    ),
    *("fec0::1", "3fff::1", "3fff:fff::1", "2001:db8::1"),
    *("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"),
    *("0.0.0.0", "::", "0.1.2.3", "224.0.0.1", "ff02::1", "240.0.0.1", "255.255.255.255", "192.0.2.1"),  # noqa: S104 - refused, not bound
]


@pytest.mark.parametrize("address", PUBLIC + INSIDE + HERE + NEVER)
def test_which_addresses_may_be_called(address: str) -> None:
    assert may_be_called(address, here=False, private=False) == (address in PUBLIC)
    assert may_be_called(address, here=False, private=True) == (address in PUBLIC + INSIDE)
    assert may_be_called(address, here=True, private=True) == (address in HERE)


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("93.184.216.34", "10.0.0.1"), ("169.254.169.254",)])
def test_a_name_that_leads_inside_is_refused_though_one_address_be_good(addresses: tuple[str, ...]) -> None:
    egress = replace(Egress.to(("https://ehr.example",)), resolve=lambda _host, _port: addresses)
    with pytest.raises(Unanswered) as refused:
        get(egress, "https://ehr.example/", Budget.within(LONG, SMALL))
    assert refused.value.reason is Reason.ADDRESS


@pytest.mark.parametrize("addresses", [(), None])
def test_a_name_without_address_is_unreachable(addresses: tuple[str, ...] | None) -> None:
    egress = Egress.to(("https://no-such-name.invalid",))
    if addresses is not None:
        egress = replace(egress, resolve=lambda _host, _port: addresses)
    with pytest.raises(Unanswered) as refused:
        get(egress, "https://no-such-name.invalid/", Budget.within(LONG, SMALL))
    assert refused.value.reason is Reason.UNREACHABLE


def test_a_name_is_resolved_once_and_the_checked_address_is_called() -> None:
    answers = iter([("127.0.0.1",), ("169.254.169.254",)])
    with speaking(lambda heard: heard.send(answer(b"{}", Connection="close"))) as server:
        egress = replace(guard(server), resolve=lambda _host, _port: next(answers))
        with open_line(egress, server.origin, Budget.within(LONG, SMALL)) as line:
            assert [line.get(server.origin + path, {}).status for path in ("/1", "/2")] == [200, 200]
    assert server.connections == 2
    assert next(answers) == ("169.254.169.254",)


def test_a_second_address_is_tried_where_the_first_does_not_answer() -> None:
    with speaking(lambda heard: heard.send(answer(b"{}"))) as server:
        egress = replace(guard(server), resolve=lambda _host, _port: ("127.0.0.2", "127.0.0.1"))
        assert get(egress, server.origin, Budget.within(LONG, SMALL)).body == b"{}"


def test_a_name_that_is_not_resolved_in_time_is_given_up_by_all_who_wait_for_it() -> None:
    let_go = Event()

    def hanging(_host: str, _port: int) -> tuple[str, ...]:
        let_go.wait()
        return ()

    egress = replace(Egress.to(("https://ehr.example",)), resolve=hanging)
    route = egress.route("https://ehr.example/")
    with ThreadPoolExecutor(12) as threads:
        lines = [threads.submit(route.addresses, Budget.within(SHORT, SMALL)) for _ in range(2)]
        lines += [
            threads.submit(egress.route("https://ehr.example/").addresses, Budget.within(SHORT, SMALL))
            for _ in range(10)
        ]
        try:
            raised = [one.exception(LONG) for one in lines]
        finally:
            let_go.set()
    assert [one.reason for one in raised if isinstance(one, Unanswered)] == [Reason.TIMEOUT] * 12


def test_the_server_is_addressed_by_its_name_and_asked_for_what_we_can_read() -> None:
    with speaking(lambda heard: heard.send(answer(b"{}", ETag="x"))) as server:
        got = fetched(server, "/fhir/Patient?a=b%7Cc", Authorization="Bearer t")
    (head,) = server.requests
    assert head.startswith("GET /fhir/Patient?a=b%7Cc HTTP/1.1\r\n")
    heard = Heard(head, socket.socket(), server).headers
    assert heard["host"] == f"localhost:{server.port}"
    assert heard["accept-encoding"] == "gzip"
    assert heard["authorization"] == "Bearer t"
    assert (got.status, got.headers["etag"], got.body) == (200, "x", b"{}")


def test_neither_proxies_nor_passwords_of_the_environment_are_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine localhost login someone password else\n", encoding="utf-8")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with speaking(lambda heard: heard.send(answer(b"{}"))) as server:
        assert fetched(server).status == 200
    assert "authorization" not in server.requests[0].lower()


def test_a_line_keeps_its_connection() -> None:
    with (
        speaking(lambda heard: heard.send(answer(b"{}"))) as server,
        open_line(guard(server), server.origin, Budget.within(LONG, SMALL)) as line,
    ):
        assert [line.get(server.origin + path, {}).body for path in ("/1", "/2")] == [b"{}", b"{}"]
    assert server.connections == 1


def test_a_line_does_not_leave_its_origin() -> None:
    with (
        speaking(lambda heard: heard.send(answer(b"{}"))) as server,
        open_line(guard(server), server.origin, Budget.within(LONG, SMALL)) as line,
        pytest.raises(Unanswered) as refused,
    ):
        line.get("https://other.example/", {})
    assert refused.value.reason is Reason.NOT_ALLOWED
