"""Asking where a dossier is: its code, then four digits; following it; erasing what is kept about oneself."""

import re
from typing import Final

import msgspec

from bot.dialogue.flow import Answer, Flow, OutdatedError, Trace, Turn, link, tell, to
from bot.dialogue.flows import desk, news, procedure
from bot.dialogue.recognise import kind_of
from bot.dialogue.wording import desk as desk_wording
from bot.dialogue.wording import dossier as wording
from bot.dialogue.wording import news as news_wording
from bot.dossier_codes import as_sent, find, from_token, partial
from bot.dossier_records import CONSENT_VERSION, CONSENT_VERSION_WEB, Dossier
from bot.messages import Choice
from bot.services.dossiers import Shown, Wait
from knowledge_base.text import fold

flow = Flow("dossier")

_TRACE: Final = Trace(decision="status")
_WHOLE: Final = re.compile(r"(?:\+?84|0)(?:[ .-]?\d){9,11}|\d{9}")
_FOUR: Final = re.compile(r"(?<!\d)\d(?:[ .-]?\d){3}(?!\d)")
_COUNTED: Final = re.compile(r"\b(?:4|bon) (?:chu )?so cuoi\b")
_AROUND_DIGITS: Final = frozenset(
    [
        *(
            "ma",
            "so",
            "ho",
            "hs",
            "la",
            "va",
            "voi",
            "cuoi",
            "sdt",
            "dt",
            "dien",
            "thoai",
            "can",
            "cuoc",
            "cccd",
            "cmnd",
        ),
        *("cua", "toi", "em", "minh", "nhe", "a", "tra", "cuu", "xem", "giup"),
    ]
)
MOST_BESIDE: Final = 12
LISTED: Final = 20
FEW_WORDS: Final = 4


@flow.entry("/hoso", "tra cứu hồ sơ", "tra hồ sơ", "hồ sơ của tôi")
def start(turn: Turn) -> Answer:
    """Ask for the code, or take the one that was typed along."""
    if not turn.dossiers.any():
        return tell(desk_wording.status(turn.centre), to(desk_wording.PERSON_BUTTON, desk.person), trace=_TRACE)
    ways = [to(desk_wording.PERSON_BUTTON, desk.person)]
    if turn.dossiers.following(turn.contact):
        ways.insert(0, to(wording.MINE_BUTTON, mine))
    return _ask(wording.ASK_CODE, *ways, then=link(code))


desk.flow.alias("status", start)


@flow.page
def code(turn: Turn) -> Answer:
    """Reads the code."""
    return named(turn) or _ask(wording.NO_CODE, to(desk_wording.PERSON_BUTTON, desk.person), then=link(code))


def named(turn: Turn) -> Answer | None:
    """The dossier that a message names, with the digits that stand beside its code; None without a code."""
    if not turn.dossiers.any():
        return start(turn) if find(turn.text) else None
    found, rest = turn.dossiers.read_code(turn.contact, turn.text)
    if found is None:
        return None
    beside = _beside(rest)
    if beside and turn.dossiers.view(turn.contact, found) is None:
        return digits(msgspec.structs.replace(turn, text=beside), found)
    return show(turn, found)


@flow.page
def show(turn: Turn, code_text: str) -> Answer:
    """A dossier that is open to this person; else its digits are asked for."""
    found = _code(code_text)
    if not turn.dossiers.any():
        return start(turn)
    dossier = turn.dossiers.view(turn.contact, found)
    if dossier is not None:
        return _page(turn, dossier)
    ways = [to(wording.ANOTHER_BUTTON, start)]
    if meant := turn.dossiers.resembling(turn.contact, found):
        ways.insert(0, to(meant, show, meant))
    said = [paragraph.format(code=found) for paragraph in wording.ASK_DIGITS]
    return msgspec.structs.replace(_ask(said, *ways, then=link(digits, found)), here=link(show, found))


@flow.page
def digits(turn: Turn, code_text: str) -> Answer:
    """Reads the four digits. A wrong code and wrong digits get the same answer."""
    found = _code(code_text)
    if partial(turn.text)[0] and (other := named(turn)):
        return other
    # the page is never shown again by its form, which would read a text that is not there
    return _tried(turn, found, again=link(digits, found), here=link(show, found))[0]


@flow.page
def linked(turn: Turn, token: str) -> Answer:
    """The dossier behind a link, which is not named before its digits were shown."""
    found = turn.dossiers.linked(turn.contact, token)
    if found is None:
        return start(turn) if not turn.dossiers.any() else _ask(wording.LINK_ENDED, then=link(code))
    dossier = turn.dossiers.view(turn.contact, found)
    if dossier is not None:
        return _page(turn, dossier)
    return _ask(wording.ASK_LINKED, to(wording.ANOTHER_BUTTON, start), then=link(linked_digits, token))


@flow.page
def linked_digits(turn: Turn, token: str) -> Answer:
    """Reads the four digits; once they are right the link is this person's alone."""
    found = turn.dossiers.linked(turn.contact, token)
    if found is None:
        return linked(turn, token)
    answer, right = _tried(turn, found, again=link(linked_digits, token), here=link(linked, token))
    if right:
        turn.dossiers.used(turn.contact, token)
    return answer


@flow.page
def timeline(turn: Turn, code_text: str) -> Answer:
    """Every step."""
    dossier = turn.dossiers.view(turn.contact, _code(code_text))
    if dossier is None:
        return show(turn, code_text)
    return tell(wording.timeline(dossier), to(wording.BACK_BUTTON, show, dossier.code), trace=_TRACE)


@flow.page
def follow(turn: Turn, code_text: str, text_version: str) -> Answer:
    """Agree to notices; a button with an older sentence shows the present one first."""
    found = _code(code_text)
    dossier = turn.dossiers.view(turn.contact, found)
    version, _ = _consent(turn)
    if dossier is None or text_version != version:
        return show(turn, found)
    kept = turn.dossiers.follow(turn.contact, found, text_version)
    followed = wording.FOLLOWED_ON_WEB if version == CONSENT_VERSION_WEB else wording.FOLLOWED
    said = followed.format(code=found) if kept else wording.TOO_MANY
    ways = (to(wording.MINE_BUTTON, mine), to(wording.UNFOLLOW_BUTTON, unfollow, found))
    return tell(said, *ways, trace=_TRACE, remember=False)


@flow.page
def unfollow(turn: Turn, code_text: str) -> Answer:
    """No more notices about one dossier."""
    found = _code(code_text)
    turn.dossiers.unfollow(turn.contact, found)
    ways = (to(wording.MINE_BUTTON, mine), to(wording.ANOTHER_BUTTON, start))
    return tell(wording.UNFOLLOWED.format(code=found), *ways, trace=_TRACE, remember=False)


@flow.entry("/cuatoi", "hồ sơ tôi theo dõi", "tôi đang theo dõi gì", "danh sách theo dõi")
def mine(turn: Turn) -> Answer:
    """What this person follows: dossiers, then procedures and agencies."""
    followed, subjects = turn.dossiers.following(turn.contact), news.rows(turn)
    if not followed and not subjects:
        return tell(wording.NOTHING_FOLLOWED, to(wording.ANOTHER_BUTTON, start), trace=_TRACE)
    rows = [Choice(wording.row(dossier), link(show, dossier.code), "item") for dossier in followed[:LISTED]]
    said = [wording.row(dossier) for dossier in followed[LISTED:]]
    if followed:
        said.insert(0, wording.FOLLOWING.format(count=len(followed)))
    if subjects:
        said.append(news_wording.LIST.format(count=len(subjects)))
        said += [row.label for row in subjects[LISTED:]]
    return tell(said, *rows, *subjects[:LISTED], to(wording.ANOTHER_BUTTON, start), trace=_TRACE)


@flow.entry("/xoa", "xóa dữ liệu của tôi", "xóa dữ liệu", "xóa hết dữ liệu của tôi", "xóa thông tin của tôi")
def erase(turn: Turn) -> Answer:
    """Ask before everything about a person is erased."""
    return tell(wording.ERASE, to(wording.ERASE_BUTTON, erased), to(wording.KEEP_BUTTON, kept), remember=False)


@flow.page
def erased(turn: Turn) -> Answer:
    """Erase it, and say what was erased."""
    counted = turn.dossiers.erase(turn.contact).counted_for
    rest = [wording.STILL_COUNTED.format(minutes=-(-counted // 60))] if counted else []
    answer = tell((wording.ERASED, *rest, wording.ERASED_REST), to(desk_wording.START_BUTTON, desk.start), topic=None)
    return msgspec.structs.replace(answer, forget=True)


@flow.page
def kept(turn: Turn) -> Answer:
    """Nothing is erased."""
    return tell(wording.NOT_ERASED, *desk.ways_on(), remember=False)


def token(payload: str) -> str | None:
    """The link of a deep link's payload: a random one ("l_..."), or one that names the code, as older slips have it
    ("d_H05_12-260715-0007"); None where it is no dossier's.
    """
    if re.fullmatch(r"l_[A-Za-z0-9_-]{16,40}", payload):
        return link(linked, payload[2:])
    found = from_token(payload)
    return link(show, found) if found else None


def waits_in_vain(expects: str, text: str) -> bool:
    """Whether a form of this flow waits for something that this text surely is not.

    It is the number of a choice (channels without buttons number them), or has no digit and is a greeting or more
    than a few words; "không nhớ" stays.
    """
    if not expects.startswith(flow.name + "."):
        return False
    if re.search(r"\d", text):
        return re.fullmatch(r"\s*\d{1,2}\s*", text) is not None
    return kind_of(text) is not None or len(text.split()) > FEW_WORDS


def _page(turn: Turn, dossier: Dossier) -> Answer:
    said = list(wording.page(dossier, turn.centre, turn.now))
    ways = [to(wording.TIMELINE_BUTTON, timeline, dossier.code)]
    if turn.dossiers.follows(turn.contact, dossier.code):
        ways.append(to(wording.UNFOLLOW_BUTTON, unfollow, dossier.code))
    else:
        version, consent = _consent(turn)
        said.append(consent)
        ways.append(to(wording.FOLLOW_BUTTON, follow, dossier.code, version))
    if turn.ratings.may_rate(turn.contact, dossier):
        # by name: the pages of rating lead back to these, and modules can't import each other
        ways.insert(0, Choice(wording.RATE_BUTTON, f"rating.visit:{dossier.code}"))
    if dossier.procedure_code and turn.guide.procedure(dossier.procedure_code):
        ways.append(to(wording.CHECKLIST_BUTTON, procedure.checklist, dossier.procedure_code))
    ways.append(to(wording.ANOTHER_BUTTON, start))
    return tell(said, *ways, trace=_TRACE, here=link(show, dossier.code))


def _tried(turn: Turn, code_text: str, *, again: str, here: str) -> tuple[Answer, bool]:
    """What comes of the digits in a message, and whether they were right."""
    whole = _WHOLE.fullmatch(turn.text.strip())
    four = re.sub(r"\D", "", turn.text)[-4:] if whole else _four(turn.text)
    if not four:
        return _ask(wording.NO_DIGITS, to(wording.ANOTHER_BUTTON, start), then=again), False
    result = turn.dossiers.look_up(turn.contact, code_text, four)
    if isinstance(result, Shown):
        answer, here = _page(turn, result.dossier), link(show, result.dossier.code)
    elif isinstance(result, Wait):
        person = to(desk_wording.PERSON_BUTTON, desk.person)
        answer = tell(wording.wait(result.seconds, turn.centre), person, trace=_TRACE, remember=False)
    else:
        ways = [to(wording.ANOTHER_BUTTON, start), to(desk_wording.PERSON_BUTTON, desk.person)]
        answer = _ask(wording.WRONG, *ways, then=again)
    answer = msgspec.structs.replace(answer, here=here)
    return (_added(answer, wording.WHOLE_NUMBER) if whole else answer), isinstance(result, Shown)


def _consent(turn: Turn) -> tuple[str, str]:
    """The sentence to which people of this channel agree, after its version."""
    if turn.contact.channel == "web":
        return CONSENT_VERSION_WEB, wording.CONSENT_ON_WEB
    return CONSENT_VERSION, wording.CONSENT


def _ask(said: str | tuple[str, ...] | list[str], *choices: Choice, then: str) -> Answer:
    return msgspec.structs.replace(tell(said, *choices, trace=_TRACE), then=then)


def _code(text: str) -> str:
    """The code of a link, which is user input."""
    found = as_sent(text)
    if found is None:
        raise OutdatedError("no dossier has such a code")
    return found


def _beside(rest: str) -> str:
    """The digits that stand beside a code, where hardly anything else does ("4 số cuối 4321"); "" for none."""
    apart = _COUNTED.sub(" ", fold(rest))
    words = re.findall(r"[^\W\d]+", apart)
    if len(words) > MOST_BESIDE or not set(words) <= _AROUND_DIGITS:
        return ""
    written = apart.strip(" .,;:|-")
    whole = re.search(r"(?<![\d+])" + _WHOLE.pattern + r"(?!\d)", written)
    return whole.group() if whole else _four(written)


def _four(text: str) -> str:
    found = _FOUR.findall(text)
    return re.sub(r"\D", "", found[0]) if len(found) == 1 else ""


def _added(answer: Answer, paragraph: str) -> Answer:
    reply = msgspec.structs.replace(answer.reply, paragraphs=(*answer.reply.paragraphs, paragraph))
    return msgspec.structs.replace(answer, reply=reply)
