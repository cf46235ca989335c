# ruff: noqa: S311  (drawing examples is no cryptography)
"""Learns how to weigh the evidence, from phrases that the index has not seen.

One phrase in five is kept out of index and encoder; typed badly, it must still find its procedure. From that come
three logistic models (rank, in scope, right) and two thresholds, chosen by what each kind of mistake costs.
"""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from indexer.evaluate import DEVELOPMENT, FOLLOW_UPS, Question, read_questions
from indexer.fitting import Table, fit_chance, fit_choice
from indexer.follow_ups import (
    LATER_TURN,
    choices_of,
    cross_followed,
    fit_away,
    fit_follow_up,
    fit_wording,
    made_turns,
    own_turns,
    written_turns,
)
from indexer.noise import noisy
from indexer.phrases import Phrases
from indexer.wording import fit_ours, heard
from knowledge_base.encoder import Encoder
from knowledge_base.evidence import FEATURES, SCOPE_FEATURES, Evidence, Material, gather, scope_row
from knowledge_base.finder import Finder
from knowledge_base.index import material, prepare
from knowledge_base.procedure import Procedure
from knowledge_base.weights import LEARNT, UNTRAINED, Linear, Weights, Wording, ranked

Progress = Callable[[str, int, int], None]

WRONG_SURE, NEEDLESS_QUESTION, LOST, TURNED_AWAY, ANSWERED_ANYWAY, ASKED_ANYWAY = 5.0, 1.0, 2.0, 4.0, 9.0, 6.0
"""Costs: a wrong procedure told as certain; asked back although the first was right; asked back without the right one
among three; a question of ours answered with nothing; a message that is not ours answered with a procedure as certain,
and with a question back, to which people say that they mean something else."""
EVERYDAY, OFTEN = 4.0, float(np.log1p(10))
"""Weight of examples for procedures that ordinary people need, known by having ten or more phrases in the index."""
OWN_IN_RANK, OWN_IN_CHANCES = 1.0, 2.0
"""What own questions weigh together, next to all held-out phrases: in ranking, and in the chances."""
WRONG_SHARE = 0.035
"""How many of those answered with one procedure may be wrong on own questions."""
ELSEWHERE_SHARE = 0.15
"""How many messages are not for us, as far as thresholds go: half of them as among own questions, half as listed."""


@dataclass(frozen=True)
class Example:
    """One question with its evidence; `right` are the candidates' positions that answer it, empty out of scope."""

    evidence: Evidence
    right: tuple[int, ...]
    ours: bool
    wording: float
    """Log-odds that it is for us, by its words alone."""
    weight: float = 1.0
    """How many such questions really arrive: what ordinary people need is asked more often."""


def held_out(text: str) -> bool:
    """Whether a phrase is kept for calibration: the same fifth of all phrases every time."""
    return hashlib.sha256(text.encode()).digest()[0] % 5 == 0


def kept_aside(text: str) -> bool:
    """Whether a message that is not ours is kept for calibration: half of them, since new ones are always different."""
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 0


def examples(
    held: Material,
    questions: Sequence[tuple[str, frozenset[str]]],
    ours: Wording,
    progress: Progress = lambda *_: None,
) -> list[Example]:
    """Evidence for (question, accepted codes); questions about which nothing is known are left out."""
    number = {code: position for position, code in enumerate(held.codes)}
    result = []
    for done, (question, codes) in enumerate(questions):
        evidence = gather(held, question)
        if evidence is not None:
            wanted = {number[code] for code in codes if code in number}
            right = tuple(p for p, candidate in enumerate(evidence.candidates.tolist()) if candidate in wanted)
            often = max((float(held.often[owner]) for owner in wanted), default=0.0)
            weight = EVERYDAY if often >= OFTEN else 1.0
            result.append(Example(evidence, right, bool(codes), ours.log_odds(heard(question)), weight))
        if done % 200 == 0:
            progress("calibrate", done, len(questions))
    return result


def fit_rank(chosen: Sequence[Example], strength: float = 1e-3) -> Linear:
    """Weights under which the right candidates are likeliest among all candidates."""
    return fit_choice(
        FEATURES, [(example.evidence.table, example.right, example.weight) for example in chosen], strength
    )


def judged(rank: Linear, chosen: Sequence[Example]) -> tuple[Table, Table, NDArray[np.bool_], NDArray[np.bool_]]:
    """Scope columns of every example, the chance of its first candidate among all, whether that is right, and whether
    one of the first three is."""
    rows, likeliest, first, three = [], [], [], []
    for example in chosen:
        scores = rank.score(example.evidence.table)
        order, chances = ranked(scores)
        rows.append(scope_row(example.evidence, order, chances, example.wording))
        likeliest.append(float(chances[0]))
        first.append(int(order[0]) in example.right)
        three.append(bool(set(order[:3].tolist()) & set(example.right)))
    return np.array(rows), np.array(likeliest), np.array(first), np.array(three)


def thresholds(judgement: "Judgement") -> tuple[float, float, float]:
    """`nothing_below`, `asked_from` and `sure_from` with the least cost, WRONG_SHARE of the sure ones wrong."""
    ours, first, three = judgement.ours, judgement.first, judgement.three
    weight = np.zeros(len(ours))
    kinds = (
        (ours, 1 - ELSEWHERE_SHARE),
        (~ours & judgement.own, ELSEWHERE_SHARE / 2),
        (~judgement.own, ELSEWHERE_SHARE / 2),
    )
    for kind, share in kinds:
        weight[kind] = share / max(kind.sum(), 1)
    best = (np.inf, 0.5, 1.0, 0.8)
    for nothing_below, asked_from in product(np.arange(0.05, 0.96, 0.01), (*np.arange(0.3, 0.91, 0.05), 1.0)):
        for sure_from in np.arange(0.4, 0.96, 0.02):
            silent, sure = judgement.decided(nothing_below, asked_from, sure_from)
            asked = ~silent & ~sure
            cost = np.where(
                ours,
                silent * TURNED_AWAY + (sure & ~first) * WRONG_SURE
                + (asked & first) * NEEDLESS_QUESTION + (asked & ~three) * LOST,
                sure * ANSWERED_ANYWAY + asked * ASKED_ANYWAY,
            )  # fmt: skip
            total = float((cost * weight).sum())
            wrong = float((sure & ours & ~first).sum() / max((sure & ours).sum(), 1))
            total += 10 * max(wrong - WRONG_SHARE, 0.0)
            best = min(best, (total, float(nothing_below), float(asked_from), float(sure_from)))
    return round(best[1], 2), round(best[2], 2), round(best[3], 2)


@dataclass(frozen=True)
class Judgement:
    """What models say about questions that they were not fitted on, and the truth; one entry per question."""

    ours: NDArray[np.bool_]
    own: NDArray[np.bool_]
    """Own questions, as they arrive; the others are messages of the list, many of them written to be taken for ours."""
    first: NDArray[np.bool_]
    three: NDArray[np.bool_]
    in_scope: Table
    likeliest: Table
    """How likely the first is meant, and the message for us."""
    right: Table

    def decided(
        self, nothing_below: float, asked_from: float, sure_from: float
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which would be answered with nothing, and which as certain; the others are asked back."""
        doubtful = self.in_scope < nothing_below
        return doubtful & (self.likeliest < asked_from), ~doubtful & (self.right >= sure_from)


def models(held: Sequence[Example], own: Sequence[Example]) -> tuple[Linear, Linear, Linear]:
    """Rank, scope and right. Own questions weigh as much as all held-out phrases in ranking, and more in the chances:
    phrases are spread evenly over procedures and have no second right answer, questions are as they arrive."""
    rank = fit_rank([*shared_out(held, 1.0), *shared_out(own, OWN_IN_RANK)])
    both = [*shared_out(held, 1.0), *shared_out(own, OWN_IN_CHANCES)]
    table, _, first, _ = judged(rank, both)
    ours = np.array([example.ours for example in both])
    balance = np.array([example.weight for example in both])
    balance *= len(balance) / balance.sum()
    scope = fit_chance(SCOPE_FEATURES, table, ours, balance)
    right = fit_chance(SCOPE_FEATURES, table[ours], first[ours], balance[ours])
    return rank, scope, right


def shared_out(chosen: Sequence[Example], total: float) -> list[Example]:
    """The examples with weights that add up to `total`, messages that are not ours to 0.35 of it."""
    sums = {kind: sum(example.weight for example in chosen if example.ours is kind) for kind in (True, False)}
    share = {True: total, False: 0.35 * total}
    return [
        replace(example, weight=example.weight * share[example.ours] / max(sums[example.ours], 1e-9))
        for example in chosen
    ]


def cross_judged(held: Sequence[Example], own: Sequence[Example], folds: int = 5, seed: int = 7) -> Judgement:
    """Every own question, and every message of `held` that is not ours, judged by models that were fitted without it:
    own questions alone hold too few messages that are not ours to say where to draw the line."""
    ours, others = ([example for example in held if example.ours is kind] for kind in (True, False))
    shuffled, aside = (random.Random(seed).sample(part, len(part)) for part in (list(own), others))
    parts = []
    for fold in range(folds):
        rest, rest_aside = (
            [example for place, example in enumerate(part) if place % folds != fold] for part in (shuffled, aside)
        )
        fitted = models([*ours, *rest_aside], rest)
        parts.append(_judgement(fitted, shuffled[fold::folds], own=True))
        if aside[fold::folds]:
            parts.append(_judgement(fitted, aside[fold::folds], own=False))
    names = Judgement.__dataclass_fields__
    return Judgement(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _judgement(fitted: tuple[Linear, Linear, Linear], chosen: Sequence[Example], *, own: bool) -> Judgement:
    rank, scope, right = fitted
    table, likeliest, first, three = judged(rank, chosen)
    in_scope, is_right = (1 / (1 + np.exp(-model.score(table))) for model in (scope, right))
    ours = np.array([example.ours for example in chosen])
    return Judgement(ours, np.full(len(ours), own), first, three, in_scope, likeliest * in_scope, is_right)


def learn(held: Sequence[Example], own: Sequence[Example]) -> tuple[Weights, Judgement]:
    """All weights but those of later turns, and the cross-validated judgement behind the thresholds."""
    judgement = cross_judged(held, own)
    nothing_below, asked_from, sure_from = thresholds(judgement)
    rank, scope, right = models(held, own)
    weights = msgspec.structs.replace(
        UNTRAINED,
        rank=rank,
        scope=scope,
        right=right,
        nothing_below=nothing_below,
        asked_from=asked_from,
        sure_from=sure_from,
    )
    return weights, judgement


def questions_from(phrases: Phrases, elsewhere: Sequence[str], seed: int) -> list[tuple[str, frozenset[str]]]:
    """Held-out phrases typed well and badly with their code, and held-out messages that are not ours."""
    rng = random.Random(seed)
    found = []
    for code, lines in phrases.items():
        found += [
            (line if rng.random() < 0.4 else noisy(line, rng), frozenset({code})) for line in filter(held_out, lines)
        ]
    for line in filter(kept_aside, elsewhere):
        found += [(line, frozenset[str]()), (noisy(line, rng), frozenset[str]())]
    return found


def own_questions(file: Path = DEVELOPMENT) -> list[tuple[str, frozenset[str]]]:
    """Single questions of the project with their accepted codes."""
    return [(question.question, frozenset(question.codes)) for question in read_questions(file) if question.question]


@dataclass(frozen=True)
class Judged:
    """How calibration does on own questions, by cross-validation; `follow_ups` is the share of later turns right."""

    questions: Judgement
    follow_ups: float
    weights: Weights

    def __str__(self) -> str:
        found, ours, weights = self.questions, self.questions.ours, self.weights
        silent, sure = found.decided(weights.nothing_below, weights.asked_from, weights.sure_from)
        return (
            f"own questions, cross-validated: first right {found.first[ours].mean():.1%}, among three "
            f"{found.three[ours].mean():.1%}, sure {sure[ours].mean():.1%}, of those wrong "
            f"{(sure & ours & ~found.first).sum() / max((sure & ours).sum(), 1):.1%}, "
            f"turned away {silent[ours].mean():.1%}, "
            f"not ours but answered {(~silent)[~ours & found.own].mean():.1%}, of the list "
            f"{(~silent)[~found.own].mean():.1%}, later turns right {self.follow_ups:.1%}"
        )


def calibrate(
    procedures: Sequence[Procedure],
    phrases: Phrases,
    elsewhere: Sequence[str],
    *,
    shipped: Encoder,
    held: Encoder,
    questions: Path = DEVELOPMENT,
    follow_ups: Path = FOLLOW_UPS,
    later: Sequence[Question] = (),
    seed: int = 7,
    progress: Progress = lambda *_: None,
) -> tuple[Weights, Judged]:
    """Weights for `procedures`, and how they do on own questions by cross-validation.

    `held` must have been trained without the held-out phrases and without `later`, which are later turns; own questions
    are asked with `shipped` and everything.
    """
    kept = {code: [line for line in lines if not held_out(line)] for code, lines in phrases.items()}
    aside = [line for line in elsewhere if not kept_aside(line)]
    without = material(prepare(procedures, kept, aside, held), held)
    names, turned = [procedure.name for procedure in procedures], [turn.turns[-1] for turn in later]
    half_ours, ours = (
        fit_ours((*names, *turned, *chain.from_iterable(said.values())), others, seed)
        for said, others in ((kept, aside), (phrases, elsewhere))
    )
    unseen = examples(without, questions_from(phrases, elsewhere, seed), half_ours, progress)
    known = material(prepare(procedures, phrases, elsewhere, shipped), shipped)
    weights, judgement = learn(unseen, examples(known, own_questions(questions), ours))
    weights = msgspec.structs.replace(weights, ours=ours)
    finder, codes = Finder(known, weights), set(known.codes)
    own = own_turns(finder, (follow_ups, questions))
    others = [turn for turn in written_turns(finder, later, LATER_TURN) if turn.topic in codes]
    wording, sounds = fit_wording(known, others)
    weights = msgspec.structs.replace(weights, wording=wording)
    mine = choices_of(known, weights, own)
    taught = [*choices_of(known, weights, made_turns(phrases, seed)), *choices_of(without, weights, others, sounds)]
    weights = msgspec.structs.replace(weights, follow_up=fit_follow_up([*mine, *taught]))
    half = material(prepare(procedures, phrases, aside, shipped), shipped)
    weights = fit_away(weights, own, known, [line for line in elsewhere if kept_aside(line)], half, half_ours, seed)
    return weights, Judged(judgement, cross_followed(mine, taught), weights)


def save(weights: Weights, file: Path = LEARNT) -> None:
    """Write `weights` where the finder reads them, readable in a diff."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(weights), indent=1) + b"\n")
