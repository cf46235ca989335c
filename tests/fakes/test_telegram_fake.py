"""The fake says what the Bot API says: without this, passing tests against it would prove nothing."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from telegram import Bot
from telegram.request import HTTPXRequest

from tests.fakes.telegram import FakeTelegram

LAN = 101


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        yield fake


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=20) as client:
        yield client


class Api:
    """Calls the fake and returns (status, result or description)."""

    def __init__(self, fake: FakeTelegram, client: httpx.Client) -> None:
        self.fake, self.client = fake, client

    def __call__(self, method: str, **params: Any) -> tuple[int, Any]:
        answer = self.client.post(f"{self.fake.base_url}{self.fake.token}/{method}", json=params)
        body = answer.json()
        assert body["ok"] == (answer.status_code == 200)
        return answer.status_code, body["result"] if body["ok"] else body["description"]


@pytest.fixture
def api(telegram: FakeTelegram, client: httpx.Client) -> Api:
    return Api(telegram, client)


@pytest.fixture
def lan(telegram: FakeTelegram) -> int:
    """A person who has spoken to the bot."""
    telegram.user_sends(LAN, "chào")
    return LAN


def buttons(*links: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "Nút", "callback_data": link}] for link in links]}


class TestTransport:
    def test_the_token_is_checked(self, telegram: FakeTelegram, client: httpx.Client) -> None:
        """401 for a token of the right form, 404 for anything else and for unknown methods."""
        for token, status in [("123456:no", 401), ("nonsense", 404), (telegram.token, 404)]:
            method = "noSuchMethod" if token == telegram.token else "getMe"
            assert client.post(f"{telegram.base_url}{token}/{method}").status_code == status

    def test_bodies_may_be_query_json_form_or_multipart(
        self, telegram: FakeTelegram, client: httpx.Client, lan: int
    ) -> None:
        """A text that looks like JSON stays a text."""
        address = f"{telegram.base_url}{telegram.token}/sendMessage"
        given = {"chat_id": str(lan), "text": "123", "reply_markup": json.dumps(buttons("x"))}
        assert client.get(address, params=given).status_code == 200
        assert client.post(address, data=given).status_code == 200
        assert client.post(address, data=given, files={"ignored": b"x"}).status_code == 200
        assert client.post(address, json={**given, "chat_id": lan, "reply_markup": buttons("x")}).status_code == 200
        assert [(seen.text, seen.labels) for seen in telegram.messages(lan)] == [("123", ["Nút"])] * 4

    async def test_python_telegram_bot_reads_every_answer(self, telegram: FakeTelegram) -> None:
        """The library is strict about the shape of results."""
        telegram.user_sends(LAN, "chào")
        async with Bot(
            telegram.token, telegram.base_url, request=HTTPXRequest(), get_updates_request=HTTPXRequest()
        ) as bot:
            (update,) = await bot.get_updates(timeout=0)
            assert update.message
            assert update.message.text == "chào"
            sent = await bot.send_message(LAN, "một", reply_markup=json.dumps(buttons("x")))  # type: ignore[arg-type]
            edited = await bot.edit_message_text("hai", LAN, sent.message_id)
            assert isinstance(edited, type(sent))
            photo = await bot.send_photo(LAN, b"not a picture", caption="ảnh")
            assert photo.photo
            assert await bot.send_chat_action(LAN, "typing")
            assert await bot.delete_message(LAN, photo.message_id)
            assert await bot.set_my_commands([("hoso", "Tra cứu")])
            assert (await bot.get_my_commands())[0].command == "hoso"
            assert (await bot.get_webhook_info()).pending_update_count == 1
            telegram.blocks(LAN)
            changed = (await bot.get_updates(offset=update.update_id + 1))[0].my_chat_member
            assert changed
            assert changed.new_chat_member.status == "kicked"

    def test_faults_are_scripted(self, telegram: FakeTelegram, api: Api, lan: int) -> None:
        """With `accept`, the call is done although it's reported as failed."""
        telegram.fault("sendMessage", status=429, retry_after=3)
        telegram.fault("sendMessage", status=500, accept=True)
        telegram.fault("sendMessage", reset=True, accept=True)
        assert api("sendMessage", chat_id=lan, text="a") == (429, "Too Many Requests: retry after 3")
        assert api("sendMessage", chat_id=lan, text="b") == (500, "Internal Server Error")
        with pytest.raises(httpx.HTTPError):
            api("sendMessage", chat_id=lan, text="c")
        assert api("sendMessage", chat_id=lan, text="d")[0] == 200
        assert [seen.text for seen in telegram.messages(lan)] == ["b", "c", "d"]

    def test_a_hanging_call_has_been_accepted(self, telegram: FakeTelegram, client: httpx.Client, lan: int) -> None:
        telegram.fault("sendMessage", hang=True, accept=True)
        with pytest.raises(httpx.ReadTimeout):
            client.post(
                f"{telegram.base_url}{telegram.token}/sendMessage", json={"chat_id": lan, "text": "a"}, timeout=0.1
            )
        assert [seen.text for seen in telegram.wait_for_messages(lan, 1)] == ["a"]


class TestUpdates:
    def test_an_offset_confirms_everything_below_it(self, telegram: FakeTelegram, api: Api) -> None:
        """Without one, the same updates come again; a negative one keeps the last."""
        numbers = [api("getMe") and telegram.raw_update(message={"n": number}) for number in range(4)]

        def fetch(**params: Any) -> list[int]:
            return [update["update_id"] for update in api("getUpdates", **params)[1]]

        assert fetch() == fetch() == numbers
        assert fetch(limit=2) == numbers[:2]
        assert fetch(offset=numbers[1]) == numbers[1:]
        assert fetch() == numbers[1:]
        assert fetch(offset=-1) == numbers[-1:]
        assert fetch(offset=numbers[-1] + 1) == []

    def test_only_allowed_updates_are_kept(self, telegram: FakeTelegram, api: Api) -> None:
        """The choice is remembered, and holds for what happens from then on."""
        api("getUpdates", allowed_updates=["message"])
        telegram.blocks(LAN)
        telegram.user_sends(LAN, "chào")
        assert [sorted(update) for update in api("getUpdates")[1]] == [["message", "update_id"]]

    def test_a_long_poll_returns_when_something_happens(self, telegram: FakeTelegram, api: Api) -> None:
        with ThreadPoolExecutor() as pool:
            polling = pool.submit(api, "getUpdates", timeout=20)
            telegram.wait_for_calls("getUpdates", 1)
            telegram.user_sends(LAN, "chào")
            assert len(polling.result(20)[1]) == 1

    def test_a_second_poller_throws_the_first_out(self, telegram: FakeTelegram, api: Api) -> None:
        with ThreadPoolExecutor() as pool:
            first = pool.submit(api, "getUpdates", timeout=20)
            telegram.wait_until(lambda: telegram._poller == 1)
            assert api("getUpdates") == (200, [])
            status, description = first.result(20)
        assert status == 409
        assert "terminated by other getUpdates" in description

    def test_polling_and_a_webhook_exclude_each_other(self, telegram: FakeTelegram, api: Api) -> None:
        assert (
            api("setWebhook", url="https://127.0.0.1:1/hook", secret_token="abc", allowed_updates=["message"])[0] == 200
        )
        telegram.user_sends(LAN, "chào")
        assert api("getUpdates")[0] == 409
        info = api("getWebhookInfo")[1]
        assert (info["url"], info["pending_update_count"]) == ("https://127.0.0.1:1/hook", 1)
        assert api("deleteWebhook")[0] == 200
        assert len(api("getUpdates")[1]) == 1

    def test_pending_updates_can_be_dropped(self, telegram: FakeTelegram, api: Api, lan: int) -> None:
        assert api("deleteWebhook", drop_pending_updates=True) == (200, True)
        assert telegram.pending() == 0

    def test_a_webhook_needs_https_and_a_plain_secret(self, api: Api) -> None:
        assert api("setWebhook", url="http://example.org/")[0] == 400
        assert api("setWebhook", url="https://example.org/", secret_token="có dấu")[0] == 400

    async def test_a_webhook_is_pushed_with_its_secret_until_it_says_2xx(self, telegram: FakeTelegram) -> None:
        heads: list[str] = []

        async def hook(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())
            status = "200 OK" if len(heads) == 3 else "500 No"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(hook, "127.0.0.1", 0)
        async with server:
            telegram._set_webhook(url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", secret_token="abc")
            telegram.user_sends(LAN, "chào")
            await asyncio.to_thread(telegram.wait_until, lambda: not telegram.pending())
        assert telegram.webhook_answers == [500, 500, 200]
        assert all("x-telegram-bot-api-secret-token: abc" in head for head in heads)


class TestMessages:
    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("", "message text is empty"),
            (" \n ", "message text is empty"),
            ("<b> </b>", "message text is empty"),
            ("a" * 4097, "message is too long"),
            ("a < b", "can't parse entities: Unsupported start tag"),
            ("<div>a</div>", 'can\'t parse entities: Unsupported start tag "div" at byte offset 0'),
            ("ữ<b>a", "can't parse entities: Can't find end tag corresponding to start tag"),
            ("a</b>", "can't parse entities: Unexpected end tag at byte offset 1"),
            ("<b><i>a</b></i>", "can't parse entities: Unmatched end tag"),
        ],
    )
    def test_texts_are_refused(self, api: Api, lan: int, text: str, complaint: str) -> None:
        status, description = api("sendMessage", chat_id=lan, text=text, parse_mode="HTML")
        assert status == 400
        assert description.startswith("Bad Request: " + complaint)

    def test_markup_is_not_counted_and_not_shown(self, telegram: FakeTelegram, api: Api, lan: int) -> None:
        """4,096 counts after parsing; "&nbsp;" is no entity to Telegram; without a parse mode all is text."""
        assert api("sendMessage", chat_id=lan, text="<b>" + "&lt;" * 4096 + "</b>", parse_mode="HTML")[0] == 200
        assert api("sendMessage", chat_id=lan, text='<a href="x">&#65;&nbsp;</a>', parse_mode="HTML")[0] == 200
        assert api("sendMessage", chat_id=lan, text="<b> & 1 < 2")[0] == 200
        texts = [seen.text for seen in telegram.messages(lan)]
        assert texts == ["<" * 4096, "A&nbsp;", "<b> & 1 < 2"]
        assert telegram.messages(lan)[0].bold == ["<" * 4096]

    @pytest.mark.parametrize(
        ("markup", "complaint"),
        [
            (buttons("x" * 65), "BUTTON_DATA_INVALID"),
            (buttons("ữ" * 22), "BUTTON_DATA_INVALID"),
            (buttons(""), "BUTTON_DATA_INVALID"),
            ({"inline_keyboard": [[{"text": " ", "callback_data": "x"}]]}, "button text must be non-empty"),
            ({"inline_keyboard": [[{"text": "Nút"}]]}, "Text buttons are unallowed"),
            (buttons(*["x"] * 101), "too long"),
            ("nonsense", "object expected"),
        ],
    )
    def test_keyboards_are_refused(self, api: Api, lan: int, markup: Any, complaint: str) -> None:
        """The limit is 64 bytes, not letters."""
        status, description = api("sendMessage", chat_id=lan, text="a", reply_markup=markup)
        assert (status, complaint in description) == (400, True), description

    def test_edits_show_and_an_empty_edit_is_refused(self, telegram: FakeTelegram, api: Api, lan: int) -> None:
        number = api("sendMessage", chat_id=lan, text="một", reply_markup=buttons("x"))[1]["message_id"]
        same = {"chat_id": lan, "message_id": number, "reply_markup": buttons("x")}
        for method in ("editMessageText", "editMessageReplyMarkup"):
            status, description = api(method, text="một", **same)
            assert (status, "message is not modified" in description) == (400, True)
        assert api("editMessageReplyMarkup", chat_id=lan, message_id=number)[0] == 200
        assert api("editMessageText", text="<b>hai</b>", parse_mode="HTML", chat_id=lan, message_id=number)[0] == 200
        (seen,) = telegram.messages(lan)
        assert (seen.text, seen.bold, seen.keyboard, seen.edited) == ("hai", ["hai"], [], True)

    def test_what_is_not_there_or_too_old_cannot_be_edited(self, telegram: FakeTelegram, api: Api, lan: int) -> None:
        number = api("sendMessage", chat_id=lan, text="một")[1]["message_id"]
        telegram.too_old_to_edit(number)
        edit = {"chat_id": lan, "text": "hai"}
        assert api("editMessageText", message_id=number, **edit) == (400, "Bad Request: message can't be edited")
        assert api("deleteMessage", chat_id=lan, message_id=number) == (200, True)
        assert api("deleteMessage", chat_id=lan, message_id=number)[0] == 400
        assert api("editMessageText", message_id=number, **edit) == (400, "Bad Request: message to edit not found")

    def test_photos_come_as_multipart_with_a_short_caption(
        self, telegram: FakeTelegram, client: httpx.Client, lan: int
    ) -> None:
        address, photo = f"{telegram.base_url}{telegram.token}/sendPhoto", {"photo": b"\x89PNG"}
        assert client.post(address, data={"chat_id": str(lan), "caption": "ảnh"}, files=photo).status_code == 200
        assert client.post(address, data={"chat_id": str(lan), "caption": "a" * 1025}, files=photo).status_code == 400
        assert client.post(address, data={"chat_id": str(lan)}).status_code == 400

    def test_commands_have_small_names(self, api: Api) -> None:
        assert api("setMyCommands", commands=[{"command": "Hồ", "description": "x"}])[0] == 400
        assert api("setMyCommands", commands=[{"command": "ho", "description": ""}])[0] == 400


class TestPeople:
    def test_the_bot_cannot_begin_a_conversation(self, api: Api) -> None:
        assert api("sendMessage", chat_id=999, text="a") == (400, "Bad Request: chat not found")

    def test_who_blocked_gets_nothing_until_unblocking(self, telegram: FakeTelegram, api: Api, lan: int) -> None:
        telegram.blocks(lan)
        for method in ("sendMessage", "sendChatAction"):
            refused = api(method, chat_id=lan, text="a", action="typing")
            assert refused == (403, "Forbidden: bot was blocked by the user")
        telegram.unblocks(lan)
        assert api("sendMessage", chat_id=lan, text="a")[0] == 200
        telegram.deactivates(lan)
        assert api("sendMessage", chat_id=lan, text="a") == (403, "Forbidden: user is deactivated")
        changes = [update["my_chat_member"] for update in api("getUpdates")[1] if "my_chat_member" in update]
        assert [change["new_chat_member"]["status"] for change in changes] == ["kicked", "member"]

    def test_a_press_is_answered_once_and_in_time(self, telegram: FakeTelegram, api: Api, lan: int) -> None:
        api("sendMessage", chat_id=lan, text="a", reply_markup=buttons("x"))
        query = telegram.user_taps(lan, "Nút")
        assert api("getUpdates")[1][-1]["callback_query"]["data"] == "x"
        assert api("answerCallbackQuery", callback_query_id=query) == (200, True)
        assert "query is too old" in api("answerCallbackQuery", callback_query_id=query)[1]
        query = telegram.user_taps(lan, "x")
        telegram.presses_grow_old()
        assert "query is too old" in api("answerCallbackQuery", callback_query_id=query)[1]

    def test_only_a_button_that_is_there_can_be_tapped(self, telegram: FakeTelegram, lan: int) -> None:
        with pytest.raises(AssertionError, match="no button"):
            telegram.user_taps(lan, "Nút")

    def test_waiting_in_vain_fails_with_a_sentence(self, telegram: FakeTelegram) -> None:
        with pytest.raises(AssertionError, match="waited"):
            telegram.wait_for_messages(LAN, 1, timeout=0)
