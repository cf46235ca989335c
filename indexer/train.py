"""Trains the shipped encoder: a static embedding over syllables, pairs, marks and letter triples.

Each step shows every procedure once: a phrase as it may be typed, and another phrase or the name of the same
procedure. All other procedures of the step are the wrong answers, so siblings are always among them.
Only this module imports torch.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from indexer.noise import noisy
from indexer.phrases import Phrases
from knowledge_base.encoder import SHIPPED, feature_text
from knowledge_base.procedure import Procedure

DIMENSION = 256
STEPS = 400
RATE = 0.02
SCALE = 20.0
RARE = 2
KIND_START = {"w": 1.0, "p": 0.7, "m": 0.5, "s": 0.3, "k": 0.3, "c": 0.2}
"""How loud each kind of feature is before training; all are learnt from there."""


def descriptions(procedure: Procedure) -> list[str]:
    """The texts that describe a procedure officially: its name, and its name with results and first papers."""
    papers = [paper.name for paper in procedure.papers[:6]]
    return [procedure.name, " ".join([procedure.name, procedure.field, *procedure.results[:2], *papers])[:600]]


def pairs(texts: Sequence[tuple[list[str], list[str]]], rng: random.Random) -> Iterator[tuple[str, str]]:
    """One (typed, meant) pair for each procedure, forever; `texts` holds its phrases and descriptions."""
    order = list(range(len(texts)))
    while True:
        rng.shuffle(order)
        for number in order:
            phrases, official = texts[number]
            if not phrases:
                yield feature_text(noisy(official[0], rng)), feature_text(official[1])
                continue
            asked = official[0] if rng.random() < 0.08 else rng.choice(phrases)
            meant = rng.choice(official) if rng.random() < 0.35 else rng.choice(phrases)
            yield feature_text(noisy(asked, rng)), feature_text(meant)


def vocabulary(texts: Sequence[tuple[list[str], list[str]]], rng: random.Random) -> list[str]:
    """Features worth a vector: those that occur in more than one text, typed well or badly."""
    seen: Counter[str] = Counter()
    for phrases, official in texts:
        for text in (*phrases, *official):
            seen.update(set(feature_text(text).split()))
            seen.update({feature for feature in feature_text(noisy(text, rng)).split() if feature[0] in "wc"})
    return sorted(feature for feature, often in seen.items() if often >= RARE)


def train(
    procedures: Sequence[Procedure],
    phrases: Phrases,
    folder: Path = SHIPPED,
    *,
    steps: int = STEPS,
    dimension: int = DIMENSION,
    seed: int = 7,
    checkpoints: Path | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> None:
    """Train and save to `folder` in sentence-transformers' format. With `checkpoints`, an interrupted run goes on."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    torch.set_num_threads(2)
    torch.manual_seed(seed)
    rng = random.Random(seed)
    texts = [(phrases.get(procedure.code, []), descriptions(procedure)) for procedure in procedures]
    known = vocabulary(texts, rng)
    unknown = len(known)
    tokenizer = Tokenizer(models.WordLevel({**{f: i for i, f in enumerate(known)}, "[UNK]": unknown}, unk_token="[UNK]"))
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
    stream = pairs(texts, random.Random(seed + first))
    for step in range(first, steps):
        batch = [next(stream) for _ in texts]
        typed = table.preprocess([pair[0] for pair in batch])
        meant = table.preprocess([pair[1] for pair in batch])
        optimiser.zero_grad()
        loss([typed, meant], None).backward()
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            table.embedding.weight[unknown] = 0
        progress("train", step + 1, steps)
        if checkpoint and (step + 1) % 50 == 0:
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
