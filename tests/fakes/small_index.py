"""A catalogue of five procedures, phrases for them, and an encoder without learning: enough to build an index."""

import zlib
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from indexer.build import BuildResult, build
from knowledge_base.catalogue import Catalogue
from knowledge_base.encoder import Vectors, features
from knowledge_base.procedure import Procedure
from knowledge_base.text import words

NAMES = {
    "1.000001": "Đăng ký khai sinh",
    "1.000002": "Cấp hộ chiếu phổ thông",
    "1.000003": "Cấp giấy phép xây dựng nhà ở riêng lẻ",
    "1.000004": "Cấp lại giấy phép lái xe",
    "1.000005": "Đăng ký kết hôn",
}
PHRASES = {
    "1.000001": ["làm giấy khai sinh cho con mới đẻ", "con mới sinh ra xã làm giấy gì"],
    "1.000002": ["làm hộ chiếu đi nước ngoài lần đầu", "đi du lịch Thái Lan phải làm sổ gì"],
    "1.000003": ["xin phép xây nhà ba tầng", "sắp làm nhà phải xin giấy gì"],
    "1.000004": ["mất bằng lái xe máy", "bằng lái rơi mất xin cấp lại"],
    "1.000005": ["hai đứa ra xã đăng ký cưới", "làm giấy đăng ký kết hôn"],
}
FRAMES = ("cho hỏi {}", "{} thì làm sao", "em muốn {} ạ", "nhà tôi cần {}", "{} ở đâu", "{} mất bao lâu", "xin {}")
MANY = {code: [frame.format(line) for line in lines for frame in FRAMES] for code, lines in PHRASES.items()}
"""Enough phrases to learn from: each asked in several ways."""
ELSEWHERE = ["ngày mai trời có mưa không", "giá vàng hôm nay", "xin chào", "kết quả bóng đá tối qua"]


class HashingEncoder:
    """Each feature adds to one of 64 places; the same text always gives the same vector."""

    def __init__(self, name: str = "hashing") -> None:
        self.name, self.dimension, self.encoded = name, 64, 0

    def encode(self, texts: list[str]) -> Vectors:
        self.encoded += len(texts)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for feature in features(words(text)):
                vectors[row, zlib.crc32(feature.encode()) % self.dimension] += 1
        lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return np.asarray(vectors / lengths, dtype=np.float32)


def catalogue(names: dict[str, str] | None = None) -> Catalogue:
    """A catalogue in which every procedure is done at the commune counter."""
    return Catalogue(
        [
            Procedure(code=code, name=name, agency="ubnd-cap-xa", counter="commune", field="Chung")
            for code, name in (NAMES if names is None else names).items()
        ]
    )


def save_encoder(
    folder: Path, texts: Sequence[str] = (*NAMES.values(), *chain.from_iterable(PHRASES.values()))
) -> Path:
    """A small static encoder in the shipped format, its vectors drawn at random with a fixed seed."""
    import msgspec
    from safetensors.numpy import save_file

    known = sorted({feature for text in texts for feature in features(words(text))})
    folder.mkdir(parents=True, exist_ok=True)
    vectors = np.random.default_rng(3).normal(size=(len(known) + 1, 32)).astype(np.float16)
    save_file({"embedding.weight": vectors}, folder / "model.safetensors")
    rows = {feature: row for row, feature in enumerate([*known, "[UNK]"])}
    (folder / "tokenizer.json").write_bytes(msgspec.json.encode({"model": {"vocab": rows}}))
    for name in ("modules.json", "config_sentence_transformers.json"):
        (folder / name).write_text("{}", encoding="utf-8")
    return folder


def build_small(index_dir: Path, encoder_folder: Path, **changed: object) -> BuildResult:
    """Build the small index into `index_dir`; keyword arguments replace those of `build`."""
    from knowledge_base.encoder import StaticEncoder
    from knowledge_base.weights import UNTRAINED

    given: dict[str, object] = {
        "catalogue": catalogue(),
        "phrases": PHRASES,
        "encoder": StaticEncoder(encoder_folder),
        "elsewhere": ELSEWHERE,
        "weights": UNTRAINED,
    }
    return build(index_dir, **(given | changed))  # type: ignore[arg-type]
