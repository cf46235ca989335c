"""The Zalo Bot Platform: text in and out, by fetching or by webhook."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.channels import OutcomeUnknown, Refused, Spent, TryLater, Unreachable
from bot.channels.zalo_errors import NeedsOperator
from bot.channels.zalobot import ZaloBot, ZaloBotSettings
from bot.messages import Choice, Contact, Incoming, Reply
from tests.bot.channels.zalo_setup import bot_connected, echo, wait, zalobot
from tests.fakes.zalobot import TOKEN, FakeZaloBot

__all__ = ["zalobot"]
LAN, SECRET = "abc123", "a-secret-of-ours"
CONTACT = Contact("zalobot", LAN)
NOTICE = Reply(paragraphs=("Hồ sơ đã có kết quả.",))


def push(text: str = "chào", *, wrapped: bool = True, **message: Any) -> bytes:
    inner = {
        "event_name": "message.text.received",
        "message": {"from": {"id": LAN}, "chat": {"id": LAN}, "text": text, "message_id": "1", "date": 1, **message},
    }
    return json.dumps({"ok": True, "result": inner} if wrapped else inner).encode()


class TestFetching:
    async def test_messages_are_answered_in_order(self, zalobot: FakeZaloBot) -> None:
        async with bot_connected(zalobot):
            for text in ("một", "hai", "ba"):
                zalobot.user_sends(LAN, text)
            seen = await wait(zalobot.wait_for_messages, LAN, 3)
        assert [message.text for message in seen] == ["một", "hai", "ba"]

    async def test_nothing_new_is_no_error(self, zalobot: FakeZaloBot, caplog: pytest.LogCaptureFixture) -> None:
        """408 within an answer, HTTP 200 or 408: simply asked again."""
        async with bot_connected(zalobot, poll_timeout=0):
            await wait(zalobot.wait_until, lambda: len(zalobot.called("getUpdates")) > 3)
        assert caplog.records == []

    async def test_a_stop_waits_for_the_fetch_under_way(self, zalobot: FakeZaloBot) -> None:
        """What it brings would never come again: it is answered before the channel ends."""
        async with bot_connected(zalobot, poll_timeout=8) as channel:
            await wait(zalobot.wait_until, lambda: zalobot.called("getUpdates"))
            stopping = asyncio.create_task(channel.stop())
            zalobot.user_sends(LAN, "một")
            await stopping
            assert [message.text for message in zalobot.messages(LAN)] == ["một"]
            assert len(zalobot.called("getUpdates")) == 1

    @pytest.mark.parametrize(("kind", "other"), [("image", "photo"), ("sticker", "sticker"), ("voice", "voice")])
    async def test_what_we_cannot_read_is_named(self, zalobot: FakeZaloBot, kind: str, other: str) -> None:
        async with bot_connected(zalobot):
            zalobot.user_sends_other(LAN, kind)
            assert (await wait(zalobot.wait_for_messages, LAN, 1))[0].text == other

    async def test_groups_and_unreadable_updates_are_passed_over(self, zalobot: FakeZaloBot) -> None:
        """And do not stop what follows."""
        async with bot_connected(zalobot) as channel:
            zalobot.user_sends(LAN, "chào cả nhà", chat_type="GROUP")
            zalobot.raw_update({"event_name": 5})
            zalobot.user_sends(LAN, "một", times=2)
            zalobot.user_sends(LAN, "hai")
            seen = await wait(zalobot.wait_for_messages, LAN, 2)
            assert (channel.counts["malformed"], channel.counts["ignored"]) == (1, 1)
        assert [message.text for message in seen] == ["một", "hai"]

    @pytest.mark.parametrize("fault", [{"error": 500}, {"status": 502}, {"reset": True}, {"garbage": True}])
    async def test_a_platform_that_stumbles_is_asked_again(self, zalobot: FakeZaloBot, fault: dict[str, Any]) -> None:
        zalobot.fault("getUpdates", **fault)
        async with bot_connected(zalobot):
            zalobot.user_sends(LAN, "một")
            await wait(zalobot.wait_for_messages, LAN, 1)

    async def test_a_webhook_that_somebody_set_is_taken_away(self, zalobot: FakeZaloBot) -> None:
        """While one is set, nothing can be fetched."""
        async with bot_connected(zalobot, poll_timeout=0):
            zalobot.webhook = {"url": "http://127.0.0.1:1/", "secret_token": "x" * 8}
            zalobot.user_sends(LAN, "một")
            await wait(zalobot.wait_for_messages, LAN, 1)

    async def test_typing_is_shown_while_an_answer_takes_time(self, zalobot: FakeZaloBot) -> None:
        async def slow(incoming: Incoming) -> Reply:
            await wait(zalobot.wait_until, lambda: zalobot.typing)
            return await echo(incoming)

        async with bot_connected(zalobot, slow, typing_after=0.01):
            zalobot.user_sends(LAN, "một")
            await wait(zalobot.wait_for_messages, LAN, 1)
        assert zalobot.typing[0] == LAN

    async def test_a_wrong_token_says_what_to_do(self, zalobot: FakeZaloBot) -> None:
        with pytest.raises(ValueError, match="does not know this token"):
            async with bot_connected(zalobot, token="12345678:wrong"):
                pass
        with pytest.raises(ValueError, match="does not know this token"):
            ZaloBot(ZaloBotSettings(token="a/b"), echo)


class TestWebhook:
    async def test_messages_are_answered_wrapped_or_bare(self, zalobot: FakeZaloBot) -> None:
        """Both shapes have been seen."""
        zalobot.user_sends(LAN, "x")
        async with bot_connected(zalobot, webhook_url="http://127.0.0.1:1/", webhook_secret=SECRET) as channel:
            assert zalobot.webhook["secret_token"] == SECRET
            assert await channel.handle_webhook(push("một", message_id="1"), SECRET) == 200
            assert await channel.handle_webhook(push("hai", message_id="2", wrapped=False), SECRET) == 200
            assert await channel.handle_webhook(push("hai", message_id="2"), SECRET) == 200
        assert [seen.text for seen in zalobot.messages(LAN)] == ["một", "hai"]

    @pytest.mark.parametrize("secret", [None, "", "a-secret-of-other", "ộ"])
    async def test_a_wrong_secret_is_refused(self, zalobot: FakeZaloBot, secret: str | None) -> None:
        async with bot_connected(zalobot, webhook_url="http://127.0.0.1:1/", webhook_secret=SECRET) as channel:
            assert await channel.handle_webhook(push(), secret) == 403
            assert channel.counts["wrong secret"] == 1
        assert zalobot.called("sendMessage") == []

    async def test_without_a_webhook_nothing_is_let_in(self, zalobot: FakeZaloBot) -> None:
        async with bot_connected(zalobot) as channel:
            assert await channel.handle_webhook(push(), "") == 403

    async def test_malformed_bodies_never_raise(self, zalobot: FakeZaloBot) -> None:
        async with bot_connected(zalobot, webhook_url="http://127.0.0.1:1/", webhook_secret=SECRET) as channel:
            loop = asyncio.get_running_loop()
            anything = st.recursive(
                st.none() | st.integers() | st.text(max_size=9),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["result", "message", "event_name", "chat"]), inner)
                ),
                max_leaves=8,
            )

            @hypothesis_settings(max_examples=150, deadline=None, database=None)
            @given(st.binary(max_size=40) | anything.map(lambda value: json.dumps(value).encode()))
            def knock(body: bytes) -> None:
                status = asyncio.run_coroutine_threadsafe(channel.handle_webhook(body, SECRET), loop).result(20)
                assert status in (200, 400)

            await asyncio.to_thread(knock)
            assert await channel.handle_webhook(b"[" * 100_000, SECRET) == 400

    def test_a_webhook_needs_a_secret(self) -> None:
        with pytest.raises(ValueError, match="webhook_secret"):
            ZaloBot(ZaloBotSettings(token=TOKEN, webhook_url="https://x.vn/", webhook_secret="short"), echo)

    def test_settings_do_not_print_their_secrets(self) -> None:
        assert TOKEN not in repr(ZaloBotSettings(token=TOKEN))


class TestSending:
    async def test_a_long_reply_arrives_whole_with_its_menu(self, zalobot: FakeZaloBot) -> None:
        zalobot.user_sends(LAN, "x")
        reply = Reply(paragraphs=("a" * 1500, "b" * 1500), choices=(Choice("Về đầu", "desk.start"),))
        async with bot_connected(zalobot, webhook_url="http://127.0.0.1:1/", webhook_secret=SECRET) as channel:
            numbers = await channel.send(CONTACT, reply)
        seen = zalobot.messages(LAN)
        assert numbers == ",".join(message.message_id for message in seen)
        assert [message.text[:4] for message in seen] == ["aaaa", "bbbb"]
        assert seen[1].text.endswith("\n[1] Về đầu")

    @pytest.mark.parametrize("http_errors", [True, False])
    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ({"error": 429}, TryLater),
            ({"error": 503}, TryLater),
            ({"error": 401}, NeedsOperator),
            ({"error": 403}, Unreachable),
            ({"error": 400}, Refused),
            ({"error": 500}, OutcomeUnknown),
            ({"status": 502}, OutcomeUnknown),
            ({"garbage": True}, OutcomeUnknown),
            ({"hang": True, "accept": True}, OutcomeUnknown),
            ({"reset": True, "accept": True}, OutcomeUnknown),
        ],
    )
    async def test_every_failure_has_its_meaning(
        self, http_errors: bool, fault: dict[str, Any], expected: type[Exception]
    ) -> None:
        """`ok` decides, whatever the HTTP status; a push is tried once."""
        with FakeZaloBot(http_errors=http_errors) as fake:
            fake._seen[LAN] = []
            fake.fault("sendMessage", **fault)
            async with bot_connected(fake, read_timeout=0.3) as channel:
                with pytest.raises(expected) as caught:
                    await channel.send(CONTACT, NOTICE)
            assert type(caught.value) is expected
            assert len(fake.called("sendMessage")) == 1
            assert TOKEN not in str(caught.value)

    async def test_pauses_begin_with_a_minute_and_double(
        self, zalobot: FakeZaloBot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A 429 may be of a moment: up to a quarter of an hour, and from the start again once a message is taken."""
        at = [1000.0]
        waits = []
        zalobot._seen[LAN] = []
        async with bot_connected(zalobot) as channel:
            monkeypatch.setattr("bot.channels.zalobot.monotonic", lambda: at[0])
            for _ in range(6):
                zalobot.fault("sendMessage", error=429)
                with pytest.raises(TryLater) as refusal:
                    await channel.send(CONTACT, NOTICE)
                waits.append(refusal.value.seconds)
                at[0] += refusal.value.seconds
            await channel.send(CONTACT, NOTICE)
            zalobot.fault("sendMessage", error=429)
            with pytest.raises(TryLater) as refusal:
                await channel.send(CONTACT, NOTICE)
        assert waits == [60, 120, 240, 480, 900, 900]
        assert refusal.value.seconds == 60

    async def test_at_the_month_s_limit_notices_go_another_way(self, zalobot: FakeZaloBot) -> None:
        """Whoever asks is still answered; what left is counted, answers too."""

        class Counted:
            count = 0

            async def used(self) -> int:
                return self.count

            async def left(self) -> None:
                self.count += 1

        month = Counted()
        async with bot_connected(zalobot, hooks={"allowance": month}, monthly=2) as channel:
            zalobot.user_sends(LAN, "một")
            await wait(zalobot.wait_for_messages, LAN, 1)
            await channel.send(CONTACT, NOTICE)
            with pytest.raises(Spent):
                await channel.send(CONTACT, NOTICE)
            zalobot.user_sends(LAN, "hai")
            await wait(zalobot.wait_for_messages, LAN, 3)
        assert month.count == 3

    async def test_a_used_up_quota_pauses_the_channel(self, zalobot: FakeZaloBot) -> None:
        """The next push does not even ask; an answer is tried three times, then counted."""
        zalobot.quota = 0
        async with bot_connected(zalobot) as channel:
            zalobot.user_sends(LAN, "một")
            await wait(zalobot.wait_until, lambda: len(zalobot.called("sendMessage")) == 3)
            with pytest.raises(TryLater):
                await channel.send(CONTACT, NOTICE)
        assert channel.counts["unanswered"] == 1
        assert len(zalobot.called("sendMessage")) == 3
