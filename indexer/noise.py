"""Residents' typing: turns a well written phrase into the ways in which people really send it.

Used to train the encoder and to calibrate the finder on messages like those that arrive, never to answer.
"""

import random
import unicodedata
from functools import cache

import msgspec

from knowledge_base.text import VOCABULARY, fold, nfc

_TONE_KEY = {"\u0300": "f", "\u0301": "s", "\u0309": "r", "\u0303": "x", "\u0323": "j"}
_SHAPE_KEY = {"ă": "aw", "â": "aa", "ê": "ee", "ô": "oo", "ơ": "ow", "ư": "uw", "đ": "dd"}
_MIXED = (("n", "l"), ("l", "n"), ("tr", "ch"), ("ch", "tr"), ("s", "x"), ("x", "s"), ("gi", "d"), ("d", "gi"))
_BEFORE = (
    "ad ơi", "cho em hỏi", "cho tôi hỏi", "cho hỏi", "cháu chào cô chú ạ", "em chào ad", "bác ơi cho cháu hỏi",
    "xin hỏi", "tôi muốn hỏi", "em muốn", "nhà tôi", "thủ tục", "làm ơn cho biết", "em cần", "hồ sơ", "muốn",
    "chào anh chị", "alo cho mình hỏi", "có ai biết", "hướng dẫn giúp tôi",
)  # fmt: skip
_AFTER = (
    "cần giấy tờ gì", "thì làm thế nào", "ở đâu", "hết bao nhiêu tiền", "mất bao lâu", "có làm qua mạng được không",
    "cần những gì ạ", "phải làm sao", "nộp ở đâu", "lệ phí bao nhiêu", "mấy ngày thì xong", "điều kiện thế nào",
    "lấy mẫu đơn ở đâu", "với ạ", "được không ạ", "giúp em với", "như nào", "hồ sơ gồm những gì", "thế nào hả ad",
    "có phải đến tận nơi không", "có mất phí không", "đến chỗ nào làm", "khi nào có kết quả", "mang theo gì",
)  # fmt: skip
CHATTER = (
    "Nhà tôi ở quê, đi lại xa xôi.", "Em làm công nhân nên ít thời gian.", "Tôi có tuổi rồi không rành mạng.",
    "Mấy hôm trước ra xã hỏi mà chưa ai chỉ cho rõ.", "Hôm qua có người bảo thế này người bảo thế kia.",
    "Bố mẹ tôi già yếu.", "Vợ chồng em vừa chuyển về đây ở.", "Tôi hỏi hộ người quen.", "Em đang cần gấp.",
    "Tôi đi làm cả tuần chỉ nghỉ chủ nhật.", "Mong anh chị chỉ giúp.", "Nghe hàng xóm nói là phải làm giấy.",
    "Trước giờ chưa làm bao giờ nên lúng túng.", "Năm ngoái nhà có việc nên chưa lo được.",
)  # fmt: skip

_NAMES = (
    "Nguyễn Thị Hoa", "Trần Văn Nam", "Giáp Thị Thơm", "Thân Văn Quyết", "Hoàng Minh Khôi", "Lê Hải Yến", "Vi Văn Páo",
    "Đỗ Đức Anh", "Leo Thị Sen", "Dương Ngọc Bích", "chị Lý", "anh Tuấn", "bác Hùng", "cụ Sửu", "cháu Bảo An",
)  # fmt: skip
_PLACES = (
    "Lục Ngạn", "Sơn Động", "Yên Thế", "Hiệp Hòa", "Lạng Giang", "Tân Yên", "Việt Yên", "Yên Dũng", "Lục Nam", "Chũ",
    "phường Đa Mai", "xã Tân Mộc", "thôn Trại Cháy", "xã Biển Động", "phường Ngô Quyền", "Kinh Bắc", "Thái Nguyên",
    "Lạng Sơn", "Quang Châu", "Đình Trám", "Tuấn Đạo", "Bình Dương", "Sài Gòn", "Đài Loan", "viện Nhi", "phố Kế",
)  # fmt: skip


@cache
def _short_forms() -> dict[str, list[str]]:
    table = msgspec.json.decode((VOCABULARY / "shorthand.json").read_bytes(), type=dict[str, str])
    turned: dict[str, list[str]] = {}
    for short, full in table.items():
        turned.setdefault(nfc(full), []).append(nfc(short))
    return turned


def unmarked(text: str) -> str:
    """`text` as typed without marks, capitals kept away."""
    return fold(text)


def telex(word: str, rng: random.Random) -> str:
    """`word` as the keys that should have made it, whole or only its tone."""
    tone, shape = "", []
    for char in unicodedata.normalize("NFD", word):
        if char in _TONE_KEY:
            tone = _TONE_KEY[char]
        else:
            shape.append(char)
    base = unicodedata.normalize("NFC", "".join(shape))
    if rng.random() < 0.6:
        base = "".join(_SHAPE_KEY.get(char, char) for char in base)
    return base + tone


def mixed_up(word: str, rng: random.Random) -> str:
    """`word` with the initial that northern ears do not tell apart."""
    fitting = [(a, b) for a, b in _MIXED if word.startswith(a) and not word.startswith(("ng", "nh", "ch" + a))]
    if not fitting:
        return word
    written, heard = rng.choice(fitting)
    return heard + word[len(written) :]


def slip(word: str, rng: random.Random) -> str:
    """`word` with one slip of the finger."""
    if len(word) < 3:
        return word
    place = rng.randrange(len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:place] + word[place + 1 :]
    if kind == 1:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 2:
        return word[:place] + word[place] + word[place:]
    return fold(word)


def shortened(text: str, rng: random.Random) -> str:
    """`text` with some of its set expressions in shorthand."""
    for full, shorts in _short_forms().items():
        padded = f" {text} "
        if f" {full} " in padded and rng.random() < 0.5:
            text = padded.replace(f" {full} ", f" {rng.choice(shorts)} ").strip()
    return text


def with_names(text: str, rng: random.Random) -> str:
    """`text` with who somebody is and where, which says nothing about what they need."""
    name, place = rng.choice(_NAMES), rng.choice(_PLACES)
    return rng.choice(
        (
            f"{text} ở {place}", f"nhà tôi ở {place}, {text}", f"tôi là {name} ở {place} {text}", f"{name} hỏi {text}",
            f"em ở {place} {text}", f"{text} cho {name}", f"tôi tên {name}, {text}", f"{place} {text}",
        )
    )  # fmt: skip


def framed(text: str, rng: random.Random) -> str:
    """`text` with the words that people put around what they want."""
    if rng.random() < 0.15:
        text = with_names(text, rng)
    if rng.random() < 0.4:
        text = f"{rng.choice(_BEFORE)} {text}"
    if rng.random() < 0.4:
        text = f"{text.rstrip('?. ')} {rng.choice(_AFTER)}"
    if rng.random() < 0.12:
        chatter = rng.sample(CHATTER, rng.randint(1, 2))
        text = " ".join([*chatter[:1], text, *chatter[1:]])
    return text


def noisy(text: str, rng: random.Random) -> str:
    """One way in which `text` may arrive; the same `rng` state gives the same way."""
    text = framed(text, rng)
    words = text.lower().split()
    if rng.random() < 0.2 and len(words) > 6:
        words = [word for word in words if rng.random() > 0.12]
    style = rng.random()
    if style < 0.35:
        return unmarked(" ".join(words))
    if style < 0.6:
        words = shortened(" ".join(words), rng).split()
        for position, word in enumerate(words):
            chance = rng.random()
            if chance < 0.12:
                words[position] = telex(word, rng)
            elif chance < 0.2:
                words[position] = mixed_up(word, rng)
            elif chance < 0.25:
                words[position] = slip(word, rng)
            elif chance < 0.32:
                words[position] = fold(word)
    return " ".join(words)
