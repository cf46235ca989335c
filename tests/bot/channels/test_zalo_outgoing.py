"""What the bot says on Zalo arrives once, inside the window as text, outside it as a template."""

import asyncio
import socket
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.channels import NoticeLater, OutcomeUnknown, PersonLater, Refused, TryLater, Unreachable
from bot.channels.zalo import Filled, phone_number
from bot.channels.zalo_errors import NeedsOperator, OutsideWindow, RateLater
from bot.messages import Choice, Contact, Incoming, Reply
from bot.storage.tokens import SqlTokens
from tests.bot.channels.test_zalo_incoming import Heard, listening
from tests.bot.channels.zalo_setup import CONTACT, DATA, LAN, MENU, NOTICE, connected, store, wait, week_ago, zalo
from tests.fakes.zalo import FakeZalo

__all__ = ["store", "zalo"]
TEMPLATE = Filled("result", DATA)


@pytest.fixture(autouse=True)
def lan_wrote(zalo: FakeZalo) -> None:
    zalo.silent_for(LAN, timedelta(hours=1))


class TestText:
    async def test_choices_are_a_numbered_menu(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """A person answers with the number; headings lose their mark."""
        reply = Reply(paragraphs=("# Lệ phí\n135.000 đồng",), choices=(Choice("Thời hạn", "a"), Choice("Về đầu", "b")))
        async with connected(zalo, store) as channel:
            assert await channel.send(CONTACT, reply) == zalo.messages(LAN)[0].message_id
        assert zalo.messages(LAN)[0].text == "Lệ phí\n135.000 đồng\n\nNhắn số để chọn:\n[1] Thời hạn\n[2] Về đầu"

    async def test_a_long_answer_arrives_whole_and_in_order(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """Split between papers at 2,000; no paper is cut or lost."""
        papers = tuple(f"Giấy {number}\n" + " ".join(["chi tiết"] * 40) for number in range(40))
        async with connected(zalo, store) as channel:
            numbers = await channel.send(CONTACT, Reply(paragraphs=papers, choices=MENU.choices))
        seen = zalo.messages(LAN)
        assert numbers == ",".join(message.message_id for message in seen)
        assert tuple("\n\n".join(message.text for message in seen).split("\n\n")[:-1]) == papers
        assert "[1] Lệ phí" in seen[-1].text

    @pytest.mark.parametrize("shape", ["attachment", "template"])
    async def test_buttons_stand_beside_the_menu(self, zalo: FakeZalo, store: SqlTokens, shape: Any) -> None:
        """At most five; the numbers list all."""
        zalo.button_shape = shape
        choices = tuple(Choice(f"Mục {number}", f"a.b:{number}") for number in range(7))
        async with connected(zalo, store, buttons=True, button_shape=shape) as channel:
            await channel.send(CONTACT, Reply(paragraphs=("Mời chọn",), choices=choices))
        (seen,) = zalo.messages(LAN)
        assert seen.buttons == [(choice.label, "#" + choice.link) for choice in choices[:5]]
        assert "[7] Mục 6" in seen.text

    @pytest.mark.parametrize("shape", [None, "template"])
    async def test_refused_buttons_are_left_out(self, zalo: FakeZalo, store: SqlTokens, shape: str | None) -> None:
        """-201 and -233: the same text without them, and from then on at once."""
        zalo.button_shape = shape
        async with connected(zalo, store, buttons=True) as channel:
            await channel.send(CONTACT, MENU)
            await channel.send(CONTACT, MENU)
        assert [(seen.text, seen.buttons) for seen in zalo.messages(LAN)] == [(zalo.messages(LAN)[0].text, [])] * 2
        assert len(zalo.called("cs")) == 3


class TestWindow:
    async def test_recent_people_get_text(self, zalo: FakeZalo, store: SqlTokens) -> None:
        async def last_seen(contact: Contact) -> datetime:
            return zalo.now - timedelta(hours=47)

        async with connected(zalo, store, hooks={"last_seen": last_seen}) as channel:
            await channel.send(CONTACT, NOTICE, TEMPLATE)
        assert zalo.messages(LAN)[0].text == NOTICE.paragraphs[0]

    async def test_others_get_the_template(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """After 48 h text would cost, after 7 days it fails."""
        async with connected(zalo, store, hooks={"last_seen": week_ago(zalo)}) as channel:
            await channel.send(CONTACT, NOTICE, TEMPLATE)
        assert (zalo.messages(LAN)[0].template, zalo.messages(LAN)[0].data) == ("4711", DATA)
        assert zalo.called("cs") == []

    async def test_zalo_knows_better(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """-230 although we believed the person to be inside the window: the template."""
        zalo.silent_for(LAN, timedelta(days=8))
        async with connected(zalo, store) as channel:
            await channel.send(CONTACT, NOTICE, TEMPLATE)
        assert zalo.messages(LAN)[0].template == "4711"

    async def test_without_a_template_the_error_says_so(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """Before and after asking Zalo; the person stays reachable."""
        heard = Heard()
        zalo.silent_for(LAN, timedelta(days=8))
        hooks = {"on_reachable": heard.on_reachable}
        async with connected(zalo, store, hooks=hooks) as channel:
            with pytest.raises(OutsideWindow):
                await channel.send(CONTACT, NOTICE)
        async with connected(zalo, store, hooks=hooks | {"last_seen": week_ago(zalo)}) as channel:
            with pytest.raises(OutsideWindow):
                await channel.send(CONTACT, NOTICE)
        assert heard.reachable == []
        assert len(zalo.called("cs")) == 1

    async def test_a_template_that_is_switched_off_holds_up_no_other(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """-146: its notices wait without asking again; another template and free text leave at once."""
        zalo.templates["4712"] = {"ma_ho_so"}
        zalo.fault("user_template", error=-146)
        async with connected(zalo, store, templates={"result": "4711", "ready": "4712"}) as channel:
            for _ in range(2):
                with pytest.raises(NoticeLater, match="-146") as refusal:
                    await channel.send_template(CONTACT, "result", DATA)
                assert not isinstance(refusal.value, NeedsOperator)
                assert 890 < refusal.value.seconds <= 900
            await channel.send_template(CONTACT, "ready", {"ma_ho_so": "H02.1"})
            await channel.send(CONTACT, NOTICE)
        assert len(zalo.called("user_template")) == 2, "the second was not asked for"
        assert [seen.template for seen in zalo.messages(LAN)] == ["4712", None]

    async def test_an_empty_parameter_is_refused(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """As the real one does: our own notices never have any."""
        async with connected(zalo, store) as channel:
            with pytest.raises(Refused, match="-1124"):
                await channel.send_template(CONTACT, "result", DATA | {"trang_thai": " "})

    async def test_a_template_by_telephone(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """The number in any usual writing; a tracking id is needed; the mode is a setting."""
        zalo.reads_phone("84984123456", LAN)
        async with connected(zalo, store, template_mode="development") as channel:
            await channel.send_template("+84 (0) 984.123.456", "result", DATA, "hs123-st3")
            with pytest.raises(Refused):
                await channel.send_template("0984123456", "result", DATA)
            with pytest.raises(Refused):
                await channel.send_template("12", "result", DATA, "x")
            with pytest.raises(Unreachable, match="-118"):
                await channel.send_template("0984000000", "result", DATA, "x")
        assert zalo.messages(LAN)[0].tracking_id == "hs123-st3"
        assert zalo.called("phone_template")[0]["mode"] == "development"

    @pytest.mark.parametrize("text", ["0984123456", "84984123456", "+84 984 123 456", "0084984123456"])
    def test_telephone_numbers(self, text: str) -> None:
        assert phone_number(text) == "84984123456"


class TestErrors:
    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ({"error": -32}, RateLater),
            ({"error": -200}, TryLater),
            ({"error": -218}, PersonLater),
            ({"error": -213}, Unreachable),
            ({"error": -205}, NeedsOperator),
            ({"error": -210}, Refused),
            ({"error": -99999}, Refused),
            ({"status": 429}, RateLater),
            ({"status": 503}, TryLater),
            ({"status": 404}, NeedsOperator),
            ({"status": 500}, OutcomeUnknown),
            ({"status": 502}, OutcomeUnknown),
            ({"status": 504}, OutcomeUnknown),
            ({"garbage": True}, OutcomeUnknown),
            ({"hang": True, "accept": True}, OutcomeUnknown),
            ({"reset": True, "accept": True}, OutcomeUnknown),
        ],
    )
    async def test_every_failure_has_its_meaning(
        self, zalo: FakeZalo, store: SqlTokens, fault: dict[str, Any], expected: type[Exception]
    ) -> None:
        """One attempt: when a push may be repeated is for the outbox to decide. Nothing quotes tokens."""
        zalo.fault("cs", **fault)
        async with connected(zalo, store, read_timeout=0.3) as channel:
            with pytest.raises(expected) as caught:
                await channel.send(CONTACT, NOTICE)
        assert type(caught.value) in (expected, *expected.__subclasses__())
        assert len(zalo.called("cs")) == 1
        assert "access-1" not in str(caught.value)

    async def test_nobody_there_means_nothing_sent(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """No connection: the same send may be tried again."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        async with connected(zalo, store, openapi_url=f"http://127.0.0.1:{port}") as channel:
            with pytest.raises(TryLater):
                await channel.send(CONTACT, NOTICE)

    async def test_who_left_is_told_to_the_others(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """-213: notices go another way from now on."""
        heard = Heard()
        zalo.unfollows(LAN)
        async with connected(zalo, store, hooks={"on_reachable": heard.on_reachable}) as channel:
            with pytest.raises(Unreachable):
                await channel.send(CONTACT, NOTICE)
        assert heard.reachable == [(CONTACT, False)]

    @pytest.mark.parametrize("times", [1, 2])
    @pytest.mark.parametrize("error", [-32, -200])
    async def test_an_answer_is_tried_again(self, zalo: FakeZalo, store: SqlTokens, error: int, times: int) -> None:
        """A person waits for it, and nothing was delivered."""
        zalo.fault("cs", error=error, times=times)
        async with listening(zalo, store, Heard(), rate_pause=0.05):
            zalo.user_sends(LAN, "một")
            await wait(zalo.wait_for_messages, LAN, 1)
        assert len(zalo.called("cs")) == times + 1

    async def test_an_answer_with_a_lost_outcome_is_not_repeated(self, zalo: FakeZalo, store: SqlTokens) -> None:
        zalo.fault("cs", hang=True, accept=True)
        async with listening(zalo, store, Heard(), read_timeout=0.2) as channel:
            zalo.user_sends(LAN, "một")
            await wait(zalo.wait_for_messages, LAN, 1)
            await wait(zalo.wait_until, lambda: channel.counts["unanswered"])
        assert len(zalo.messages(LAN)) == 1

    async def test_half_a_message_is_not_begun_again(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """The first part arrived; sending all of it again would repeat that part."""
        zalo.fault("cs", error=-213, after=1)
        async with connected(zalo, store) as channel:
            with pytest.raises(OutcomeUnknown, match="1 of 2"):
                await channel.send(CONTACT, Reply(paragraphs=("a" * 1500, "b" * 1500)))

    async def test_the_night_is_waited_out(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """16:00 in the fake; 07:05 is 15 h 5 min away."""
        zalo.fault("cs", error=-234)
        async with connected(zalo, store) as channel:
            with pytest.raises(TryLater) as caught:
                await channel.send(CONTACT, NOTICE)
        assert caught.value.seconds == 15 * 3600 + 300

    @pytest.mark.parametrize("contact", [Contact("telegram", LAN), Contact("zalo", "a b"), Contact("zalo", "")])
    async def test_only_zalo_users_are_sent_to(self, zalo: FakeZalo, store: SqlTokens, contact: Contact) -> None:
        async with connected(zalo, store) as channel:
            with pytest.raises(Refused):
                await channel.send(contact, NOTICE)
        assert zalo.called("cs") == []


class TestRate:
    async def test_pushes_leave_the_last_part_of_the_rate_to_answers(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """Below 5 % of X-RateLimit-Remain a push waits without asking Zalo; who asked still gets the answer."""
        zalo.limit, zalo.remain = 100, 5
        async with listening(zalo, store, Heard(), rate_pause=3600) as channel:
            await channel.send(CONTACT, NOTICE)
            with pytest.raises(RateLater):
                await channel.send(CONTACT, NOTICE)
            assert len(zalo.called("cs")) == 1
            zalo.user_sends(LAN, "một")
            await wait(zalo.wait_for_messages, LAN, 2)

    async def test_a_rate_error_pauses_the_channel(self, zalo: FakeZalo, store: SqlTokens) -> None:
        """The next push does not even ask."""
        zalo.fault("cs", error=-32)
        async with connected(zalo, store, rate_pause=3600) as channel:
            for _ in range(2):
                with pytest.raises(RateLater):
                    await channel.send(CONTACT, NOTICE)
        assert len(zalo.called("cs")) == 1


async def test_parts_of_one_message_stay_together(zalo: FakeZalo, store: SqlTokens) -> None:
    """A push comes after the answer that is being said, not between its parts."""

    async def long(incoming: Incoming) -> Reply:
        return Reply(paragraphs=("a" * 1500, "b" * 1500, "c" * 1500))

    async with listening(zalo, store, Heard(), long) as channel:
        reply = await long(Incoming(contact=CONTACT, message_id="1", text=""))
        await asyncio.gather(*(channel.send(CONTACT, reply) for _ in range(4)))
    assert "".join(seen.text[0] for seen in zalo.messages(LAN)) == "abc" * 4
