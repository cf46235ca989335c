"""Following a procedure or an agency: agreeing to announcements about it, and ending that."""

from bot.dialogue.flow import Answer, Flow, OutdatedError, Turn, item, tell, to
from bot.dialogue.flows import browse, procedure
from bot.dialogue.wording import news as wording
from bot.messages import Choice
from bot.services.follows import CONSENT_VERSION_WEB, SUBJECTS, consent_version

flow = Flow("news")


@flow.page
def about(turn: Turn, kind: str, name: str) -> Answer:
    """What one would agree to; or, to who has agreed, how to end it."""
    what = _what(turn, kind, name)
    if (kind, name) in turn.follows.following(turn.contact):
        said = wording.FOLLOWED.format(about=what or wording.GONE)
        return tell(said, to(wording.UNFOLLOW_BUTTON, ended, kind, name), *_back(turn, kind, name))
    if what is None:
        raise OutdatedError("nothing that people follow")
    version = consent_version(turn.contact)
    consent = wording.CONSENT_ON_WEB if version == CONSENT_VERSION_WEB else wording.CONSENT
    agree = to(wording.AGREE_BUTTON, agreed, kind, name, version)
    return tell(consent.format(about=what), agree, *_back(turn, kind, name))


@flow.page
def agreed(turn: Turn, kind: str, name: str, text_version: str) -> Answer:
    """Agree; a button with an older sentence shows the present one first."""
    what = _what(turn, kind, name)
    if what is None or text_version != consent_version(turn.contact):
        return about(turn, kind, name)
    kept = turn.follows.follow(turn.contact, kind, name)
    said = wording.AGREED.format(about=what) if kept else wording.TOO_MANY
    ways = [to(wording.UNFOLLOW_BUTTON, ended, kind, name)] if kept else []
    return tell(said, *ways, *_back(turn, kind, name), remember=False)


@flow.page
def ended(turn: Turn, kind: str, name: str) -> Answer:
    """No more announcements about it."""
    if kind in SUBJECTS:
        turn.follows.unfollow(turn.contact, kind, name)
    said = wording.ENDED.format(about=_what(turn, kind, name) or wording.GONE)
    return tell(said, *_back(turn, kind, name), remember=False)


def rows(turn: Turn) -> list[Choice]:
    """What this person follows, one row each, which lead to where it ends."""
    followed = turn.follows.following(turn.contact)
    return [
        item(wording.ROW.format(about=_what(turn, kind, name) or wording.GONE), about, kind, name)
        for kind, name in followed
    ]


def _what(turn: Turn, kind: str, name: str) -> str | None:
    """What it is called; None where there is no such thing (any more). Links are user input."""
    if kind == "procedure":
        found = turn.guide.procedure(name)
        return wording.procedure(found.plain_name or found.name) if found and found.code == name else None
    known = turn.centre.agency(name) if kind == "agency" else None
    return known.name if known else None


def _back(turn: Turn, kind: str, name: str) -> list[Choice]:
    if _what(turn, kind, name) is None:
        return []
    if kind == "procedure":
        return [to(wording.PROCEDURE_BUTTON, procedure.show, name)]
    return [to(wording.AGENCY_BUTTON, browse.agency, name)]
