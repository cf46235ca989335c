"""What the bot says arrives, once, readable and at a pace that Telegram allows; otherwise the error says why."""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.channels import OutcomeUnknown, TryLater, Unreachable
from bot.channels.telegram import Telegram
from bot.messages import Choice, Contact, Incoming, Reply
from tests.bot.channels.telegram_setup import LAN, MINH, connected, echo, settings, telegram, wait
from tests.fakes.telegram import FakeTelegram, parse_text

__all__ = ["telegram"]
CONTACT = Contact("telegram", str(LAN))
NOTICE = Reply(paragraphs=("Hồ sơ của bạn đã có kết quả.",))
LONG = Reply(paragraphs=("a" * 4000, "b" * 4000))


class People:
    """Collects what `on_reachable` tells."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool]] = []

    async def on_reachable(self, contact: Contact, reachable: bool) -> None:
        self.told.append((contact.id, reachable))


class TestAnswers:
    async def test_any_text_is_delivered_verbatim(self, telegram: FakeTelegram) -> None:
        """Names and papers hold any sign; only space at the ends, and what Telegram itself drops, may change."""
        text = st.text(
            st.characters(codec="utf-16", exclude_characters="\ufdd0", exclude_categories=["Cc"]), min_size=1
        )
        telegram.unblocks(LAN)
        async with connected(telegram) as channel:
            loop = asyncio.get_running_loop()

            @hypothesis_settings(max_examples=100, deadline=None, database=None)
            @given(text)
            @example("<b>đậm</b> & <i> &amp; &lt; </b> \"'")
            @example("Mẫu <không đóng")
            def say(text: str) -> None:
                said = "Tờ " + text + " hết"
                number = asyncio.run_coroutine_threadsafe(
                    channel.send(CONTACT, Reply(paragraphs=(said,))), loop
                ).result(20)
                shown = telegram.messages(LAN)[-1]
                assert (str(shown.message_id), shown.text) == (number, parse_text(said, "")[0])

            await asyncio.to_thread(say)

    async def test_a_long_answer_arrives_whole_and_in_order(self, telegram: FakeTelegram) -> None:
        """Buttons under the last part; headings bold."""
        papers = tuple(f"# Giấy {number}\n" + " ".join(["chi tiết"] * 40) for number in range(40))

        async def receive(incoming: Incoming) -> Reply:
            return Reply(paragraphs=papers, choices=(Choice("Về đầu", "home"),))

        async with connected(telegram, receive):
            telegram.user_sends(LAN, "giấy tờ")
            await wait(telegram.wait_until, lambda: any(seen.keyboard for seen in telegram.messages(LAN)))
        shown = telegram.messages(LAN)
        text = "\n\n".join(seen.text for seen in shown)
        assert text.split("\n\n") == [paper.removeprefix("# ") for paper in papers]
        assert [seen.labels for seen in shown] == [[]] * (len(shown) - 1) + [["Về đầu"]]
        assert shown[0].bold[0] == "Giấy 0"

    async def test_refused_markup_is_sent_as_plain_text(self, telegram: FakeTelegram) -> None:
        """Better without bold than not at all."""
        telegram.unblocks(LAN)
        description = "Bad Request: can't parse entities: Unexpected end tag at byte offset 7"
        telegram.fault("sendMessage", status=400, description=description)
        async with connected(telegram) as channel:
            await channel.send(CONTACT, Reply(paragraphs=("# Tên\n1 < 2 & <b>",), choices=(Choice("Về", "home"),)))
        (shown,) = telegram.messages(LAN)
        assert (shown.text, shown.bold, shown.labels) == ("Tên\n1 < 2 & <b>", [], ["Về"])

    async def test_flood_control_is_waited_out(self, telegram: FakeTelegram) -> None:
        """The person still waits for the answer."""
        telegram.fault("sendMessage", status=429, retry_after=1)
        async with connected(telegram):
            telegram.user_sends(LAN, "chào")
            assert (await wait(telegram.wait_for_messages, LAN, 1))[0].text == "chào"

    async def test_after_a_long_flood_pause_the_answers_come_in_order(self, telegram: FakeTelegram) -> None:
        """What Telegram does not take within a minute is not confirmed, and is sent when it does; others go on."""
        confirmed: list[str] = []

        async def sent(incoming: Incoming) -> None:
            confirmed.append(incoming.text or "")

        telegram.fault("sendMessage", status=429, retry_after=1, chat=LAN)
        channel = Telegram(settings(telegram, longest_pause=0.1), echo, sent=sent)
        await channel.start()
        try:
            telegram.user_sends(LAN, "một")
            await wait(telegram.wait_for_calls, "sendMessage", 1)
            telegram.user_sends(LAN, "hai")
            telegram.user_sends(MINH, "ba")
            await wait(telegram.wait_until, lambda: confirmed == ["ba"])
            assert telegram.messages(LAN) == []
            await wait(telegram.wait_for_messages, LAN, 2)
            await wait(telegram.wait_until, lambda: len(confirmed) == 3)
        finally:
            await channel.stop()
        assert [seen.text for seen in telegram.messages(LAN)] == ["một", "hai"]
        assert confirmed == ["ba", "một", "hai"]
        assert channel.counts["unanswered"] == 0

    async def test_what_waits_when_the_process_stops_is_not_confirmed(self, telegram: FakeTelegram) -> None:
        confirmed: list[Incoming] = []

        async def sent(incoming: Incoming) -> None:
            confirmed.append(incoming)

        telegram.fault("sendMessage", status=429, retry_after=600, chat=LAN)
        channel = Telegram(settings(telegram), echo, sent=sent)
        await channel.start()
        telegram.user_sends(LAN, "một")
        await wait(telegram.wait_until, lambda: channel.counts["later"] == 1)
        await channel.stop()
        assert confirmed == []
        assert channel.counts["unanswered"] == 1

    @pytest.mark.parametrize(
        "reason", ["BUTTON_DATA_INVALID", "can't parse inline keyboard button", "BUTTON_URL_INVALID"]
    )
    async def test_refused_buttons_cost_the_buttons_and_not_the_text(self, telegram: FakeTelegram, reason: str) -> None:
        telegram.fault("sendMessage", status=400, description=f"Bad Request: {reason}")
        async with connected(telegram):
            telegram.user_sends(LAN, "chào")
            (shown,) = await wait(telegram.wait_for_messages, LAN, 1)
        assert shown.text.startswith("chào\n\n(Các nút không hiện được")
        assert shown.labels == []

    async def test_a_flood_pause_longer_than_half_an_hour_is_not_waited_out(self, telegram: FakeTelegram) -> None:
        """After it, nobody waits for the answer any more; it's counted."""
        telegram.fault("sendMessage", status=429, retry_after=3600)
        async with connected(telegram) as channel:
            telegram.user_sends(LAN, "một")
            telegram.user_sends(LAN, "hai")
            await wait(telegram.wait_for_messages, LAN, 1)
        assert [seen.text for seen in telegram.messages(LAN)] == ["hai"]
        assert channel.counts["unanswered"] == 1

    @pytest.mark.parametrize("status", [500, 502, 503])
    async def test_a_supplier_that_is_down_is_tried_twice_more(self, telegram: FakeTelegram, status: int) -> None:
        """Nothing was delivered, so nothing is repeated by it."""
        telegram.fault("sendMessage", status=status, times=2)
        async with connected(telegram):
            telegram.user_sends(LAN, "chào")
            await wait(telegram.wait_for_messages, LAN, 1)
        assert len(telegram.called("sendMessage")) == 3

    @pytest.mark.parametrize("lost", [{"hang": True}, {"reset": True}])
    async def test_a_lost_outcome_is_not_repeated(self, telegram: FakeTelegram, lost: dict[str, Any]) -> None:
        """The answer was delivered, only Telegram's word of it got lost; the person can ask again."""
        telegram.fault("sendMessage", accept=True, chat=LAN, **lost)
        async with connected(telegram, read_timeout=0.2) as channel:
            telegram.user_sends(LAN, "một")
            telegram.user_sends(LAN, "hai")
            await wait(telegram.wait_for_messages, LAN, 2)
        assert [seen.text for seen in telegram.messages(LAN)] == ["một", "hai"]
        assert channel.counts["unanswered"] == 1

    async def test_an_answer_to_somebody_who_blocked_meanwhile(self, telegram: FakeTelegram) -> None:
        """It's told, so that notices go another way."""
        people = People()
        telegram.fault("sendMessage", status=403, description="Forbidden: bot was blocked by the user")
        async with connected(telegram, on_reachable=people.on_reachable):
            telegram.user_sends(LAN, "chào")
            await wait(telegram.wait_until, lambda: not telegram.pending())
        assert people.told == [(str(LAN), False)]


class TestEdits:
    async def checklist(self, incoming: Incoming) -> Reply:
        ticked = incoming.pressed or ""
        long = ("giấy " * 900,) if ticked == "long" else ()
        choices = tuple(Choice(link, link, "item") for link in ("tick", "long"))
        return Reply(paragraphs=(f"Đã có: {ticked}", *long), choices=choices, replaces=True)

    async def test_a_tick_changes_the_message_in_place(self, telegram: FakeTelegram) -> None:
        """A checklist of ten papers is one message, not eleven; a typed question gets a new one."""
        async with connected(telegram, self.checklist):
            telegram.user_sends(LAN, "giấy tờ")
            await wait(telegram.wait_for_messages, LAN, 1)
            telegram.user_taps(LAN, "tick")
            await wait(telegram.wait_until, lambda: telegram.messages(LAN)[0].edited)
            telegram.user_sends(LAN, "giấy tờ")
            await wait(telegram.wait_for_messages, LAN, 2)
        assert [(seen.text, seen.labels) for seen in telegram.messages(LAN)] == [
            ("Đã có: tick", ["tick", "long"]),
            ("Đã có:", ["tick", "long"]),
        ]

    async def test_the_same_tick_twice_changes_nothing(self, telegram: FakeTelegram) -> None:
        """Telegram refuses an edit that changes nothing; that's no reason for a second message."""
        async with connected(telegram, self.checklist) as channel:
            telegram.user_sends(LAN, "giấy tờ")
            await wait(telegram.wait_for_messages, LAN, 1)
            telegram.user_taps(LAN, "tick")
            telegram.user_taps(LAN, "tick")
            await wait(telegram.wait_for_calls, "editMessageText", 2)
        assert [seen.text for seen in telegram.messages(LAN)] == ["Đã có: tick"]
        assert channel.counts["unanswered"] == 0

    @pytest.mark.parametrize("obstacle", [FakeTelegram.too_old_to_edit, lambda fake, number: fake._delete(LAN, number)])
    async def test_what_cannot_be_edited_is_sent_anew(
        self, telegram: FakeTelegram, obstacle: Callable[[FakeTelegram, int], object]
    ) -> None:
        """An old message, or one that the person deleted while the press was under way."""
        async with connected(telegram, self.checklist):
            telegram.user_sends(LAN, "giấy tờ")
            (first,) = await wait(telegram.wait_for_messages, LAN, 1)
            telegram.user_taps(LAN, "tick", first.message_id)
            obstacle(telegram, first.message_id)
            await wait(telegram.wait_until, lambda: telegram.messages(LAN)[-1:] and not telegram.pending())
            await wait(telegram.wait_until, lambda: "tick" in telegram.messages(LAN)[-1].text)

    async def test_more_than_one_message_is_sent_anew(self, telegram: FakeTelegram) -> None:
        """One message can't be edited into two."""
        async with connected(telegram, self.checklist):
            telegram.user_sends(LAN, "giấy tờ")
            await wait(telegram.wait_for_messages, LAN, 1)
            telegram.user_taps(LAN, "long")
            await wait(telegram.wait_for_messages, LAN, 3)
        assert telegram.called("editMessageText") == []


class TestPace:
    async def test_a_chat_gets_a_burst_and_then_waits_and_others_do_not(self, telegram: FakeTelegram) -> None:
        """Telegram allows about one message a second and chat; who exceeds it is locked out for minutes."""
        for chat in (LAN, MINH):
            telegram.unblocks(chat)
        async with connected(telegram, chat_burst=3, chat_interval=3600) as channel:
            sending = [asyncio.create_task(channel.send(CONTACT, NOTICE)) for _ in range(5)]
            await wait(telegram.wait_for_messages, LAN, 3)
            await channel.send(Contact("telegram", str(MINH)), NOTICE)
            assert len(telegram.messages(LAN)) == 3
            assert sum(task.done() for task in sending) <= 3
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)

    async def test_chats_that_fell_silent_are_forgotten(self, telegram: FakeTelegram) -> None:
        """A province has 1.9 million inhabitants; memory doesn't grow with them."""
        async with connected(telegram) as channel:
            for chat in range(5000):
                channel._talk(chat)
            assert len(channel._talks) <= 1000


class TestPushes:
    """`send` raises only what the contract names, each in its own case."""

    async def test_the_number_of_the_message_is_returned(self, telegram: FakeTelegram) -> None:
        telegram.unblocks(LAN)
        async with connected(telegram) as channel:
            numbers = await channel.send(CONTACT, LONG)
        assert numbers == ",".join(str(seen.message_id) for seen in telegram.messages(LAN))

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ({"status": 429, "retry_after": 7}, TryLater),
            ({"status": 500}, TryLater),
            ({"status": 502}, TryLater),
            ({"status": 504}, OutcomeUnknown),
            ({"status": 401}, TryLater),
            ({"hang": True, "accept": True}, OutcomeUnknown),
            ({"hang": True}, OutcomeUnknown),
            ({"reset": True, "accept": True}, OutcomeUnknown),
            ({"status": 403, "description": "Forbidden: user is deactivated"}, Unreachable),
            ({"status": 403, "description": "Forbidden: bot was blocked by the user"}, Unreachable),
            ({"status": 400, "description": "Bad Request: chat not found"}, Unreachable),
            ({"status": 400, "description": "Bad Request: SOMETHING_NEW"}, Unreachable),
        ],
    )
    async def test_every_error_of_the_supplier_has_its_meaning(
        self, telegram: FakeTelegram, fault: dict[str, Any], expected: type[Exception]
    ) -> None:
        """One attempt; when it may be repeated is for the outbox to decide."""
        telegram.unblocks(LAN)
        telegram.fault("sendMessage", **fault)
        async with connected(telegram, read_timeout=0.2) as channel:
            with pytest.raises(expected) as caught:
                await channel.send(CONTACT, NOTICE)
        assert type(caught.value) is expected or expected is Unreachable
        assert len(telegram.called("sendMessage")) == 1
        assert telegram.token not in str(caught.value)

    async def test_the_pause_that_telegram_asks_for_is_passed_on(self, telegram: FakeTelegram) -> None:
        telegram.unblocks(LAN)
        telegram.fault("sendMessage", status=429, retry_after=7)
        async with connected(telegram) as channel:
            with pytest.raises(TryLater) as caught:
                await channel.send(CONTACT, NOTICE)
        assert caught.value.seconds == 7

    async def test_no_connection_means_try_later(self) -> None:
        """The request never left, so it may be repeated."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"http://127.0.0.1:{free.getsockname()[1]}/bot"
        with FakeTelegram() as nowhere:
            async with connected(nowhere, base_url=address, stop_patience=0) as channel:
                with pytest.raises(TryLater):
                    await channel.send(CONTACT, NOTICE)

    @pytest.mark.parametrize("gone", [FakeTelegram.blocks, FakeTelegram.deactivates])
    async def test_a_person_who_left_is_unreachable(
        self, telegram: FakeTelegram, gone: Callable[[FakeTelegram, int], None]
    ) -> None:
        """The reason is for the call list, and `on_reachable` hears of it."""
        people = People()
        telegram.unblocks(LAN)
        async with connected(telegram, on_reachable=people.on_reachable) as channel:
            await wait(telegram.wait_until, lambda: not telegram.pending())
            gone(telegram, LAN)
            with pytest.raises(Unreachable):
                await channel.send(CONTACT, NOTICE)
        assert (str(LAN), False) in people.told

    async def test_our_own_mistake_does_not_count_as_blocking(self, telegram: FakeTelegram) -> None:
        """The call list gets the notice with the reason; later ones may still go by Telegram."""
        people = People()
        telegram.unblocks(LAN)
        telegram.fault("sendMessage", status=400, description="Bad Request: message is too long")
        async with connected(telegram, on_reachable=people.on_reachable) as channel:
            with pytest.raises(Unreachable, match=r"(?i)message is too long"):
                await channel.send(CONTACT, NOTICE)
        assert (str(LAN), False) not in people.told

    @pytest.mark.parametrize("name", ["@channel", "", "-", "9" * 30, "１２"])
    async def test_only_numbers_are_chats(self, telegram: FakeTelegram, name: str) -> None:
        """ "@name" would post to a public channel."""
        async with connected(telegram) as channel:
            with pytest.raises(Unreachable):
                await channel.send(Contact("telegram", name), NOTICE)
        assert telegram.called("sendMessage") == []

    async def test_half_a_push_is_never_sent_again_from_its_beginning(self, telegram: FakeTelegram) -> None:
        """TryLater means that nothing was delivered; once a part was, the rest is waited for or the outcome unknown."""
        for chat in (LAN, MINH):
            telegram.unblocks(chat)
        telegram.fault("sendMessage", after=1, times=2, status=500, chat=LAN)
        telegram.fault("sendMessage", after=1, times=3, status=500, chat=MINH)
        async with connected(telegram) as channel:
            await channel.send(CONTACT, LONG)
            with pytest.raises(OutcomeUnknown, match="1 of 2 parts"):
                await channel.send(Contact("telegram", str(MINH)), LONG)
        assert [seen.text[0] for seen in telegram.messages(LAN)] == ["a", "b"]
        assert [seen.text[0] for seen in telegram.messages(MINH)] == ["a"]

    async def test_parts_of_two_pushes_do_not_mix(self, telegram: FakeTelegram) -> None:
        """A notice that comes while a long answer is being sent waits for its end."""
        telegram.unblocks(LAN)
        telegram.fault("sendMessage", after=1, status=500)  # the second part has to be tried again, after a pause
        async with connected(telegram) as channel:
            await asyncio.gather(channel.send(CONTACT, LONG), channel.send(CONTACT, NOTICE))
        assert [seen.text[0] for seen in telegram.messages(LAN)] == ["a", "b", "H"]

    async def test_a_conversation_may_push_while_it_answers(self, telegram: FakeTelegram) -> None:
        """The turn of a chat and its speech are two things: no deadlock."""
        channel: Telegram

        async def receive(incoming: Incoming) -> Reply:
            await channel.send(incoming.contact, NOTICE)
            return Reply(paragraphs=("xong",))

        async with connected(telegram, receive) as channel:
            telegram.user_sends(LAN, "chào")
            shown = await wait(telegram.wait_for_messages, LAN, 2)
        assert [seen.text for seen in shown] == [NOTICE.paragraphs[0], "xong"]

    def test_the_library_is_kept_from_logging_the_token(self, telegram: FakeTelegram) -> None:
        """At INFO httpx logs every address, and the token is part of it."""
        logging.getLogger("httpx").setLevel(logging.INFO)
        Telegram(settings(telegram), lambda incoming: asyncio.sleep(0, Reply()))
        assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
