# ruff: noqa: PLC0415, S311  (torch is needed for training only; drawing examples is no cryptography)
"""Trains the shipped encoder: a static embedding over syllables, pairs, marks and letter triples.

Each step shows every procedure once: a phrase as it may be typed (or a later turn of a conversation, behind what was
said before it), and another phrase or the name of the same procedure. All other procedures of the step are the wrong
answers, so siblings are always among them. Only this module imports torch.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from indexer.evaluate import Question
from indexer.noise import noisy
from indexer.phrases import Phrases
from knowledge_base.encoder import SHIPPED, features
from knowledge_base.procedure import Procedure
from knowledge_base.text import words

Rows = list[int]
Progress = Callable[[str, int, int], None]
CHECKPOINT_EVERY = 50

DIMENSION = 128
STEPS = 400
RATE = 0.02
SCALE = 20.0
OFFICIAL = 0.3
VARIANTS = 4
WORDS = 40
RARE = {"w": 2, "m": 2, "c": 2, "p": 3}
"""In how many texts a feature of each kind must occur to get a vector."""
KIND_START = {"w": 1.0, "p": 0.7, "m": 0.5, "c": 0.2}
"""How loud each kind of feature is before training; all are learnt from there."""


class Sayings(NamedTuple):
    """How one procedure is said, as rows of the encoder's table: as typed, well written, and officially."""

    typed: list[Rows]
    written: list[Rows]
    official: list[Rows]


def descriptions(procedure: Procedure) -> list[str]:
    """The texts that describe a procedure officially: its name, and its name with field, results and first papers."""
    papers = [paper.name for paper in procedure.papers[:4]]
    longer = " ".join([procedure.name, procedure.field, *procedure.results[:1], *papers])
    return [" ".join(text.split()[:WORDS]) for text in (procedure.name, longer)]


def in_talk(procedures: Sequence[Procedure], later: Sequence[Question]) -> dict[str, list[str]]:
    """By the procedure that answers them: later turns as the finder reads them, behind the question before and with the
    name of what was talked about."""
    names = {procedure.code: procedure.name for procedure in procedures}
    found: dict[str, list[str]] = {}
    for question in later:
        before, turn = question.turns[-2:]
        readings = [f"{before}, {turn}", f"{turn} {names[question.topic]}"] if question.topic in names else []
        found.setdefault(question.codes[0], []).extend(readings)
    return found


def vocabulary(texts: Sequence[tuple[list[str], list[str]]], rng: random.Random) -> list[str]:
    """Features worth a vector: those that occur in more than one text, typed well or badly."""
    seen: Counter[str] = Counter()
    for phrases, official in texts:
        for text in (*phrases, *official):
            seen.update(set(features(words(text))))
        for text in phrases:
            seen.update({feature for feature in features(words(noisy(text, rng))) if feature[0] in "wc"})
    return sorted(feature for feature, often in seen.items() if often >= RARE[feature[0]])


def sayings(
    texts: Sequence[tuple[list[str], list[str]]],
    rows: dict[str, int],
    rng: random.Random,
    variants: int,
    talks: Sequence[list[str]] = (),
) -> list[Sayings]:
    """Every text as rows, each phrase typed in `variants` ways (names too, since residents copy them); `talks` are the
    readings of later turns of each procedure."""

    def read(text: str) -> Rows:
        return [row for feature in features(words(text)) if (row := rows.get(feature)) is not None] or [len(rows)]

    result = []
    for number, (phrases, official) in enumerate(texts):
        asked = phrases or official[:1]
        typed = [read(noisy(text, rng)) for text in asked for _ in range(variants)]
        typed += [read(noisy(official[0], rng))]
        typed += [read(noisy(text, rng)) for text in (talks[number] if talks else ())]
        result.append(Sayings(typed, [read(text) for text in asked], [read(text) for text in official]))
    return result


def train(  # noqa: PLR0915 - one loop with its set-up; parts would hand a dozen values around
    procedures: Sequence[Procedure],
    phrases: Phrases,
    folder: Path = SHIPPED,
    *,
    later: Sequence[Question] = (),
    steps: int = STEPS,
    dimension: int = DIMENSION,
    seed: int = 7,
    checkpoints: Path | None = None,
    progress: Progress = lambda *_: None,
) -> None:
    """Train and save to `folder` in sentence-transformers' format. With `checkpoints`, an interrupted run goes on."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    def together(batch: list[Rows]) -> dict[str, torch.Tensor]:
        lengths = torch.tensor([0, *map(len, batch[:-1])])
        return {"input_ids": torch.tensor(list(chain.from_iterable(batch))), "offsets": lengths.cumsum(0)}

    torch.set_num_threads(min(2, len(os.sched_getaffinity(0))))
    torch.manual_seed(seed)
    rng = random.Random(seed)
    texts = [(phrases.get(procedure.code, []), descriptions(procedure)) for procedure in procedures]
    known = vocabulary(texts, rng)
    unknown = len(known)
    tokenizer = Tokenizer(
        models.WordLevel({**{f: i for i, f in enumerate(known)}, "[UNK]": unknown}, unk_token="[UNK]")  # noqa: S106 - a token of text
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    start = torch.randn(unknown + 1, dimension) * 0.1
    kind = torch.tensor([KIND_START[feature[0]] for feature in known] + [0.0])
    table = StaticEmbedding(tokenizer, embedding_weights=start * kind[:, None])
    model = SentenceTransformer(modules=[table], device="cpu")
    loss = MultipleNegativesRankingLoss(model, scale=SCALE)
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.1)
    first, checkpoint = 0, (checkpoints / "encoder.pt" if checkpoints else None)
    if checkpoint and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        if state["features"] == known and state["steps"] == steps:
            model.load_state_dict(state["model"])
            optimiser.load_state_dict(state["optimiser"])
            schedule.load_state_dict(state["schedule"])
            first = int(state["step"])
    talks = in_talk(procedures, later)
    said = sayings(
        texts,
        {feature: row for row, feature in enumerate(known)},
        rng,
        VARIANTS,
        [talks.get(procedure.code, []) for procedure in procedures],
    )
    for step in range(first, steps):
        rng = random.Random(f"{seed}/{step}")
        typed = [rng.choice(saying.typed) for saying in said]
        meant = [rng.choice(s.official if rng.random() < OFFICIAL else s.written) for s in said]
        batch = [together(typed), together(meant)]
        optimiser.zero_grad()
        loss(batch, None).backward()
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            table.embedding.weight[unknown] = 0
        progress("train", step + 1, steps)
        if checkpoint and (step + 1) % CHECKPOINT_EVERY == 0:
            checkpoint.parent.mkdir(parents=True, exist_ok=True)
            torch.save(
                {
                    "features": known, "steps": steps, "step": step + 1, "model": model.state_dict(),
                    "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(),
                },
                checkpoint.with_suffix(".new"),
            )  # fmt: skip
            checkpoint.with_suffix(".new").replace(checkpoint)
    table.embedding.weight.data = table.embedding.weight.data.half()
    folder.mkdir(parents=True, exist_ok=True)
    model.save(str(folder), create_model_card=False)
    if checkpoint:
        checkpoint.unlink(missing_ok=True)
