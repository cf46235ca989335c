"""What people do arrives once, in order, and is answered; whatever else arrives harms nobody."""

import asyncio
import logging
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import bot
from bot.channels import Receive
from bot.channels.telegram import Telegram, TelegramSettings
from bot.messages import Choice, Contact, Incoming, Reply
from tests.bot.channels.telegram_setup import LAN, MINH, connected, echo, settings, telegram, wait
from tests.fakes.telegram import FakeTelegram

__all__ = ["telegram"]
STUCK = """
import asyncio, sys
from bot.channels.telegram import Telegram, TelegramSettings
async def stuck(incoming):
    await asyncio.Event().wait()
async def main():
    await Telegram(TelegramSettings(base_url=sys.argv[1], token=sys.argv[2], typing_after=0), stuck).start()
    await asyncio.Event().wait()
asyncio.run(main())
"""
SECRET = "s3cret_of-the-hook"


class TestPolling:
    async def test_a_message_is_answered(self, telegram: FakeTelegram) -> None:
        """Text in, text and buttons out; the id is unique within the contact."""
        seen: list[Incoming] = []

        async def receive(incoming: Incoming) -> Reply:
            seen.append(incoming)
            return await echo(incoming)

        async with connected(telegram, receive):
            number = telegram.user_sends(LAN, "/start p_1_004194")
            (answer,) = await wait(telegram.wait_for_messages, LAN, 1)
        assert seen == [Incoming(contact=Contact("telegram", "101"), message_id=f"m{number}", text="/start p_1_004194")]
        assert (answer.text, answer.keyboard) == ("/start p_1_004194", [[("Tiếp tục", "next")]])

    async def test_a_press_is_its_link_and_stops_the_clock(self, telegram: FakeTelegram) -> None:
        """Telegram shows a clock on the button until the query is answered."""
        async with connected(telegram):
            telegram.user_sends(LAN, "chào")
            await wait(telegram.wait_for_messages, LAN, 1)
            query = telegram.user_taps(LAN, "Tiếp tục")
            assert (await wait(telegram.wait_for_messages, LAN, 2))[1].text == "next"
            answered = await wait(telegram.wait_for_calls, "answerCallbackQuery", 1)
        assert [call["callback_query_id"] for call in answered] == [query]

    async def test_a_press_that_is_too_old_to_answer_is_still_obeyed(self, telegram: FakeTelegram) -> None:
        """After a pause of the server, the clock has gone, but the person still waits for the page."""
        async with connected(telegram):
            telegram.user_sends(LAN, "chào")
            await wait(telegram.wait_for_messages, LAN, 1)
        telegram.user_taps(LAN, "Tiếp tục")
        telegram.presses_grow_old()
        async with connected(telegram):
            assert (await wait(telegram.wait_for_messages, LAN, 2))[1].text == "next"

    @pytest.mark.parametrize(
        ("sent", "kind"),
        [
            ({"photo": [{"file_id": "x"}]}, "photo"),
            ({"voice": {"file_id": "x"}}, "voice"),
            ({"sticker": {"file_id": "x"}}, "sticker"),
            ({"location": {"latitude": 21.3, "longitude": 106.2}}, "location"),
            ({"document": {"file_id": "x"}}, "file"),
        ],
    )
    async def test_what_we_cannot_read_is_named(self, telegram: FakeTelegram, sent: dict[str, Any], kind: str) -> None:
        """The conversation then says what it can read."""
        async with connected(telegram):
            telegram.user_sends(LAN, **sent)
            assert (await wait(telegram.wait_for_messages, LAN, 1))[0].text == kind

    async def test_an_album_gets_one_answer(self, telegram: FakeTelegram) -> None:
        """Ten photos arrive as ten messages; ten times "I can't read photos" would be a flood."""
        async with connected(telegram):
            for _ in range(3):
                telegram.user_sends(LAN, photo=[{"file_id": "x"}], media_group_id="9")
            telegram.user_sends(LAN, "xong")
            answers = await wait(telegram.wait_for_messages, LAN, 2)
        assert [answer.text for answer in answers] == ["photo", "xong"]

    @pytest.mark.parametrize("sent", [{"photo": [{"file_id": "x"}]}, {"document": {"file_id": "x"}}])
    async def test_a_caption_is_read_as_text(self, telegram: FakeTelegram, sent: dict[str, Any]) -> None:
        """Who writes under a photo asks something."""
        async with connected(telegram):
            telegram.user_sends(LAN, caption="mất bằng lái cần gì", **sent)
            assert (await wait(telegram.wait_for_messages, LAN, 1))[0].text == "mất bằng lái cần gì"

    async def test_the_caption_of_an_album_is_answered_wherever_it_stands(self, telegram: FakeTelegram) -> None:
        async with connected(telegram):
            for caption in ({}, {"caption": "đơn này đúng chưa"}, {}):
                telegram.user_sends(LAN, photo=[{"file_id": "x"}], media_group_id="9", **caption)
            answers = await wait(telegram.wait_for_messages, LAN, 2)
        assert [answer.text for answer in answers] == ["photo", "đơn này đúng chưa"]

    async def test_a_correction_is_answered_once(self, telegram: FakeTelegram) -> None:
        """The conversation gets the same id for every correction of a message, so it answers the first one."""
        heard: list[Incoming] = []

        async def listen(incoming: Incoming) -> Reply | None:
            known = incoming.message_id in [before.message_id for before in heard]
            heard.append(incoming)
            return None if known else Reply(paragraphs=(incoming.text or "",))

        async with connected(telegram, listen):
            number = telegram.user_sends(LAN, "dang ky tam chu")
            await wait(telegram.wait_for_messages, LAN, 1)
            telegram.user_edits(LAN, number, "đăng ký tạm trú")
            telegram.user_edits(LAN, number, "đăng ký tạm trú ạ", after=7)
            telegram.user_sends(LAN, "xong")
            answers = await wait(telegram.wait_for_messages, LAN, 3)
        assert [answer.text for answer in answers] == ["dang ky tam chu", "đăng ký tạm trú", "xong"]
        assert heard[1].message_id == heard[2].message_id == f"e{number}"

    async def test_a_message_whose_looks_alone_changed_gets_no_second_answer(self, telegram: FakeTelegram) -> None:
        """Telegram tells of a preview that was added as of a correction."""
        async with connected(telegram):
            telegram.user_edits(LAN, telegram.user_sends(LAN, "một"), "một")
            telegram.user_sends(LAN, "hai")
            answers = await wait(telegram.wait_for_messages, LAN, 2)
        assert [answer.text for answer in answers] == ["một", "hai"]

    async def test_whoever_calls_the_bot_in_a_group_is_told_where_it_talks(self, telegram: FakeTelegram) -> None:
        """Once, however often it is called; what is not for it gets no answer."""
        async with connected(telegram):
            telegram.user_sends(-5, "chào cả nhà", chat_type="group")
            telegram.user_sends(-5, "/start@motcua_bot", chat_type="group")
            telegram.user_sends(-5, "@motcua_bot ơi cho hỏi", chat_type="group")
            telegram.user_sends(-6, "hỏi @Motcua_Bot", chat_type="supergroup")
            telegram.user_sends(LAN, "xong")
            await wait(telegram.wait_for_messages, LAN, 1)
            await wait(telegram.wait_for_messages, -5, 1)
            await wait(telegram.wait_for_messages, -6, 1)
        assert ["nhắn riêng" in seen.text for seen in telegram.messages(-5)] == [True]
        assert ["nhắn riêng" in seen.text for seen in telegram.messages(-6)] == [True]

    async def test_late_corrections_groups_and_service_notes_get_no_answer(self, telegram: FakeTelegram) -> None:
        """Only private chats are served; who corrects an old message is tidying up."""
        async with connected(telegram):
            telegram.user_sends(-5, "chào cả nhà", chat_type="group")
            telegram.user_sends(LAN, pinned_message={"message_id": 1})
            telegram.user_edits(LAN, telegram.user_sends(LAN, "một"), "hai", after=600)
            telegram.user_sends(LAN, "ba")
            answers = await wait(telegram.wait_for_messages, LAN, 2)
        assert [answer.text for answer in answers] == ["một", "ba"]
        assert telegram.messages(-5) == []

    async def test_a_group_is_told_once_that_the_bot_talks_in_private(self, telegram: FakeTelegram) -> None:
        """When the bot is added, not at every message."""
        async with connected(telegram):
            telegram.joins_group(-5)
            (said,) = await wait(telegram.wait_for_messages, -5, 1)
        assert "nhắn riêng" in said.text

    async def test_only_what_is_read_is_asked_for(self, telegram: FakeTelegram) -> None:
        """Blocking is in `my_chat_member`, which has to be named."""
        async with connected(telegram):
            (call, *_) = await wait(telegram.wait_for_calls, "getUpdates", 1)
        assert call["allowed_updates"] == ["message", "edited_message", "callback_query", "my_chat_member"]

    async def test_a_webhook_left_behind_is_removed_and_its_updates_kept(self, telegram: FakeTelegram) -> None:
        """Telegram refuses to be polled while a webhook is set."""
        telegram._set_webhook(url="https://example.org/hook")
        telegram.user_sends(LAN, "chào")
        async with connected(telegram):
            await wait(telegram.wait_for_messages, LAN, 1)

    async def test_an_unreadable_update_does_not_stop_the_others(self, telegram: FakeTelegram) -> None:
        """A shape that the Bot API may get one day, between two readable ones."""
        async with connected(telegram) as channel:
            telegram.user_sends(LAN, "trước")
            telegram.raw_update(message={"message_id": "năm", "chat": 7})
            telegram.raw_update(callback_query={"id": 5})
            telegram.user_sends(LAN, "sau")
            await wait(telegram.wait_for_messages, LAN, 2)
            await wait(telegram.wait_until, lambda: not telegram.pending())
        assert channel.counts["malformed"] + channel.counts["failed"] == 2

    async def test_commands_are_shown_in_the_menu(self, telegram: FakeTelegram) -> None:
        async with connected(telegram, commands=(("hoso", "Tra cứu hồ sơ"),)):
            pass
        assert telegram.commands == [{"command": "hoso", "description": "Tra cứu hồ sơ"}]


class TestNothingIsLost:
    async def test_telegram_keeps_a_message_until_it_was_handled(self, telegram: FakeTelegram) -> None:
        """An offset confirms all below it, so it must not pass a message in hand: a kill would lose that one."""
        go = asyncio.Event()

        async def slow(incoming: Incoming) -> Reply:
            if incoming.text == "chậm":
                await go.wait()
            return await echo(incoming)

        async with connected(telegram, slow):
            telegram.user_sends(LAN, "chậm")
            telegram.user_sends(MINH, "nhanh")
            await wait(telegram.wait_for_messages, MINH, 1)
            await wait(telegram.wait_for_calls, "getUpdates", len(telegram.called("getUpdates")) + 2)
            assert telegram.pending() == 2
            telegram.user_sends(MINH, "vẫn nhanh")
            await wait(telegram.wait_for_messages, MINH, 2)
            go.set()
            await wait(telegram.wait_until, lambda: not telegram.pending())
        assert [answer.text for answer in telegram.messages(LAN)] == ["chậm"]
        assert [answer.text for answer in telegram.messages(MINH)] == ["nhanh", "vẫn nhanh"]

    async def test_after_a_kill_the_message_comes_again_with_the_same_id(self, telegram: FakeTelegram) -> None:
        """By the id the conversation knows a redelivery."""
        ids: list[str] = []

        async def stuck(incoming: Incoming) -> Reply:
            ids.append(incoming.message_id)
            await asyncio.Event().wait()
            raise AssertionError

        async def working(incoming: Incoming) -> Reply:
            ids.append(incoming.message_id)
            return await echo(incoming)

        async with connected(telegram, stuck, stop_patience=0):
            telegram.user_sends(LAN, "chào")
            await wait(telegram.wait_for_calls, "getUpdates", 2)
        async with connected(telegram, working):
            await wait(telegram.wait_for_messages, LAN, 1)
        assert len(ids) == 2
        assert len(set(ids)) == 1

    async def test_a_killed_process_loses_nothing(self, telegram: FakeTelegram) -> None:
        """kill -9 in the middle of an answer, in a process of its own; the next one answers."""
        telegram.user_sends(LAN, "chào")
        killed = await asyncio.create_subprocess_exec(
            sys.executable, "-c", STUCK, telegram.base_url, telegram.token, cwd=Path(bot.__file__).parents[1]
        )
        await wait(telegram.wait_until, lambda: telegram.typing == [LAN])  # so the message was handed over
        await wait(telegram.wait_for_calls, "getUpdates", 3)  # and Telegram was asked for more
        killed.kill()
        await killed.wait()
        async with connected(telegram):
            await wait(telegram.wait_for_messages, LAN, 1)

    async def test_a_stop_finishes_and_confirms_what_is_in_hand(self, telegram: FakeTelegram) -> None:
        """A planned restart repeats nothing."""
        started, go = asyncio.Event(), asyncio.Event()

        async def slow(incoming: Incoming) -> Reply:
            started.set()
            await go.wait()
            return await echo(incoming)

        async with connected(telegram, slow):
            telegram.user_sends(LAN, "chào")
            await started.wait()
            asyncio.get_running_loop().call_soon(go.set)
        assert len(telegram.messages(LAN)) == 1
        assert telegram.pending() == 0

    async def test_a_failing_conversation_says_sorry(
        self, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Never silence; and the log holds neither what the person wrote nor the token."""

        async def broken(incoming: Incoming) -> Reply:
            raise KeyError(f"lỗi với {incoming.text}")

        with caplog.at_level(logging.DEBUG):
            async with connected(telegram, broken) as channel:
                telegram.user_sends(LAN, "số của tôi 0912345678")
                (answer,) = await wait(telegram.wait_for_messages, LAN, 1)
                await wait(telegram.wait_until, lambda: not telegram.pending())
        assert answer.text == TelegramSettings(token="1:x").sorry
        assert channel.counts["failed"] == 1
        ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpcore", "asyncio"))]
        assert any("KeyError at" in line for line in ours)
        assert not [line for line in ours if "0912345678" in line or telegram.token in line]

    async def test_silence_may_be_asked_for(self, telegram: FakeTelegram) -> None:
        """None is what the conversation says to a redelivery."""

        async def silent(incoming: Incoming) -> Reply | None:
            return None if incoming.text == "một" else await echo(incoming)

        async with connected(telegram, silent):
            telegram.user_sends(LAN, "một")
            telegram.user_sends(LAN, "hai")
            await wait(telegram.wait_for_messages, LAN, 1)
        assert [answer.text for answer in telegram.messages(LAN)] == ["hai"]

    async def test_polling_survives_a_supplier_that_stumbles(self, telegram: FakeTelegram) -> None:
        """5xx (one from the gateway, in HTML), a lost connection and flood control before the first message."""
        telegram.fault("getUpdates", status=500)
        telegram.fault("getUpdates", status=502)
        telegram.fault("getUpdates", reset=True)
        telegram.fault("getUpdates", status=429, retry_after=1)
        telegram.user_sends(LAN, "chào")
        async with connected(telegram):
            await wait(telegram.wait_for_messages, LAN, 1)

    async def test_a_second_instance_is_reported(
        self, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Two pollers with one token throw each other out; the log says so, and both go on trying."""
        async with connected(telegram), connected(telegram):
            while "Another instance polls Telegram with the same token" not in caplog.text:
                await wait(telegram.wait_for_calls, "getUpdates", len(telegram.called("getUpdates")) + 1)
        async with connected(telegram):
            telegram.user_sends(LAN, "còn đó không?")
            await wait(telegram.wait_for_messages, LAN, 1)


class TestOrder:
    async def test_one_chat_in_order_while_others_go_on(self, telegram: FakeTelegram) -> None:
        """A slow answer holds up the same chat's next question, and nobody else's."""
        go = asyncio.Event()

        async def slow(incoming: Incoming) -> Reply:
            if incoming.text == "1":
                await go.wait()
            return await echo(incoming)

        async with connected(telegram, slow):
            for text in "123":
                telegram.user_sends(LAN, text)
            telegram.user_sends(MINH, "chào")
            await wait(telegram.wait_for_messages, MINH, 1)
            assert telegram.messages(LAN) == []
            go.set()
            answers = await wait(telegram.wait_for_messages, LAN, 3)
        assert [answer.text for answer in answers] == ["1", "2", "3"]

    async def test_no_more_than_a_bounded_number_at_once(self, telegram: FakeTelegram) -> None:
        """The conversation runs in threads and a database; a flood must queue here."""
        running, most = 0, 0

        async def busy(incoming: Incoming) -> Reply:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            return await echo(incoming)

        async with connected(telegram, busy, concurrent=2):
            for chat in range(300, 310):
                telegram.user_sends(chat, "chào")
            for chat in range(300, 310):
                await wait(telegram.wait_for_messages, chat, 1)
        assert most == 2

    async def test_typing_is_shown_while_an_answer_takes_time(self, telegram: FakeTelegram) -> None:
        """A person who sees nothing asks again."""

        async def slow(incoming: Incoming) -> Reply:
            await wait(telegram.wait_until, lambda: telegram.typing == [LAN])
            return await echo(incoming)

        async with connected(telegram, slow, typing_after=0):
            telegram.user_sends(LAN, "chào")
            await wait(telegram.wait_for_messages, LAN, 1)

    async def test_a_quick_answer_shows_no_typing(self, telegram: FakeTelegram) -> None:
        async with connected(telegram, typing_after=3600):
            telegram.user_sends(LAN, "chào")
            await wait(telegram.wait_for_messages, LAN, 1)
        assert telegram.called("sendChatAction") == []


class TestReachable:
    async def test_blocking_and_unblocking_is_told(self, telegram: FakeTelegram) -> None:
        """So that notices go another way, and come back."""
        told: asyncio.Queue[tuple[Contact, bool]] = asyncio.Queue()

        async def on_reachable(contact: Contact, reachable: bool) -> None:
            await told.put((contact, reachable))

        async with connected(telegram, on_reachable=on_reachable):
            telegram.blocks(LAN)
            assert await told.get() == (Contact("telegram", "101"), False)
            telegram.unblocks(LAN)
            assert await told.get() == (Contact("telegram", "101"), True)

    async def test_a_failing_listener_harms_nothing(self, telegram: FakeTelegram) -> None:
        async def broken(contact: Contact, reachable: bool) -> None:
            raise RuntimeError

        async with connected(telegram, on_reachable=broken):
            telegram.blocks(LAN)
            telegram.user_sends(MINH, "chào")
            await wait(telegram.wait_for_messages, MINH, 1)


class TestStart:
    @pytest.mark.parametrize("token", ["123456:wrong", "", "TEST-token", "1:ồ!"])
    async def test_a_wrong_token_says_what_to_do(self, telegram: FakeTelegram, token: str) -> None:
        """The error names BotFather and doesn't repeat the token, which may be a right one with a slip."""
        with pytest.raises(ValueError, match="@BotFather") as caught:
            await Telegram(settings(telegram, token=token), echo).start()
        assert not token or token not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None

    async def test_a_refused_webhook_says_why(self, telegram: FakeTelegram) -> None:
        wrong = settings(telegram, webhook_url="http://example.org/hook", webhook_secret=SECRET)
        with pytest.raises(ValueError, match=r"(?i)https url must be provided"):
            await Telegram(wrong, echo).start()

    def test_a_webhook_needs_a_secret(self, telegram: FakeTelegram) -> None:
        """Without it anybody could speak in anybody's name."""
        with pytest.raises(ValueError, match="webhook_secret"):
            Telegram(settings(telegram, webhook_url="https://example.org/hook"), echo)

    async def test_a_supplier_that_is_down_at_the_start_is_waited_for(self, telegram: FakeTelegram) -> None:
        """The web chat must not stay away because Telegram does."""
        telegram.fault("getMe", status=502, times=2)
        telegram.fault("deleteWebhook", reset=True)
        async with connected(telegram):
            telegram.user_sends(LAN, "chào")
            await wait(telegram.wait_for_messages, LAN, 1)

    def test_settings_do_not_print_their_secrets(self) -> None:
        shown = repr(TelegramSettings(token="123:abc", webhook_secret=SECRET))
        assert not re.search("123:abc|" + SECRET, shown)


@asynccontextmanager
async def hooked(telegram: FakeTelegram, receive: Receive = echo, **changes: object) -> AsyncIterator[Telegram]:
    """The channel behind a web server, as in production; the fake pushes to it."""

    async def route(request: Request) -> Response:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        return Response(status_code=await channel.handle_webhook(await request.body(), secret))

    app = Starlette(routes=[Route("/hook", route, methods=["POST"])])
    with socket.create_server(("127.0.0.1", 0)) as listening:  # from now on the kernel keeps connections for us
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        channel = Telegram(settings(telegram, webhook_url=url, webhook_secret=SECRET, **changes), receive)
        try:
            await channel.start()
            yield channel
            await channel.stop()
        finally:
            server.should_exit = True
            await serving


class TestWebhook:
    async def test_messages_and_presses_are_answered(self, telegram: FakeTelegram) -> None:
        async with hooked(telegram):
            telegram.user_sends(LAN, "chào")
            await wait(telegram.wait_for_messages, LAN, 1)
            telegram.user_taps(LAN, "next")
            await wait(telegram.wait_for_messages, LAN, 2)
            await wait(telegram.wait_until, lambda: not telegram.pending())
        assert telegram.called("getUpdates") == []
        assert telegram.webhook_answers == [200, 200]

    async def test_a_slow_update_is_delivered_again_and_answered_once(self, telegram: FakeTelegram) -> None:
        """503 keeps it at Telegram until it was handled; meanwhile redeliveries join the one in hand."""
        go, received = asyncio.Event(), 0

        async def slow(incoming: Incoming) -> Reply:
            nonlocal received
            received += 1
            await go.wait()
            return await echo(incoming)

        async with hooked(telegram, slow, webhook_patience=0.01):
            telegram.user_sends(LAN, "chào")
            await wait(telegram.wait_until, lambda: telegram.webhook_answers[:2] == [503, 503])
            assert received == 1
            go.set()
            telegram.user_sends(LAN, "còn đó không?")
            answers = await wait(telegram.wait_for_messages, LAN, 2)
        assert [answer.text for answer in answers] == ["chào", "còn đó không?"]

    async def test_a_wrong_secret_is_refused_and_counted(self, telegram: FakeTelegram) -> None:
        async with hooked(telegram) as channel:
            body = b'{"update_id":1,"message":{"message_id":1,"chat":{"id":101,"type":"private"},"text":"a"}}'
            assert await channel.handle_webhook(body, None) == 403
            assert await channel.handle_webhook(body, "ữ") == 403
            assert await channel.handle_webhook(body, SECRET + "x") == 403
        assert channel.counts["wrong secret"] == 3
        assert telegram.called("sendMessage") == []

    async def test_without_a_webhook_nothing_is_let_in(self, telegram: FakeTelegram) -> None:
        """A polling bot has no secret; an empty header is not it."""
        assert await Telegram(settings(telegram), echo).handle_webhook(b'{"update_id":1}', "") == 403

    async def test_before_the_start_telegram_is_asked_to_come_again(self, telegram: FakeTelegram) -> None:
        channel = Telegram(settings(telegram, webhook_url="https://example.org/h", webhook_secret=SECRET), echo)
        assert await channel.handle_webhook(b'{"update_id":1}', SECRET) == 503

    async def test_malformed_bodies_never_raise(self, telegram: FakeTelegram) -> None:
        """Any bytes, any JSON, any wrong type in an update: a status, and the channel lives on."""
        shapes = st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
            max_leaves=12,
        )
        updates = st.fixed_dictionaries({"update_id": st.integers(1, 10**6)}, optional=dict.fromkeys(KINDS, shapes))
        async with hooked(telegram) as channel:
            loop = asyncio.get_running_loop()

            @hypothesis_settings(max_examples=150, deadline=None, database=None)
            @given(st.binary(max_size=30) | (shapes | updates).map(_json))
            def any_body(body: bytes) -> None:
                asked = asyncio.run_coroutine_threadsafe(channel.handle_webhook(body, SECRET), loop)
                assert asked.result(20) in (200, 400)

            await asyncio.to_thread(any_body)
            assert await channel.handle_webhook(b'{"update_id":1,"message":' + b'{"a":' * 100_000, SECRET) == 400
            telegram.user_sends(LAN, "chào")
            await wait(telegram.wait_for_messages, LAN, 1)

    async def test_choices_survive_a_restart(self, telegram: FakeTelegram) -> None:
        """A button says everything by itself: a new process obeys a press on a message of the old one."""

        async def menu(incoming: Incoming) -> Reply:
            return Reply(paragraphs=(incoming.pressed or "Chào bạn",), choices=(Choice("Nộp hồ sơ", "p:1.004194"),))

        async with hooked(telegram, menu):
            telegram.user_sends(LAN, "/start")
            await wait(telegram.wait_for_messages, LAN, 1)
        telegram.user_taps(LAN, "Nộp hồ sơ")
        async with hooked(telegram, menu):
            assert (await wait(telegram.wait_for_messages, LAN, 2))[1].text == "p:1.004194"


KINDS = ["message", "callback_query", "my_chat_member"]
FIELDS = [*KINDS, "chat", "id", "type", "text", "message_id", "data", "new_chat_member", "status", "photo", "update_id"]


def _json(shape: object) -> bytes:
    import json

    return json.dumps(shape).encode()
