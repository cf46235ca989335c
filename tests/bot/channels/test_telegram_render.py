"""A Reply becomes messages that Telegram takes and a person can read."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram import render
from bot.messages import Choice, Reply, length
from tests.fakes.telegram import parse_text


def visible(text: str) -> str:
    return str(parse_text(text, "HTML")[0])


def rows(*choices: Choice) -> list[list[tuple[str, object]]]:
    keyboard = render(Reply(paragraphs=("Chọn",), choices=choices))[-1][1]
    if keyboard is None:
        return []
    return [[(button.text, button.callback_data) for button in row] for row in keyboard.inline_keyboard]


class TestText:
    def test_markup_in_a_text_is_shown_and_not_obeyed(self) -> None:
        """Names of papers hold "<", ">" and "&"."""
        ((text, _),) = render(Reply(paragraphs=("Mẫu <b>01</b> & &lt;02&gt;",)))
        assert text == "Mẫu &lt;b&gt;01&lt;/b&gt; &amp; &amp;lt;02&amp;gt;"

    def test_first_line_of_a_heading_paragraph_is_bold(self) -> None:
        """Only its first line; "# " anywhere else is text."""
        ((text, _),) = render(Reply(paragraphs=("# Giấy tờ <A>\nĐơn\n# 2", "Số # 5", "#liền")))
        assert text == "<b>Giấy tờ &lt;A&gt;</b>\nĐơn\n# 2\n\nSố # 5\n\n#liền"

    def test_entities_do_not_count_towards_the_limit(self) -> None:
        """4,096 is counted after parsing: "&" counts once although it travels as "&amp;"."""
        messages = render(Reply(paragraphs=("&" * 4096,)))
        assert [visible(text) for text, _ in messages] == ["&" * 4096]

    def test_long_lists_are_split_between_papers(self) -> None:
        """No paper is lost or cut; the buttons stand under the last message only."""
        papers = tuple(f"# Giấy {number}\n" + " ".join(["chi tiết"] * 30) for number in range(60))
        messages = render(Reply(paragraphs=papers, choices=(Choice("Về đầu", "home"),)))
        assert len(messages) > 1
        shown = [paper for text, _ in messages for paper in visible(text).split("\n\n")]
        assert shown == [paper.removeprefix("# ") for paper in papers]
        assert [keyboard is not None for _, keyboard in messages] == [False] * (len(messages) - 1) + [True]

    @pytest.mark.parametrize("paragraphs", [(), ("",), (" \n ", "# "), ("# \n",)])
    def test_nothing_to_say_is_no_message(self, paragraphs: tuple[str, ...]) -> None:
        """Telegram refuses empty texts."""
        assert render(Reply(paragraphs=paragraphs)) == []

    def test_buttons_without_text_get_a_sentence(self) -> None:
        """Telegram has no buttons without a message."""
        ((text, keyboard),) = render(Reply(choices=(Choice("Về đầu", "home"),)))
        assert text == "Mời bạn chọn:"
        assert keyboard is not None

    @given(st.lists(st.text(st.characters(codec="utf-16")), max_size=5))
    def test_any_text_becomes_messages_that_telegram_takes(self, paragraphs: list[str]) -> None:
        """Whatever a record holds: valid HTML, not empty, not too long, nothing lost but space at the ends."""
        for text, _ in render(Reply(paragraphs=tuple(paragraphs))):
            assert 0 < length(visible(text)) <= 4096

    @given(st.text(st.characters(codec="utf-16", exclude_categories=["Cc"]), max_size=300), st.integers(10, 40))
    def test_any_long_text_keeps_every_word(self, text: str, times: int) -> None:
        """Cutting happens between or, at worst, inside words, but drops none of their letters."""
        messages = render(Reply(paragraphs=("Tờ " + text * times,)))
        wanted = "".join(parse_text("Tờ " + text.replace("\ufdd0", "") * times, "", 10**6)[0].split())
        assert "".join("".join(visible(part).split()) for part, _ in messages) == wanted

    def test_half_a_character_is_replaced(self) -> None:
        """A lone surrogate cannot be sent at all; one odd sign must not cost the message."""
        assert render(Reply(paragraphs=("a\ud83d b",)))[0][0] == "a\ufffd b"


class TestButtons:
    def test_items_stand_one_a_row_and_short_actions_in_pairs(self) -> None:
        """A third action, or one with a long label, gets its own row."""
        short = [Choice(f"Việc {number}", f"a{number}") for number in range(3)]
        long = Choice("Một việc có tên khá là dài", "b")
        items = [Choice(f"Tờ {number}", f"i{number}", "item") for number in range(2)]
        shown = [[link for _, link in row] for row in rows(*items, *short, long, short[0])]
        assert shown == [["i0"], ["i1"], ["a0", "a1"], ["a2"], ["b"], ["a0"]]

    def test_a_long_label_is_cut_at_a_word(self) -> None:
        """At most 64 characters, with "…", never in the middle of a word where there are words."""
        label = "Cấp lại giấy chứng nhận đăng ký hộ kinh doanh khi bị mất hoặc bị hỏng"
        (((text, _),),) = rows(Choice(label, "x", "item"))
        assert text == "Cấp lại giấy chứng nhận đăng ký hộ kinh doanh khi bị mất hoặc…"
        (((text, _),),) = rows(Choice("x" * 80, "x", "item"))
        assert text == "x" * 63 + "…"
        (((text, _),),) = rows(Choice("y" * 64, "x", "item"))
        assert text == "y" * 64

    def test_a_link_that_telegram_would_refuse_costs_one_button_only(self, caplog: pytest.LogCaptureFixture) -> None:
        """65 bytes make Telegram refuse the whole message; the loss is logged, because it's our mistake."""
        with caplog.at_level(logging.ERROR):
            shown = rows(Choice("A", "x" * 64), Choice("B", "x" * 65), Choice("C", "ữ" * 22), Choice("D", ""))
        assert shown == [[("A", "x" * 64)]]
        assert "dropped" in caplog.text

    def test_no_more_than_100_buttons(self) -> None:
        """Telegram's limit for one message."""
        assert sum(map(len, rows(*(Choice(f"{number}", "x", "item") for number in range(130))))) == 100

    def test_no_usable_button_is_no_keyboard(self) -> None:
        assert rows(Choice(" ", "x")) == []
