"""Templates of notices: declared fields, limits per channel, and the refusal of whatever does not fit."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from bot.messages import Choice, Reply, length
from bot.notice_records import TemplateData

TEXT_LIMITS: Final = {"telegram": 4096, "zalo": 2000, "zalobot": 2000, "web": 4096}
"""Characters of one message; a notice is never split, so that it can't arrive by half."""
CHOICES_ON_ZALO: Final = 12
"""Characters a numbered choice adds to its label where there are no buttons."""
PARAMETER_LIMITS: Final = {
    "name": 30, "phone": 15, "address": 200, "code": 30, "label": 30, "status": 30, "date": 20, "url": 200,
}  # fmt: skip
"""Zalo's limits of template parameters by type."""
_PLACE: Final = re.compile(r"\{(\w+)\}")


class TemplateError(ValueError):
    """A notice does not fit its template; `problems` says what to mend, one sentence each."""

    def __init__(self, template: str, problems: list[str]) -> None:
        super().__init__(f"template {template}: " + "; ".join(problems))
        self.problems = tuple(problems)


class Field(msgspec.Struct, frozen=True):
    """A blank in a template. Paragraphs and buttons that name an optional field are left out where it is empty."""

    limit: int
    optional: bool = False


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of the template registered with Zalo, filled from our field of the same meaning.

    A value that is too long is cut at a word where `cut` allows it (a title); elsewhere (a code) the notice can't
    leave by this template. `empty` stands where our field is empty, which Zalo refuses.
    """

    field: str
    kind: Literal["name", "phone", "address", "code", "label", "status", "date", "url"]
    cut: bool = False
    empty: str = ""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """The text of one kind of notice. Any change of text or fields is a new version; old ones stay known as long
    as notices of them may wait.
    """

    id: str
    version: int
    fields: dict[str, Field]
    paragraphs: tuple[str, ...]
    choices: tuple[Choice, ...] = ()
    parameters: dict[str, Parameter] = msgspec.field(default_factory=dict)


Templates = Mapping[tuple[str, int], Template]
"""All known templates by id and version."""


def newest(templates: Templates, template_id: str) -> Template:
    """The newest version of a template; KeyError for an unknown id."""
    versions = [version for name, version in templates if name == template_id]
    if not versions:
        raise KeyError(template_id)
    return templates[template_id, max(versions)]


def checked(template: Template, fields: Mapping[str, str]) -> dict[str, str]:
    """The fields in NFC, without stray blanks; raises TemplateError listing everything that does not fit."""
    tidy = {name: clean(value) for name, value in fields.items()}
    problems = [f"the field {name} is not declared: leave it out" for name in tidy if name not in template.fields]
    for name, field in template.fields.items():
        value = tidy.get(name, "")
        if not value and not field.optional:
            problems.append(f"the field {name} is missing")
        elif length(value) > field.limit:
            problems.append(f"the field {name} has {length(value)} characters, at most {field.limit} are allowed")
    if not problems:
        for channel, limit in TEXT_LIMITS.items():
            if (size := _size(render(template, tidy))) > limit:
                problems.append(f"the message has {size} characters, {channel} takes {limit}: shorten it")
    if problems:
        raise TemplateError(f"{template.id} version {template.version}", problems)
    return tidy


def render(template: Template, fields: Mapping[str, str]) -> Reply:
    """The message as people read it."""
    return Reply(
        paragraphs=tuple(_fill(text, fields) for text in template.paragraphs if _wanted(text, fields)),
        choices=tuple(
            Choice(_fill(choice.label, fields), _fill(choice.link, fields), choice.style)
            for choice in template.choices
            if _wanted(choice.link, fields)
        ),
    )


def template_data(template: Template, fields: Mapping[str, str], reference: str = "") -> TemplateData:
    """The notice as parameters of the supplier's own template, each within its limit and none empty."""
    limits = {name: PARAMETER_LIMITS[parameter.kind] for name, parameter in template.parameters.items()}
    values = {name: fields.get(parameter.field) or parameter.empty for name, parameter in template.parameters.items()}
    unfit = tuple(
        name
        for name, parameter in template.parameters.items()
        if not values[name] or (length(values[name]) > limits[name] and not parameter.cut)
    )
    data = {name: shorten(value, limits[name]) for name, value in values.items()}
    return TemplateData(template.id, template.version, data, reference, unfit)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word, with "…" where something is missing."""
    if length(text) <= limit:
        return text
    head = text.encode("utf-16-le")[: (limit - 1) * 2].decode("utf-16-le", "ignore")
    if not text[len(head)].isspace() and " " in head.strip():
        head = head.rsplit(None, 1)[0]
    return head.rstrip(" ,;:-–(.") + "…"


def clean(value: str) -> str:
    """NFC, single blanks, no controls and nothing invisible; may become empty."""
    # a person's text must neither smuggle in controls nor open a heading ("# ")
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in unicodedata.normalize("NFC", value).splitlines())
    text = "\n".join(line for line in lines if line)
    return "".join(sign for sign in text if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Cn"))


def _fill(text: str, fields: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: fields.get(found[1], ""), text)


def _wanted(text: str, fields: Mapping[str, str]) -> bool:
    return all(fields.get(name) for name in _PLACE.findall(text))


def _size(reply: Reply) -> int:
    said = sum(length(text) + 2 for text in reply.paragraphs)
    return said + sum(length(choice.label) + CHOICES_ON_ZALO for choice in reply.choices)
