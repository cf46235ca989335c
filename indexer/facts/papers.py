"""The papers of a dossier, told apart from remarks and headings.

In doubt a line is a paper: a paper that gets lost costs a resident a day's wage, a remark shown as a paper costs a
line. A line with a count or a form is always a paper.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from indexer.facts import paper_words as words
from indexer.facts.distinct import same_line, shortened_label, situations_told_apart, told_apart
from indexer.facts.headings import Line, sections
from indexer.facts.lists import Part, parts_of
from indexer.facts.mentions import demands_in, each_mentioned, joined_behind_the_cut
from indexer.facts.paper_names import NAME, paper_name
from indexer.facts.wording import at_word, clean, clean_lines, without_bullet
from knowledge_base.procedure import Case, CaseKind, Paper

LABEL = 200
_WHOSE = re.compile(r"hồ sơ (?:của|đối với)\b", re.IGNORECASE)
NAMELESS = "Biểu mẫu kèm theo (hồ sơ trên Cổng không ghi tên giấy tờ)"


class Papers(NamedTuple):
    """The cases of a dossier and what had to be decided on the way (lines without a name)."""

    cases: tuple[Case, ...]
    nameless: int = 0


def forms_in(text: str) -> tuple[str, ...]:
    """Form numbers named in cleaned `text`: "Mẫu CT01", "Mẫu số 02/ĐK-TCT"; each once, in order."""
    found: dict[str, None] = {}
    for match in words.FORM.finditer(text):
        number = match["id"].rstrip("./-")
        if not words.FORM_YEAR.match(number) and len(number) <= 30:
            found.setdefault(f"Mẫu {'số ' if number[0].isdigit() else ''}{number}")
    return tuple(found)


def is_remark(line: Line, text: str) -> bool:
    """Whether a line tells a rule instead of naming a paper; with a count or a form only the number of sets can."""
    bare = without_bullet(text).lstrip('(*“" ')
    if not line.files and (words.ONLY_SETS.fullmatch(bare) or words.NONE.fullmatch(bare)):
        return True
    if line.originals or line.copies or line.files:
        return False
    if (
        not bare
        or words.NONE.fullmatch(bare)
        or words.REMARK.match(bare)
        or words.SETS.match(bare)
        or words.RULE_OF_PAPERS.match(bare)
    ):
        return True
    if words.CONDITION.match(bare):
        if words.OFFICE_ACTS.search(bare) or words.ELECTRONIC_ONLY.match(bare):
            return True
        return bool(words.EXEMPTS.search(bare)) and not words.DEMANDS.search(words.EXEMPTED.sub("", bare))
    if words.PAPER_START.match(bare):
        return False
    return bool(words.ACTOR.match(bare) and words.ACTS.search(bare))


def glued_papers(text: object) -> list[str]:
    """The papers of a line that certainly holds several; [] where it holds one or where that is not certain.

    Certain means: every item of a bulleted or numbered list starts like a paper, and what introduces the list is a
    heading ("Hồ sơ gồm:") or a situation ("Trường hợp …:"), which then stays in front of each item.
    """
    raw = clean_lines(text)
    lines = [part for line in raw for part in words.ITEM_START.split(line) if part.strip(" ;.,-+")]
    if len(lines) < 2:
        return []
    bulleted = [bool(words.ITEM.match(line)) for line in lines]
    if all(bulleted) and lines[0].endswith(":") and all(line[0] != lines[0][0] for line in lines[1:]):
        head, items = without_bullet(lines[0]), lines[1:]  # "a) Đối với …: + Đơn … + Bản sao …"
    elif all(bulleted):
        head, items = "", lines
    elif all(bulleted[1:]):
        head, items = lines[0], lines[1:]
    elif len(raw) == len(lines) and not any(bulleted) and all(line.endswith((";", ".")) for line in lines[:-1]):
        head, items = "", lines
    else:
        return []
    if head and words.STRICT_PAPER.match(without_bullet(head)) and head.endswith((";", ".")) and len(head) <= NAME:
        head, items = "", lines  # the list begins with a paper that has no bullet
    bare_head = without_bullet(head).rstrip(" :.;")
    if (head and not (words.HEAD.match(bare_head) and head.endswith((":", ".", ";")))) or words.CHOICE.search(
        bare_head
    ):
        return []
    if ": " in bare_head or any(words.UNSPLIT.search(part) for part in (bare_head, *map(without_bullet, items))):
        return []
    certain = len(items) >= 2 and all(
        (words.STRICT_PAPER.match(bare) or (number and words.PAPER_START.match(bare) and not words.FORM.match(bare)))
        and len(bare) <= 600
        and not words.CHOICE.search(bare[-60:])
        and not bare.endswith(":")
        for number, bare in enumerate(map(without_bullet, items))
    )
    if not certain:
        return []
    if not words.SITUATION.search(bare_head) and not _WHOSE.match(bare_head):
        return items
    situation = at_word(bare_head, 88)
    return [f"{situation}: {without_bullet(item)}" for item in items]


def papers_in_label(raw_label: object) -> tuple[str, list[str]]:
    """The heading of a group and the papers that a clerk typed behind it ("Trường hợp …: - Đơn … - Giấy …").

    No papers where that is not certain: the first item must start like a paper. A list of another bullet inside the
    list belongs to the item in front of it ("Một trong các văn bản sau: + … + …").
    """
    label = clean(raw_label)
    parts = [part for line in clean_lines(raw_label) for part in words.ITEM_START.split(line) if part.strip(" ;.,-+")]
    if len(parts) < 2 or words.REMARK.match(without_bullet(label)):
        return label, []
    head, items = parts[0], parts[1:]
    opened = words.LIST_AND_FIRST.match(head)
    if words.STRICT_PAPER.match(without_bullet(head)) and not head.endswith(":"):
        head, items = "", parts
    elif opened and words.STRICT_PAPER.match(opened[2]):
        head, items = opened[1], [opened[2], *items]
    elif not head.endswith(":"):
        return label, []
    if not words.STRICT_PAPER.match(without_bullet(items[0])):
        return label, []
    found: list[str] = []
    for item in items:
        if found and item[0] in "+*•" and items[0][0] != item[0]:
            found[-1] = f"{found[-1]} {item}"
        else:
            found.append(item)
    return head, found


def read_papers(groups: Sequence[tuple[object, Sequence[Line]]]) -> Papers:
    """The cases out of (label, lines). Every line ends as a paper, a label or is counted as a note. Never raises."""
    groups = _under_one_label(groups)
    several = sum(1 for label, _ in groups if without_bullet(clean(label))) > 1
    cases: list[Case] = []
    labels: list[str] = []
    for raw_label, lines in groups:
        for label, papers, notes, always in _read_group(raw_label, lines, several=several):
            under_remark = bool(words.REMARK.match(label))
            if not papers and cases and (not label or under_remark or words.PART.match(label)):
                cases[-1] = _with_notes(cases[-1], notes)
            elif papers or notes:
                case = _case(label, papers, notes, several=several, under_remark=under_remark)
                part = always and case.kind is CaseKind.CASE
                cases.append(replace(case, kind=CaseKind.PART) if part else case)
                labels.append(label)
    cases = _labels_told_apart(cases, labels)
    nameless = sum(paper.name == NAMELESS for case in cases for paper in case.papers)
    return Papers(tuple(cases), nameless)


def _under_one_label(groups: Sequence[tuple[object, Sequence[Line]]]) -> list[tuple[object, list[Line]]]:
    """Groups whose labels are equal to the last letter are one: a clerk went on with it, and nobody could choose."""
    merged: dict[str, tuple[object, list[Line]]] = {}
    for position, (label, lines) in enumerate(groups):
        key = same_line(without_bullet(clean(label))) or f"#{position}"
        merged.setdefault(key, (label, []))[1].extend(lines)
    return list(merged.values())


def _read_group(
    raw_label: object, lines: Sequence[Line], *, several: bool
) -> list[tuple[str, list[Paper], list[str], bool]]:
    """The parts of one group: label, papers, notes, and whether the label certainly names no situation."""
    head, typed = papers_in_label(raw_label)
    label = without_bullet(head)
    under_remark = bool(words.REMARK.match(label))
    notes: list[str] = []
    if not under_remark and words.RULE_AS_LABEL.search(label):
        notes.append(label)  # the papers below are needed whatever the rule says
        label = ""
    told: list[Line] = []
    rest: list[Line] = []
    for line in lines:
        text = clean(line.text)
        counted = line.originals or line.copies or line.files
        is_note = (not counted and (not text or under_remark)) or is_remark(line, text)
        (told if is_note else rest).append(line)
    notes += [clean(line.text) for line in told]
    situation = _case(label, [], [], several=several, under_remark=under_remark).kind is CaseKind.CASE
    parts = sections(label if not typed else head, rest, situation=situation) if not under_remark else []
    first = parts[0].lines if parts else rest
    papers: list[Paper] = []
    listed = {_start(clean(line.text)) for line in lines}
    for text in typed:
        if is_remark(Line(text), text):
            notes.append(text)
        elif _start(text) not in listed:
            papers.extend(_papers_of(Line(text), text))
    papers += _papers_in(first)
    papers += [_paper(Line(text), Part(text), alone=True) for note in notes for text in demands_in(note)]
    if not typed and words.PAPER_AS_LABEL.search(label) and words.STRICT_PAPER.match(label):
        papers = [*_papers_of(Line(raw_label), label), *papers]
    found = [(label or (parts[0].label if parts else ""), papers, notes, bool(parts) and parts[0].needed_always)]
    if parts:
        notes += parts[0].notes
    found += [
        (
            part.label,
            _papers_in(part.lines),
            part.notes,
            part.needed_always,
        )
        for part in parts[1:]
    ]
    headed = any(clean(line.text).endswith(":") for line in rest)  # what follows a heading belongs to it
    return [
        (name, _told_apart(those if headed else _each_once(those)), remarks, always)
        for name, those, remarks, always in found
    ]


def _each_once(papers: list[Paper]) -> list[Paper]:
    """Without the papers that stand there again word for word, with the same counts and forms."""
    found: dict[tuple[object, ...], Paper] = {}
    for paper in papers:
        line = (same_line(without_bullet(paper.detail or paper.name)), paper.originals, paper.copies, paper.forms)
        found.setdefault(line if paper.name != NAMELESS else (*line, len(found)), paper)
    return list(found.values())


def _told_apart(papers: list[Paper]) -> list[Paper]:
    """Papers whose lines only differ behind the place where their names were cut show the difference."""
    wholes = [
        paper.name if paper.alternatives else without_bullet(paper.detail or paper.name) for paper in papers
    ]  # alternatives are shown below the name and tell it apart
    names = told_apart([paper.name for paper in papers], wholes, NAME)
    return [
        replace(paper, name=name, abridged=True, detail=paper.detail or paper.name) if name != paper.name else paper
        for paper, name in zip(papers, names, strict=True)
    ]


def _labels_told_apart(cases: list[Case], labels: list[str]) -> list[Case]:
    """Cases with one label show what their whole labels, or else their papers, do not share."""
    shown = told_apart([case.label for case in cases], labels, LABEL)
    named = []
    for position, case in enumerate(cases):
        label = shown[position]
        alike = [other for other, text in enumerate(shown) if text == label and label]
        if len(alike) > 1 and case.papers:
            others = {paper.name for other in alike if other != position for paper in cases[other].papers}
            own = next((paper.name for paper in case.papers if paper.name not in others), "")
            count = f"nhóm {alike.index(position) + 1} trong {len(alike)} nhóm cùng tên"
            label = f"{label} ({f'nhóm có: {at_word(own, 90)}' if own else count})"
        named.append(replace(case, label=label) if label != case.label else case)
    return named


def _start(text: str) -> str:
    return without_bullet(text).casefold()[:60].rstrip(" .;:,")


def _papers_in(lines: Sequence[Line]) -> list[Paper]:
    """The papers of a group's lines; situations in front of them that read alike show what differs."""
    found = [(clean(line.text), paper) for line in lines for paper in _papers_of(line, clean(line.text))]
    texts = [text for text, _ in found]
    names = situations_told_apart([paper.name for _, paper in found], texts)
    details = situations_told_apart([paper.detail for _, paper in found], texts)
    return [
        replace(
            paper,
            name=at_word(name, NAME).removesuffix("…"),
            abridged=paper.abridged or len(name) > NAME,
            detail=detail,
        )
        if name != paper.name
        else paper
        for (_, paper), name, detail in zip(found, names, details, strict=True)
    ]


def _papers_of(line: Line, text: str) -> list[Paper]:
    if line.alternatives:
        long = [other for other in line.alternatives if len(other) > NAME]
        named = tuple(name for other in long for part in parts_of(other) for name in part.mentions)
        return [_paper(line, Part(text, line.alternatives, named), alone=True)]
    typed = glued_papers(line.text) or [line.text if isinstance(line.text, str) else text]
    parts = [part for each in typed for part in (parts_of(each) if len(clean(each)) > NAME else [Part(clean(each))])]
    return [_paper(line, part, alone=len(parts) == 1) for part in parts]


def _paper(line: Line, part: Part, *, alone: bool) -> Paper:
    """One paper of a line; the line's attached files are its forms only where it is the line's only paper."""
    text = clean(part.text)
    if not without_bullet(text).strip(" .;,:-–+*"):
        name, abridged = NAMELESS, False
    else:
        name, abridged = paper_name(text)
    alternatives = [
        (words.LIST_INTRODUCED.sub("", other) or other, goes_on)
        for other, goes_on in map(paper_name, part.alternatives)
    ]
    name = words.LIST_INTRODUCED.sub("", name) or name
    joined = joined_behind_the_cut(text, name) if abridged and not alternatives else ()
    said = same_line(" ".join([name, *(other for other, _ in alternatives)]))
    besides = each_mentioned(tuple(other for other in (*part.mentions, *joined) if same_line(other)[:25] not in said))
    mentions = [paper_name(other) for other in besides if same_line(other)[:25] not in said]
    cut = abridged or bool(mentions) or any(goes_on for _, goes_on in (*alternatives, *mentions))
    whole = clean(" ".join([part.text, *part.alternatives]))
    return Paper(
        name=name,
        originals=line.originals,
        copies=line.copies,
        forms=forms_in(whole) or (line.files if alone else ()),
        abridged=cut,
        detail=whole if cut else "",
        alternatives=tuple(dict.fromkeys(other for other, _ in alternatives)),
        mentions=tuple(dict.fromkeys(other for other, _ in mentions)),
    )


def _case(label: str, papers: list[Paper], notes: list[str], *, several: bool, under_remark: bool) -> Case:
    short = label.rstrip(" :;,.")
    short = words.LIST_FOLLOWS.sub("", short) if len(short) > 30 else short
    if len(short) > LABEL:
        short = shortened_label(short, LABEL)
    if not short or under_remark:
        kind = CaseKind.PART if short and papers else CaseKind.ALL
    elif words.PART.match(short) and not (several and _names_situation(short)):
        kind = CaseKind.PART
    elif words.CONDITION.match(short) or (several and not words.STRICT_PAPER.match(short)):
        kind = CaseKind.CASE
    else:
        kind = CaseKind.PART
    texts = tuple(note for note in notes if note)
    return Case(
        kind=kind,
        label=short if kind is not CaseKind.ALL else "",
        papers=tuple(papers),
        note_count=len(notes),
        notes=texts,
    )


def _names_situation(label: str) -> bool:
    """Whether a heading that starts like "Thành phần hồ sơ" goes on to name a situation of its own."""
    rest = re.sub(r",?\s*(?:bao )?gồm.*$", "", label, flags=re.IGNORECASE)
    named = re.match(r"(?:thành phần )?hồ sơ (?!của|phải|cần|nộp|xuất trình|chính)\S+\s\S+", rest, re.IGNORECASE)
    return bool(words.SITUATION.search(rest.removeprefix("Bản chính")) or named)


def _with_notes(case: Case, notes: list[str]) -> Case:
    return Case(
        kind=case.kind,
        label=case.label,
        papers=case.papers,
        note_count=case.note_count + len(notes),
        notes=case.notes + tuple(note for note in notes if note),
    )
