# ruff: noqa: PLC0415, S311  (torch and onnxruntime are needed for this comparison only; drawing examples is no cryptography)
"""Four designs of the encoder, trained in the same way on the same phrases: `python -m benchmarks.encoders`.

One phrase in five is kept from training. An encoder alone is asked for the procedure of the nearest text (names and
the phrases that were trained on): on the kept phrases as they may be typed, and on labelled questions. Beside Hit@1 and
Hit@3 stand the milliseconds of encoding one question on one core, the size as it would be shipped, and what training took.

bags        static: learnt vectors of syllables, pairs, typed marks and letter triples, summed (the shipped design)
letters     static: learnt vectors of hashed letter n-grams over the whole text, no syllables
syllables   static: learnt vectors of syllables without marks only
transformer two layers of attention over syllables, trained from nothing, run by onnxruntime
"""

import argparse
import json
import random
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.calibrate import held_out
from indexer.evaluate import DEVELOPMENT, read_questions
from indexer.noise import noisy
from indexer.phrases import read_phrases
from indexer.train import KIND_START, OFFICIAL, RATE, SCALE, VARIANTS, descriptions
from knowledge_base.catalogue import Catalogue
from knowledge_base.encoder import features
from knowledge_base.text import words

Features = Callable[[str], list[str]]
Vectors = NDArray[np.float32]
Encode = Callable[[list[str]], Vectors]

BUCKETS = 60_000
LONGEST = 48
"""Syllables of a text that the transformer reads."""
WIDTH, HEADS, LAYERS = 128, 4, 2


def bags(text: str) -> list[str]:
    """What the shipped encoder sees."""
    return features(words(text))


def letters(text: str) -> list[str]:
    """Letter n-grams of three to five of the text without marks, spaces included."""
    plain = f" {' '.join(word.folded for word in words(text))} "
    return [plain[at : at + size] for size in (3, 4, 5) for at in range(len(plain) - size + 1)]


def syllables(text: str) -> list[str]:
    """Syllables without marks."""
    return [word.folded for word in words(text)]


class Texts:
    """The phrases to train on and to be asked for, by procedure."""

    def __init__(self, seed: int) -> None:
        procedures, phrases = list(Catalogue.load()), read_phrases()
        self.codes = [procedure.code for procedure in procedures]
        self.official = [descriptions(procedure) for procedure in procedures]
        self.kept = [[p for p in phrases.get(code, []) if not held_out(p)] for code in self.codes]
        rng = random.Random(seed)
        self.typed = [
            [noisy(text, rng) for text in kept or official[:1] for _ in range(VARIANTS)]
            for kept, official in zip(self.kept, self.official, strict=True)
        ]
        self.asked = [
            (noisy(phrase, rng), frozenset({code})) for code in self.codes for phrase in phrases.get(code, []) if held_out(phrase)
        ]

    def known(self) -> tuple[list[str], NDArray[np.int64]]:
        """Every text that may be the nearest, and whose it is."""
        said = [(owner, text) for owner, kept in enumerate(self.kept) for text in (self.official[owner][0], *kept)]
        return [text for _, text in said], np.array([owner for owner, _ in said])

    def pairs(self, seed: int) -> tuple[list[str], list[str]]:
        """For one step: a phrase as it may be typed, and another text of the same procedure, for every procedure."""
        rng = random.Random(seed)
        typed = [rng.choice(ways) for ways in self.typed]
        meant = [
            rng.choice(official if not kept or rng.random() < OFFICIAL else kept)
            for kept, official in zip(self.kept, self.official, strict=True)
        ]
        return typed, meant


def _learn(model: Any, read: Callable[[list[str]], Any], texts: Texts, steps: int, rate: float) -> float:
    """Contrastive training with all other procedures of a step as wrong answers; seconds taken."""
    import torch

    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
    begin = time.perf_counter()
    for step in range(steps):
        typed, meant = (torch.nn.functional.normalize(model(*read(side))) for side in texts.pairs(step))
        loss = torch.nn.functional.cross_entropy(typed @ meant.T * SCALE, torch.arange(len(typed)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if (step + 1) % 100 == 0:
            print(f"  step {step + 1}: loss {float(loss):.3f}, {time.perf_counter() - begin:.0f} s", flush=True)
    return time.perf_counter() - begin


def static(texts: Texts, see: Features, width: int, steps: int) -> tuple[Encode, dict[str, object]]:
    """A table of vectors, one per feature seen twice (or per bucket where there are too many), summed."""
    import torch

    seen: Counter[str] = Counter()
    for ways, official in zip(texts.typed, texts.official, strict=True):
        for text in (*ways, *official):
            seen.update(set(see(text)))
    names = sorted(name for name, often in seen.items() if often >= 2)
    rows: dict[str, int] = {name: row for row, name in enumerate(names)}
    hashed = len(names) > 2 * BUCKETS
    size = BUCKETS if hashed else len(names)

    def numbers(text: str) -> list[int]:
        if hashed:
            return [zlib.crc32(name.encode()) % BUCKETS for name in see(text)] or [size]
        return [row for name in see(text) if (row := rows.get(name)) is not None] or [size]

    def read(batch: list[str]) -> tuple[Any, Any]:
        found = [numbers(text) for text in batch]
        lengths = torch.tensor([0, *map(len, found[:-1])])
        return torch.tensor([number for row in found for number in row]), lengths.cumsum(0)

    torch.manual_seed(7)
    model = torch.nn.EmbeddingBag(size + 1, width, mode="sum")
    loud = [KIND_START.get(name[0], 1.0) if see is bags else 1.0 for name in names] if not hashed else [1.0] * size
    model.weight.data = torch.randn(size + 1, width) * 0.1 * torch.tensor([*loud, 0.0])[:, None]
    took = _learn(model, read, texts, steps, RATE)
    table = model.weight.detach().numpy().astype(np.float16)
    table[size] = 0

    def encode(batch: list[str]) -> Vectors:
        result = np.array([table[numbers(text)].astype(np.float32).sum(axis=0) for text in batch])
        return np.asarray(result / np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-9), dtype=np.float32)

    return encode, {"rows": size, "size_mb": round(table.nbytes / 2**20, 1), "trained_s": round(took)}


def transformer(texts: Texts, steps: int) -> tuple[Encode, dict[str, object]]:
    """Attention over syllables without marks, mean of the last layer; exported to ONNX and run by onnxruntime."""
    import onnxruntime
    import torch

    seen: Counter[str] = Counter()
    for ways, official in zip(texts.typed, texts.official, strict=True):
        for text in (*ways, *official):
            seen.update(set(syllables(text)))
    rows = {name: row for row, name in enumerate(sorted(name for name, often in seen.items() if often >= 2), 2)}

    def numbers(text: str) -> list[int]:
        return [rows.get(name, 1) for name in syllables(text)[:LONGEST]] or [1]

    class Attention(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = torch.nn.Embedding(len(rows) + 2, WIDTH, padding_idx=0)
            self.places = torch.nn.Parameter(torch.randn(LONGEST, WIDTH) * 0.02)
            layer = torch.nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, 0.1, batch_first=True, norm_first=True)
            self.layers = torch.nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
            self.out = torch.nn.Linear(WIDTH, 256)

        def forward(self, ids: Any) -> Any:
            there = (ids != 0).float()[:, :, None]
            states = self.words(ids) + self.places[: ids.shape[1]]
            states = self.layers(states, src_key_padding_mask=ids == 0)
            return self.out((states * there).sum(1) / there.sum(1))

    def padded(batch: list[str]) -> NDArray[np.int64]:
        found = [numbers(text) for text in batch]
        table = np.zeros((len(found), max(map(len, found))), dtype=np.int64)
        for row, mine in zip(table, found, strict=True):
            row[: len(mine)] = mine
        return table

    torch.manual_seed(7)
    model = Attention()
    took = _learn(model, lambda batch: (torch.from_numpy(padded(batch)),), texts, steps, 2e-3)
    model.eval()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "encoder.onnx"
        example = torch.from_numpy(padded(["đăng ký kết hôn", "mất sổ đỏ"]))
        shape = ({0: torch.export.Dim("batch"), 1: torch.export.Dim("length", min=2, max=LONGEST)},)
        torch.onnx.export(model, (example,), str(file), dynamic_shapes=shape, dynamo=True, external_data=False, verbose=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(file), options)
    name = session.get_inputs()[0].name

    def encode(batch: list[str]) -> Vectors:
        parts = []
        for start in range(0, len(batch), 256):
            table = padded(batch[start : start + 256])
            table = np.pad(table, ((0, 0), (0, max(0, 2 - table.shape[1]))))
            parts.append(session.run(None, {name: table})[0])
        result = np.concatenate(parts)
        return np.asarray(result / np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-9), dtype=np.float32)

    weights = sum(parameter.numel() for parameter in model.parameters())
    return encode, {"rows": len(rows), "size_mb": round(2 * weights / 2**20, 1), "trained_s": round(took)}


def hits(encode: Encode, texts: Texts, asked: Sequence[tuple[str, frozenset[str]]]) -> list[float]:
    """Hit@1 and Hit@3 of the procedure with the nearest text."""
    said, owner = texts.known()
    vectors, found = encode(said), encode([question for question, _ in asked])
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    right = [0, 0]
    for start in range(0, len(found), 256):
        nearest = np.maximum.reduceat(found[start : start + 256] @ vectors.T, first, axis=1)
        best = np.argsort(-nearest, axis=1)[:, :3]
        for row, (_, codes) in zip(best, asked[start : start + 256], strict=True):
            ranked = [texts.codes[number] for number in row]
            right[0] += ranked[0] in codes
            right[1] += bool(codes.intersection(ranked))
    return [round(count / max(len(asked), 1), 3) for count in right]


def encoding_ms(encode: Encode, asked: Sequence[tuple[str, frozenset[str]]]) -> float:
    """Median milliseconds of processor time for one question."""
    took = []
    for question, _ in asked[:300]:
        begin = time.process_time()
        encode([question])
        took.append(time.process_time() - begin)
    return round(float(np.median(took)) * 1e3, 3)


def main() -> None:
    """Train and measure all designs, or those asked for."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, nargs="*", default=[DEVELOPMENT])
    parser.add_argument("--design", nargs="*", default=["bags", "bags-128", "bags-64", "letters", "syllables", "transformer"])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    texts = Texts(7)
    own = {
        file.stem: [(q.question, frozenset(q.codes)) for q in read_questions(file) if q.question and q.codes]
        for file in given.questions
    }
    for design in given.design:
        kind, _, width = design.partition("-")
        see = {"bags": bags, "letters": letters, "syllables": syllables}.get(kind)
        encode, told = static(texts, see, int(width or 256), given.steps) if see else transformer(texts, given.steps)
        told |= {"kept phrases": hits(encode, texts, texts.asked)}
        told |= {name: hits(encode, texts, asked) for name, asked in own.items()}
        told |= {"ms": encoding_ms(encode, next(iter(own.values())))}
        print(json.dumps({"design": design, **told}), flush=True)


if __name__ == "__main__":
    main()
