"""The papers of a dossier, told apart from remarks and headings.

In doubt a line is a paper: a paper that gets lost costs a resident a day's wage, a remark shown as a paper costs a
line. A line with a count or a form is always a paper.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from indexer.facts.wording import at_word, clean, clean_lines, without_bullet
from knowledge_base.procedure import Case, CaseKind, Paper

NAME, LABEL = 180, 200
NAMELESS = "Biểu mẫu kèm theo (hồ sơ trên Cổng không ghi tên giấy tờ)"

_REMARK = re.compile(r"^(?:lưu ý|ghi chú|chú ý|chú thích|ví dụ|lưu y|note)(?=[\s:.,;(\d*]|$)", re.IGNORECASE)
_SETS = re.compile(r"^(?:số lượng(?: bộ)? hồ sơ|số bộ hồ sơ|số lượng\s*:)", re.IGNORECASE)
_PAPER_NOUNS = (
    "đơn|tờ khai|tờ trình|giấy|bản |các bản|văn bản|hợp đồng|quyết định|chứng|hồ sơ|danh sách|danh mục|báo cáo|phiếu|"
    "thông báo|ảnh|hộ chiếu|thẻ|sổ|biên bản|phương án|dự án|dự thảo|điều lệ|sơ đồ|bảng|tài liệu|các (?:giấy|tài|văn|"
    "chứng|loại)|một trong|công văn|lý lịch|sơ yếu|kế hoạch|đề án|đề cương|mẫu|nghị quyết|hóa đơn|hoá đơn|vận đơn|"
    "bằng|lệnh|thuyết minh|bộ|tờ|phụ lục|catalog|nhãn|01 |02 |03 |hai |ba |file|hình|kết quả|mã số|căn cước|cmnd|cccd|"
    "xác nhận|cam kết|bài|chương trình|nội dung|thiết kế|quy (?:chế|trình)|thông tin|dữ liệu|biểu|séc|tem|thư|"
    "packing|invoice|c/o|hiện vật|video|tác phẩm|số liệu|sách|đĩa|giáo trình|bìa|ủy nhiệm|biên lai|lệ phí|ý kiến"
)
_PAPER_START = re.compile(rf"^(?:{_PAPER_NOUNS})", re.IGNORECASE)
_STRICT_PAPER = re.compile(
    r"^(?:\d{1,2}\s*(?:\([^()]*\)\s*)?)?(?:đơn |tờ khai|tờ trình|giấy |bản (?:sao|chính|gốc|chụp|vẽ|cam|kê|khai|thuyết|dịch|scan|tóm|công|mô|phôtô|"
    r"photo|đăng|đề|tự|xác|thảo|in|án)|văn bản|hợp đồng|quyết định|chứng chỉ|chứng từ|danh sách|danh mục|báo cáo|"
    r"phiếu|thông báo|ảnh|hộ chiếu|thẻ |biên bản|phương án|dự thảo|điều lệ|sơ đồ|bảng|tài liệu|công văn|lý lịch|"
    r"sơ yếu|kế hoạch|đề án|nghị quyết|hóa đơn|hoá đơn|thuyết minh|căn cước|sổ )",
    re.IGNORECASE,
)
_ACTS = re.compile(
    r"không phải (?:nộp|xuất trình|tải|chứng thực|thực hiện)|không (?:được )?yêu cầu|không bao gồm|không bắt buộc|"
    r"có trách nhiệm|chịu trách nhiệm|từ chối|chỉ cần|được (?:sử dụng|xác định|miễn|thay thế|lập thành|thực hiện|coi|"
    r"tính|quyền|tra cứu|khai thác)|có quyền|có thể|thực hiện theo|hủy bỏ|thì gửi hồ sơ|phải bảo đảm|phải đảm bảo|"
    r"phải được|bắt buộc|theo quy định|thì ",
    re.IGNORECASE,
)
_ACTOR = re.compile(
    r"^(?:người (?:tiếp nhận|yêu cầu|có yêu cầu|nộp|đi|khai|ủy quyền|có thẩm quyền|đề nghị|thực hiện|dân)|cơ quan|cá nhân|"
    r"tổ chức|công chức|cán bộ|công dân|việc|trong (?:thời hạn|thời gian|trường hợp|quá trình|phiếu|đó)|nếu|thời hạn|thời gian|"
    r"ủy ban|uỷ ban|ubnd|trung tâm|sau khi|khi |bộ phận|hình thức|cách thức|doanh nghiệp|hộ kinh doanh|chủ (?:xe|đầu tư)|"
    r"tất cả|toàn bộ|riêng|ngoài ra|người)",
    re.IGNORECASE,
)
_RULE_OF_PAPERS = re.compile(
    r"^(?:giấy tờ do cơ quan|giấy tờ (?:bằng|được lập bằng) tiếng|bản chụp các giấy tờ gửi kèm|các (?:giấy tờ|tài liệu|văn bản|loại giấy tờ)"
    r"[^.;:]{0,60}(?:nêu trên|trên|này|nói trên|quy định)\b[^.;:]{0,80}(?:nếu|phải (?:được|là|kèm)|được)|đối với (?:các )?giấy tờ (?:nộp|gửi|xuất trình)"
    r"|hồ sơ (?:được|nộp|gửi|phải|lập) |thành phần hồ sơ (?:phải|được|nộp)|mẫu (?:đơn|tờ khai|biểu)[^.;:]{0,60}được)",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"^\(?(?:trong )?(?:trường hợp|đối với|nếu|khi)\b", re.IGNORECASE)
_DEMANDS = re.compile(
    r"phải (?:có|nộp|kèm|gửi|xuất trình|bổ sung)|kèm theo|gửi kèm|bổ sung|nộp (?:thêm|bản|một|01|giấy|văn|đơn)|gồm|"
    r"còn có|xuất trình (?:bản|giấy|thẻ|một)|cần có|là một trong|\d bản|bản (?:chính|sao)\s*[;.,]?$",
    re.IGNORECASE,
)
_EXEMPTS = re.compile(
    r"không (?:phải|cần|được yêu cầu|yêu cầu|bao gồm|bắt buộc)|chỉ cần|có trách nhiệm|từ chối|được sử dụng bản điện tử",
    re.IGNORECASE,
)
_PART = re.compile(
    r"^(?:(?:các )?(?:loại )?giấy tờ(?:,? tài liệu)?\s*(?:\(|:|gồm|bao gồm|phải|cần|kèm|nộp|xuất trình|sau|khác|yêu cầu|$)|thành phần(?: số lượng)?(?: hồ sơ)?(?: (?:gồm|bao gồm|phải|nộp|xuất trình|chính))?\s*|"
    r"(?:hồ sơ )?(?:bao )?gồm|\d{1,2} (?:\([^()]*\) )?bộ(?: hồ sơ)?|số lượng|hồ sơ của (?:người|bên)|hồ sơ(?: phải| cần)? (?:nộp|xuất trình)|"
    r"hồ sơ\s*:?$|phải (?:nộp|xuất trình)|xuất trình|nộp |tài liệu (?:nộp|xuất trình|kèm|gửi)|"
    r"người yêu cầu[^:;]{0,40}nộp|nhóm \d|phần \d|khi nộp hồ sơ|bản chính|các giấy tờ)",
    re.IGNORECASE,
)
_WHOLE_HEADING = re.compile(
    r"^(?:thành phần(?: số lượng)? hồ sơ|hồ sơ|(?:các )?giấy tờ|\d{1,2} bộ hồ sơ|số lượng hồ sơ)\b.*(?:gồm|:)", re.IGNORECASE
)
_FORM = re.compile(
    r"(?:[Mm]ẫu|MẪU)\s*(?:[Ss]ố|đơn|tờ khai)?\s*[:.]?\s*(?P<id>(?:[A-ZĐ]{1,6}[-. ]?)?\d{1,3}[A-Za-zĐđ]{0,3}(?:[-./][A-Za-zĐđ0-9]+){0,4}"
    r"|[A-ZĐ]{2,5}\d{0,3}(?:[-./][A-ZĐ0-9]+){1,3})(?![\w])"
)
_FORM_YEAR = re.compile(r"^\d{1,2}/\d{4}$")
_EXPLAINS = re.compile(r"\s\(|\s?[,:–-]\s|,\s|\s(?=theo (?:mẫu|quy định)|quy định tại|ban hành kèm|trong đó|trừ trường hợp|do cơ quan)")
_STRONG_END = re.compile(r"(?<=[^\d\s.])[.;](?=\s|$)")
_THEN = re.compile(r"\b(?:thì|phải có|phải nộp|phải xuất trình|cần có|hồ sơ gồm|gồm|:)\s", re.IGNORECASE)


class Line(NamedTuple):
    """A raw line of the portal's list: its text, counts and attached file names."""

    text: object
    originals: int = 0
    copies: int = 0
    files: tuple[str, ...] = ()


class Papers(NamedTuple):
    """The cases of a dossier and what had to be decided on the way (lines without a name)."""

    cases: tuple[Case, ...]
    nameless: int = 0


def forms_in(text: str) -> tuple[str, ...]:
    """Form numbers named in cleaned `text`: "Mẫu CT01", "Mẫu số 02/ĐK-TCT"; each once, in order."""
    found: dict[str, None] = {}
    for match in _FORM.finditer(text):
        number = match["id"].rstrip("./-")
        if not _FORM_YEAR.match(number) and len(number) <= 30:
            found.setdefault(f"Mẫu {'số ' if number[0].isdigit() else ''}{number}")
    return tuple(found)


def is_remark(line: Line, text: str) -> bool:
    """Whether a line tells a rule instead of naming a paper. Only lines without count and form can."""
    if line.originals or line.copies or line.files:
        return False
    bare = without_bullet(text).lstrip("(*“\" ")
    if not bare or _REMARK.match(bare) or _SETS.match(bare) or _RULE_OF_PAPERS.match(bare):
        return True
    if _CONDITION.match(bare):
        return bool(_EXEMPTS.search(bare)) and not _DEMANDS.search(_EXEMPTS.sub("", bare))
    if _PAPER_START.match(bare):
        return False
    return bool(_ACTOR.match(bare) and _ACTS.search(bare))


def paper_name(text: str) -> tuple[str, bool]:
    """The name of the paper in at most 180 characters, never cut inside a word; and whether the line goes on."""
    bare = without_bullet(text).rstrip(" ;,.:–-+*").lstrip("“\"")
    if len(bare) <= NAME:
        return bare or text[:NAME].strip(), False
    ends = [found.start() for found in _STRONG_END.finditer(bare, 0, NAME + 1)]
    heads = [bare[:end] for end in ends if end >= 12 and _balanced(bare[:end])]
    conditional = _CONDITION.match(bare) is not None
    if heads and not (conditional and not _THEN.search(heads[-1])):
        return heads[-1].rstrip(" ;,.:"), True
    then = _THEN.search(bare)
    if conditional and then and then.end() > NAME - 60:
        situation, demand = bare[: then.start()].strip(), bare[then.start() :].strip()
        return f"{at_word(situation, 88)} {at_word(demand, 88)}", True
    clauses = [found.start() for found in _EXPLAINS.finditer(bare, 0, NAME + 1)]
    whole = [bare[:end] for end in clauses if end >= 60 and _balanced(bare[:end])]
    if whole and not conditional:
        return whole[-1].rstrip(" ;,.:–-"), True
    return at_word(bare, NAME), True


def _balanced(text: str) -> bool:
    return text.count("(") == text.count(")") and text.count("“") == text.count("”")


def _glued(text: object) -> list[str]:
    """The papers of a line that certainly holds several: an introduction ending in ":" and a bulleted list, or a list."""
    lines = clean_lines(text)
    if len(lines) == 1:
        parts = re.split(r"(?<=[;:.])\s+(?=[-–+•]\s)", lines[0])
        lines = parts if len(parts) > 1 else lines
    if len(lines) < 2:
        return []
    head, items = ("", lines) if re.match(r"^[-–+•]", lines[0]) else (lines[0], lines[1:])
    if head and not (head.endswith(":") and _WHOLE_HEADING.match(without_bullet(head))):
        return []
    if re.search(r"một trong|hoặc", head, re.IGNORECASE) or len(items) < 2:
        return []
    certain = all(
        re.match(r"^[-–+•]", item) and _STRICT_PAPER.match(without_bullet(item)) and len(item) <= 400
        and not re.search(r"^hoặc|một trong các|hoặc\s*[;.,]?$|:\s*$", without_bullet(item), re.IGNORECASE)
        for item in items
    )
    return items if certain else []


def read_papers(groups: Sequence[tuple[object, Sequence[Line]]]) -> Papers:
    """The cases out of (label, lines). Every line ends as a paper or is counted as a note. Never raises."""
    several = sum(1 for label, _ in groups if without_bullet(clean(label))) > 1
    cases: list[Case] = []
    nameless = 0
    for raw_label, lines in groups:
        label = without_bullet(clean(raw_label))
        under_remark = bool(_REMARK.match(label))
        papers: list[Paper] = []
        notes: list[str] = []
        for position, line in enumerate(lines):
            text = clean(line.text)
            if not text and not line.files and not (line.originals or line.copies):
                notes.append("")
            elif under_remark and not (line.originals or line.copies or line.files):
                notes.append(text)
            elif is_remark(line, text):
                notes.append(text)
            elif position == 0 and not label and len(lines) > 1 and _is_heading(line, text):
                label = without_bullet(text)
            else:
                found = _papers_of(line, text)
                nameless += sum(paper.name == NAMELESS for paper in found)
                papers.extend(found)
        if not papers and cases and not (label and not under_remark):
            cases[-1] = _with_notes(cases[-1], notes)
            continue
        if papers or notes:
            cases.append(_case(label, papers, notes, several, under_remark))
    return Papers(tuple(cases), nameless)


def _is_heading(line: Line, text: str) -> bool:
    bare = without_bullet(text)
    counted = line.originals or line.copies or line.files
    return not counted and len(bare) <= LABEL and bare.endswith(":") and bool(_WHOLE_HEADING.match(bare))


def _papers_of(line: Line, text: str) -> list[Paper]:
    parts = _glued(line.text) or [text]
    found = []
    for part in parts:
        if not without_bullet(part).strip(" .;,:-–+*"):
            name, abridged = NAMELESS, False
        else:
            name, abridged = paper_name(part)
        forms = forms_in(part) or (line.files if len(parts) == 1 else ())
        found.append(
            Paper(
                name=name, originals=line.originals, copies=line.copies, forms=forms, abridged=abridged,
                detail=part if abridged else "",
            )
        )
    return found


def _case(label: str, papers: list[Paper], notes: list[str], several: bool, under_remark: bool) -> Case:
    short = label.rstrip(" :;,.")
    if len(short) > LABEL:
        short = at_word(short, LABEL)
    if not short or under_remark:
        kind = CaseKind.PART if short and papers else CaseKind.ALL
    elif _PART.match(short):
        kind = CaseKind.PART
    elif _CONDITION.match(short) or several:
        kind = CaseKind.CASE
    else:
        kind = CaseKind.PART
    texts = tuple(note for note in notes if note)
    return Case(
        kind=kind, label=short if kind is not CaseKind.ALL else "", papers=tuple(papers), note_count=len(notes), notes=texts
    )


def _with_notes(case: Case, notes: list[str]) -> Case:
    return Case(
        kind=case.kind, label=case.label, papers=case.papers, note_count=case.note_count + len(notes),
        notes=case.notes + tuple(note for note in notes if note),
    )
