"""A conversation is a small web of pages.

A page is a function from a turn (and text arguments) to an `Answer`. A choice is a link to a page with its
arguments. `then` is a form: the page that reads the next free text. So pressing a button needs no stored state:
the link says everything, after a restart or a month later. A page may run twice (a lost compare-and-set is
retried), so whatever it writes through a service is idempotent.

A link reads `flow.page:argument:argument`, at most 64 bytes of ASCII. Page names are a public format, because
buttons live in phones for years: a renamed page keeps its old name as an alias.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Concatenate, Final, Generic, Literal, ParamSpec
from urllib.parse import quote, unquote

import msgspec

from bot.messages import Choice, Contact, Reply
from bot.services.assistance import Assistance, NoAssistance
from bot.services.dossiers import Dossiers, NoDossiers
from bot.services.follows import Follows, NoFollows
from bot.services.guide import Guide
from bot.services.handover import Handovers, NoHandovers
from bot.services.questions import NoQuestions, Questions
from bot.services.ratings import NoRatings, Ratings
from knowledge_base.centre import Centre

P = ParamSpec("P")

LINK_LIMIT: Final = 64
Decision = Literal["sure", "several", "nothing", "smalltalk", "status", "human", "privacy", "stop"]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way to a page: who, what was typed, what is remembered, and the services to ask."""

    contact: Contact
    text: str
    guide: Guide
    centre: Centre
    now: datetime
    topic: str | None = None
    ticks: dict[str, tuple[int, ...]] = msgspec.field(default_factory=dict)
    dossiers: Dossiers = msgspec.field(default_factory=NoDossiers)
    follows: Follows = msgspec.field(default_factory=NoFollows)
    ratings: Ratings = msgspec.field(default_factory=NoRatings)
    questions: Questions = msgspec.field(default_factory=NoQuestions)
    handovers: Handovers = msgspec.field(default_factory=NoHandovers)
    assistance: Assistance = msgspec.field(default_factory=NoAssistance)
    bot_name: str = ""
    """Name of the Telegram bot, for links into it."""
    page: str = ""
    """Link of the last page shown, "" for none."""
    question: str = ""
    """The question that the talk is about, as far as it is remembered."""


class OutdatedError(LookupError):
    """What a link names is gone (a procedure, a field); the core leads to the welcome page."""


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """How a message was understood, for measuring; nothing of it is shown to residents."""

    decision: Decision = "smalltalk"
    codes: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    scores: dict[str, float] = msgspec.field(default_factory=dict)
    quiet: bool = False
    """A step within what was asked before, like a tick: it does not count as a question of its own."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A reply and what it changes in the session.

    then: link of the page that reads the next free text (None: nothing is expected).
    topic: a code (talk about this from now on), None (drop it) or "keep".
    ticks: replaces the person's checklist ticks for these lists.
    here: link that shows this page again, where it is another than the one followed.
    remember: False for passing remarks that "quay lại" should skip.
    forget: True ends the session: nothing of it is remembered.
    """

    reply: Reply
    here: str | None = None
    then: str | None = None
    topic: str | None = "keep"
    ticks: dict[str, tuple[int, ...]] = msgspec.field(default_factory=dict)
    trace: Trace = Trace()
    remember: bool = True
    forget: bool = False


class Page(Generic[P]):
    """A named page; calling it answers a turn."""

    def __init__(self, name: str, answer: Callable[Concatenate[Turn, P], Answer]) -> None:
        self.name = name
        self.answer = answer

    def __call__(self, turn: Turn, *args: P.args, **kwargs: P.kwargs) -> Answer:
        """Answer a turn."""
        return self.answer(turn, *args, **kwargs)


class Flow:
    """The pages of one conversation, in the order in which people live it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pages: dict[str, Page[...]] = {}
        self.phrases: dict[str, Page[[]]] = {}

    def page(self, function: Callable[Concatenate[Turn, P], Answer]) -> Page[P]:
        """Register a page under the function's own name."""
        page = Page(f"{self.name}.{function.__name__}", function)
        self.pages[page.name] = page
        return page

    def entry(self, *phrases: str) -> Callable[[Callable[[Turn], Answer]], Page[[]]]:
        """Register a page that commands and fixed phrases ("/hoso", "quay lại") lead to, compared without marks."""

        def register(function: Callable[[Turn], Answer]) -> Page[[]]:
            page = self.page(function)
            self.phrases.update(dict.fromkeys(phrases, page))
            return page

        return register

    def owns(self, link: str) -> bool:
        """Whether a link leads to a page of this conversation."""
        return link.startswith(self.name + ".")

    def alias(self, old_name: str, page: Page[...]) -> None:
        """Keep an old page name working, for buttons already in people's phones."""
        self.pages[f"{self.name}.{old_name}"] = page


def link(page: Page[P], *args: P.args, **kwargs: P.kwargs) -> str:
    """The link to a page; raises OutdatedError where it would not fit into a button of any channel."""
    assert not kwargs, "links carry positional text arguments only"
    text = ":".join([page.name, *(quote(str(arg), safe="-._~") for arg in args)])
    if len(text) > LINK_LIMIT:
        raise OutdatedError(f"the link {text!r} is longer than {LINK_LIMIT} bytes: shorten its arguments")
    return text


def parse_link(text: str) -> tuple[str, tuple[str, ...]]:
    """Page name and arguments of a link; user input, so whatever comes is only split, never trusted."""
    name, *args = text.split(":")
    return name, tuple(unquote(arg) for arg in args)


def to(label: str, page: Page[P], *args: P.args, **kwargs: P.kwargs) -> Choice:
    """A short button that leads to a page."""
    return Choice(label, link(page, *args, **kwargs))


def item(label: str, page: Page[P], *args: P.args, **kwargs: P.kwargs) -> Choice:
    """One row of a list: a long label, one a line."""
    return Choice(label, link(page, *args, **kwargs), "item")


def tell(
    paragraphs: str | Iterable[str],
    *choices: Choice,
    topic: str | None = "keep",
    trace: Trace | None = None,
    replaces: bool = False,
    remember: bool = True,
    ticks: dict[str, tuple[int, ...]] | None = None,
    here: str | None = None,
) -> Answer:
    """Say something and offer choices; nothing is expected next."""
    said = (paragraphs,) if isinstance(paragraphs, str) else tuple(paragraphs)
    return Answer(
        reply=Reply(paragraphs=said, choices=choices, replaces=replaces),
        topic=topic,
        trace=trace or Trace(),
        remember=remember,
        ticks=ticks or {},
        here=here,
    )


def ask(paragraphs: str | Iterable[str], *choices: Choice, then: Page[[]], topic: str | None = "keep") -> Answer:
    """Ask something; `then` reads the next free text."""
    return msgspec.structs.replace(tell(paragraphs, *choices, topic=topic), then=link(then))
