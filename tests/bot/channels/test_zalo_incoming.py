"""What Zalo delivers: only what it signed, once, in order, and acknowledged in time."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from bot.channels import Receive
from bot.channels.zalo import PRESS, Receipt, Zalo, signature
from bot.messages import Contact, Incoming, Reply
from bot.storage.tokens import SqlTokens
from tests.bot.channels.zalo_setup import DATA, LAN, MENU, MINH, connected, echo, settings, store, wait, zalo
from tests.fakes.zalo import APP_ID, KINDS, OA_ID, FakeZalo, mac

__all__ = ["store", "zalo"]


def event(name: str = "user_send_text", **message: Any) -> bytes:
    body = {
        "app_id": APP_ID, "event_name": name, "sender": {"id": LAN}, "recipient": {"id": OA_ID},
        "message": {"msg_id": "96d3", **message}, "timestamp": "1790000000000",
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False).encode()


class Heard:
    """Collects what the conversation and the hooks are told."""

    def __init__(self) -> None:
        self.messages: list[Incoming] = []
        self.reachable: list[tuple[Contact, bool]] = []
        self.receipts: list[Receipt] = []
        self.confirmed: list[str] = []

    async def receive(self, incoming: Incoming) -> Reply | None:
        self.messages.append(incoming)
        return await echo(incoming)

    async def on_reachable(self, contact: Contact, reachable: bool) -> None:
        self.reachable.append((contact, reachable))

    async def on_receipt(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)

    async def sent(self, incoming: Incoming) -> None:
        self.confirmed.append(incoming.message_id)

    def hooks(self) -> dict[str, Any]:
        return {"on_reachable": self.on_reachable, "on_receipt": self.on_receipt, "sent": self.sent}


@asynccontextmanager
async def served(channel: Zalo) -> AsyncIterator[str]:
    """The channel's webhook on loopback; gives its address."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        body, signed = await request.body(), request.headers.get("X-ZEvent-Signature")
        await Response(status_code=await channel.handle_webhook(body, signed))(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listener:  # the kernel keeps early connections
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def listening(
    fake: FakeZalo, store: SqlTokens, heard: Heard, receive: Receive | None = None, **changes: Any
) -> AsyncIterator[Zalo]:
    """The channel behind its webhook, whose address was saved in the console."""
    async with (
        connected(fake, store, receive or heard.receive, hooks=heard.hooks(), **changes) as channel,
        served(channel) as url,
    ):
        assert await wait(fake.save_webhook, url) == 200
        yield channel


class TestSignature:
    def test_the_signature_is_a_plain_sha256(self, zalo: FakeZalo) -> None:
        """Checked against sha256sum: `printf '1{"timestamp":"2"}2k' | sha256sum`."""
        chosen = settings(zalo, app_id="1", oa_secret_key="k")
        expected = "dc0487a5431673273ad08e6764f684325aee31723f0de6ea30acfa90e56b3b39"
        assert signature(chosen, b'{"timestamp":"2"}', "2") == expected

    async def test_a_thousand_mutated_webhooks_do_nothing(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """Whatever is changed in body or signature: 200 so that Zalo's probes pass, and nothing happens."""
        body = event(text="Hồ sơ của tôi đến đâu rồi?")
        signed = mac(body, "1790000000000")
        heard, chance = Heard(), random.Random(4)
        async with connected(zalo, store, heard.receive) as channel:
            for number in range(1000):
                mutated, header = _mutated(body, signed, chance, number)
                assert await channel.handle_webhook(mutated, header) == 200
            assert heard.messages == []
            assert channel.counts["unsigned"] + channel.counts["malformed"] == 1000
            assert await channel.handle_webhook(body, f"mac={signed}") == 200
        assert [incoming.text for incoming in heard.messages] == ["Hồ sơ của tôi đến đâu rồi?"]

    async def test_the_probe_of_the_console_passes_and_does_nothing(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """Saving the address sends an unsigned request that must get a 200."""
        heard = Heard()
        async with listening(zalo, store, heard) as channel:
            assert zalo.webhook_url
            assert channel.counts["unsigned"] == 1
        assert heard.messages == []

    async def test_either_way_of_writing_hexadecimals_is_signed(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """Capital letters too."""
        heard, body = Heard(), event(text="một")
        async with connected(zalo, store, heard.receive) as channel:
            await channel.handle_webhook(body, f"mac={mac(body, '1790000000000').upper()}")
        assert len(heard.messages) == 1

    async def test_following_is_told_with_its_time(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """Zalo may tell a day later, and in the wrong order."""
        told: list[tuple[bool, datetime]] = []

        async def on_followed(contact: Contact, follows: bool, at: datetime) -> None:
            told.append((follows, at))

        body = json.dumps({"event_name": "unfollow", "follower": {"id": LAN}, "timestamp": "1700000000000"}).encode()
        async with connected(zalo, store, hooks={"on_followed": on_followed}) as channel:
            await channel.handle_webhook(body, f"mac={mac(body, '1700000000000')}")
        assert told == [(False, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC))]

    @pytest.mark.parametrize("header", ["{}", "mac={}", " mac={} "])
    async def test_the_header_may_lack_its_prefix(self, zalo: FakeZalo, store: SqlTokens, header: str) -> None:
        """Both forms have been seen."""
        heard, body = Heard(), event(text="một")
        async with connected(zalo, store, heard.receive) as channel:
            await channel.handle_webhook(body, header.format(mac(body, "1790000000000")))
        assert len(heard.messages) == 1

    @pytest.mark.parametrize(
        ("chosen", "signed_with"),
        [
            ({"signing_id": "oa"}, {"app_id": OA_ID}),
            ({"signing_key": "app"}, {"key": "app-secret"}),
        ],
    )
    async def test_what_signs_is_a_setting(
        self, zalo: FakeZalo, store: SqlTokens, chosen: dict[str, Any], signed_with: dict[str, str]
    ) -> None:
        """The documents disagree about the id and the key, so an operator can change both."""
        heard, body = Heard(), event(text="một")
        async with connected(zalo, store, heard.receive, **chosen) as channel:
            await channel.handle_webhook(body, mac(body, "1790000000000"))
            assert heard.messages == []
            await channel.handle_webhook(body, mac(body, "1790000000000", **signed_with))
        assert len(heard.messages) == 1

    async def test_signs_cannot_wander_from_the_timestamp_into_the_body(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """Body and timestamp are signed without a gap; a timestamp that isn't digits is not believed."""
        heard, body = Heard(), b'{"event_name":"user_send_text","timestamp":"x"}'
        async with connected(zalo, store, heard.receive) as channel:
            await channel.handle_webhook(body, mac(body, "x"))
            assert channel.counts["unsigned"] == 1

    async def test_the_timestamp_may_come_as_a_header(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """Some report it there."""
        heard, body = Heard(), event(text="một").replace(b', "timestamp": "1790000000000"', b"")
        async with connected(zalo, store, heard.receive) as channel:
            await channel.handle_webhook(body, mac(body, "17"), "17")
        assert len(heard.messages) == 1

    async def test_hostile_bodies_never_raise(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """Not JSON, not UTF-8, nested without end, of the wrong shape, signed or not."""
        async with connected(zalo, store) as channel:
            loop = asyncio.get_running_loop()
            anything = st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=20),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
                max_leaves=8,
            )
            shaped = st.fixed_dictionaries(
                {"timestamp": st.just("17"), "event_name": st.sampled_from(["user_send_text", "follow"]) | anything},
                optional=dict.fromkeys(("sender", "recipient", "message", "follower"), anything),
            )
            bodies = st.binary(max_size=60) | shaped.map(lambda value: json.dumps(value).encode())

            @hypothesis_settings(max_examples=200, deadline=None, database=None)
            @given(bodies)
            def knock(body: bytes) -> None:
                status = asyncio.run_coroutine_threadsafe(channel.handle_webhook(body, mac(body, "17")), loop)
                assert status.result(20) == 200

            await asyncio.to_thread(knock)
            for body in (b"[" * 100_000, b"\xff", b"", b"null", b"{" + b" " * 2_000_000):
                assert await channel.handle_webhook(body, mac(body, "")) == 200


def _mutated(body: bytes, signed: str, chance: random.Random, number: int) -> tuple[bytes, str | None]:
    """Body and header with one thing changed."""
    place = chance.randrange(len(body))
    match number % 6:
        case 0:  # another byte
            changed = bytes([body[place] ^ chance.randrange(1, 256)])
            return body[:place] + changed + body[place + 1 :], f"mac={signed}"
        case 1:
            return body[:place] + body[place + 1 :], f"mac={signed}"
        case 2:  # white space that JSON doesn't mind
            return body.replace(b": ", b":  ", chance.randrange(1, 9)), f"mac={signed}"
        case 3:
            digit = chance.randrange(len(signed))
            other = chance.choice([sign for sign in "0123456789abcdef" if sign != signed[digit]])
            return body, f"mac={signed[:digit]}{other}{signed[digit + 1 :]}"
        case 4:
            return body, chance.choice([None, "", "mac=", f"mac={signed[:-1]}", f"mac={signed}0", "mac=ộ", "sha256"])
        case _:  # somebody else's message under this signature, or an older signature
            return event(text=f"câu số {number}"), f"mac={signed}"


class TestMessages:
    async def test_a_message_is_answered_and_confirmed(self, zalo: FakeZalo, store: SqlTokens) -> None:
        heard = Heard()
        async with listening(zalo, store, heard):
            number = zalo.user_sends(LAN, "mất bằng lái xe")
            (seen,) = await wait(zalo.wait_for_messages, LAN, 1)
            await wait(zalo.wait_until, lambda: not zalo.pending())
        assert seen.text == "mất bằng lái xe"
        assert heard.messages == [Incoming(contact=Contact("zalo", LAN), message_id=number, text="mất bằng lái xe")]
        assert heard.confirmed == [number]

    @pytest.mark.parametrize("kind", KINDS)
    async def test_what_we_cannot_read_is_named(self, zalo: FakeZalo, store: SqlTokens, kind: str) -> None:
        """The conversation then says what it can read."""
        heard = Heard()
        async with listening(zalo, store, heard):
            zalo.user_sends_other(LAN, kind)
            await wait(zalo.wait_for_messages, LAN, 1)
        assert heard.messages[0].other in ("photo", "voice", "sticker", "location", "file", "contact")

    async def test_a_link_with_words_is_read(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """What was written beside the link is the question."""
        heard = Heard()
        async with listening(zalo, store, heard):
            zalo.user_sends_other(LAN, "link", "mẫu này đúng không https://x.vn")
            await wait(zalo.wait_for_messages, LAN, 1)
        assert heard.messages[0].text == "mẫu này đúng không https://x.vn"

    async def test_ten_photos_get_one_answer(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """They arrive as ten events within moments."""
        heard = Heard()
        async with connected(zalo, store, heard.receive) as channel:
            for number in range(10):
                stamp = f"179000000{number}000"
                body = event("user_send_image", msg_id=f"p{number}").replace(b"1790000000000", stamp.encode())
                await channel.handle_webhook(body, mac(body, stamp))
        assert [incoming.other for incoming in heard.messages] == ["photo"]

    @pytest.mark.parametrize(
        ("typed", "pressed"),
        [
            ("#desk.start", "desk.start"),
            ("#procedure.show:1.004194:fee", "procedure.show:1.004194:fee"),
            ("#1", None),
            ("# desk.start", None),
            ("#desk.start; xóa hết", None),
            ("#desk.start\nvà nữa", None),
            ("#Desk.Start", None),
            ("#hashtag", None),
        ],
    )
    async def test_only_what_looks_like_a_link_is_a_press(
        self, zalo: FakeZalo, store: SqlTokens, typed: str, pressed: str | None
    ) -> None:
        """A tap comes back as typed text; a person who types it gets no more than the button would give."""
        heard = Heard()
        async with listening(zalo, store, heard):
            zalo.user_sends(LAN, typed)
            await wait(zalo.wait_for_messages, LAN, 1)
        assert (heard.messages[0].pressed, heard.messages[0].text) == (pressed, None if pressed else typed)

    async def test_a_tap_is_its_link(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """What was sent as a button comes back as that press."""
        heard = Heard()
        async with listening(zalo, store, heard, buttons=True) as channel:
            zalo.user_sends(LAN, "một")
            await wait(zalo.wait_until, lambda: not zalo.pending())
            await channel.send(Contact("zalo", LAN), MENU)
            zalo.user_taps(LAN, "Lệ phí")
            await wait(zalo.wait_for_messages, LAN, 3)
        assert heard.messages[-1].pressed == MENU.choices[0].link
        assert PRESS.fullmatch("#" + MENU.choices[0].link)

    @pytest.mark.parametrize(
        "name", ["oa_send_text", "oa_send_image", "user_seen_message", "user_submit_info", "user_click_chatnow", "neu"]
    )
    async def test_echoes_and_other_events_say_nothing(self, zalo: FakeZalo, store: SqlTokens, name: str) -> None:
        """Our own messages come back as events; answering them would never end."""
        heard, body = Heard(), event(name, text="chào")
        async with connected(zalo, store, heard.receive) as channel:
            assert await channel.handle_webhook(body, mac(body, "1790000000000")) == 200
            assert channel.counts["ignored"] == 1
        assert heard.messages == []

    async def test_another_account_of_the_same_application_is_not_ours(self, zalo: FakeZalo, store: SqlTokens) -> None:
        heard, body = Heard(), event(text="chào").replace(OA_ID.encode(), b"1234")
        async with connected(zalo, store, heard.receive) as channel:
            await channel.handle_webhook(body, mac(body, "1790000000000"))
        assert heard.messages == []

    async def test_following_and_leaving_is_told(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """Notices then go another way, and come back."""
        heard = Heard()
        async with listening(zalo, store, heard):
            zalo.unfollows(LAN)
            zalo.follows(LAN)
            await wait(zalo.wait_until, lambda: not zalo.pending())
        assert heard.reachable == [(Contact("zalo", LAN), False), (Contact("zalo", LAN), True)]

    async def test_a_receipt_is_told(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """With the tracking id that was sent."""
        heard = Heard()
        zalo.reads_phone("84984123456", LAN)
        async with listening(zalo, store, heard) as channel:
            number = await channel.send_template("0984 123 456", "result", DATA, "hs123-st3")
            await wait(zalo.wait_until, lambda: not zalo.pending())
        assert heard.receipts == [Receipt(number, "hs123-st3")]


class TestDelivery:
    async def test_duplicates_are_answered_once(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """The same message id three times."""
        heard = Heard()
        async with listening(zalo, store, heard) as channel:
            zalo.user_sends(LAN, "một", times=3)
            zalo.user_sends(LAN, "hai")
            await wait(zalo.wait_for_messages, LAN, 2)
            assert channel.counts["redelivered"] == 2
        assert [incoming.text for incoming in heard.messages] == ["một", "hai"]

    async def test_a_slow_answer_is_acknowledged_before(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """Zalo waits 2 s for its 200; the answer may take longer, and is sent once."""
        heard, go = Heard(), asyncio.Event()

        async def slow(incoming: Incoming) -> Reply:
            await go.wait()
            return await echo(incoming)

        async with listening(zalo, store, heard, slow, ack_patience=0.05):
            zalo.user_sends(LAN, "một")
            await wait(zalo.wait_until, lambda: zalo.webhook_answers and not zalo.pending())
            assert zalo.messages(LAN) == []
            go.set()
            await wait(zalo.wait_for_messages, LAN, 1)
        assert zalo.webhook_answers[0] == (200, 0)
        assert len(zalo.messages(LAN)) == 1

    async def test_zalo_comes_again_to_a_process_that_was_away(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """No answer, 503, then 200: with num_retry counted, and one answer."""
        heard = Heard()
        async with connected(zalo, store, heard.receive) as channel:
            zalo.retry_pauses = [0.05] * 200
            fresh, channel._fresh = channel._fresh, None  # as before the start
            async with served(channel) as url:
                zalo.webhook_url = url
                zalo.user_sends(LAN, "một")
                await wait(zalo.wait_until, lambda: zalo.webhook_answers)
                channel._fresh = fresh
                await wait(zalo.wait_for_messages, LAN, 1)
                await wait(zalo.wait_until, lambda: not zalo.pending())
        assert zalo.webhook_answers[0] == (503, 0)
        assert any(status == 200 and number >= 1 for status, number in zalo.webhook_answers)
        assert len(heard.messages) == 1

    async def test_one_person_in_order_while_others_go_on(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """A slow first question of one person holds up nobody else."""
        heard, go = Heard(), asyncio.Event()

        async def receive(incoming: Incoming) -> Reply:
            if incoming.text == "chậm":
                await go.wait()
            return await echo(incoming)

        async with listening(zalo, store, heard, receive, ack_patience=0):
            zalo.user_sends(LAN, "chậm")
            zalo.user_sends(LAN, "sau")
            zalo.user_sends(MINH, "khác")
            await wait(zalo.wait_for_messages, MINH, 1)
            assert zalo.messages(LAN) == []
            go.set()
            seen = await wait(zalo.wait_for_messages, LAN, 2)
        assert [message.text for message in seen] == ["chậm", "sau"]

    async def test_a_failing_conversation_says_sorry(self, zalo: FakeZalo, store: SqlTokens) -> None:
        async def broken(incoming: Incoming) -> Reply:
            raise RuntimeError(incoming.text)

        heard = Heard()
        async with listening(zalo, store, heard, broken) as channel:
            zalo.user_sends(LAN, "bí mật")
            (seen,) = await wait(zalo.wait_for_messages, LAN, 1)
            assert channel.counts["failed"] == 1
        assert seen.text.startswith("Xin lỗi")

    async def test_a_stop_finishes_what_is_in_hand(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """And leaves the rest to Zalo's next try."""
        started, go = asyncio.Event(), asyncio.Event()

        async def slow(incoming: Incoming) -> Reply:
            started.set()
            await go.wait()
            return await echo(incoming)

        zalo.follows(LAN)
        body = event(text="một")
        channel = Zalo(settings(zalo, ack_patience=0), slow, tokens=store, now=lambda: zalo.now)
        await channel.start()
        await channel.handle_webhook(body, mac(body, "1790000000000"))
        await started.wait()
        stopping = asyncio.create_task(channel.stop())
        go.set()
        await stopping
        zalo._interaction[LAN] = zalo.now
        assert len(zalo.called("cs")) == 1
        assert await channel.handle_webhook(body, mac(body, "1790000000000")) == 503
