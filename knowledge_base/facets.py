"""What a question asks about a procedure: papers, fee, how long, where, and so on.

Cues (patterns over folded words, `data/facet_cues.json`) say which facets are named; a logistic model learnt from
labelled questions (`data/facets.json`, by `indexer.asked`) says which of them is meant.
"""

import re
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from knowledge_base.text import words


class Facet(StrEnum):
    """A part of a procedure that residents ask for; GENERAL where they name none."""

    DOCUMENTS = "documents"
    FEE = "fee"
    DURATION = "duration"
    WHERE = "where"
    ONLINE = "online"
    CONDITIONS = "conditions"
    FORM = "form"
    STEPS = "steps"
    RESULT = "result"
    LEGAL = "legal"
    AUDIENCE = "audience"
    GENERAL = "general"


CUES = Path(__file__).parent / "data" / "facet_cues.json"
LEARNT = Path(__file__).parent / "data" / "facets.json"
RARE = frozenset({Facet.RESULT, Facet.LEGAL, Facet.AUDIENCE})
"""Facets with too few labelled questions to learn: they count where their cue is the strongest."""
TAIL = 9
"""The words at the end whose wording the model looks at; before them is mostly the story."""
HEAD = 3
"""The words at the start that the model looks at: "hồ sơ …", "lệ phí …"."""
CLOSE = 4
"""Letters that may follow a cue to the end of its clause ("ạ", "nhé")."""
ALSO = 0.1
"""How likely a further facet must be to be answered too, if the question has a cue for it."""


class FacetModel(msgspec.Struct, frozen=True):
    """A multinomial logistic model; `weights` gives each feature one weight per facet."""

    facets: tuple[Facet, ...]
    bias: tuple[float, ...]
    weights: dict[str, tuple[float, ...]]

    def chances(self, features: dict[str, float]) -> NDArray[np.float64]:
        """The probability of each of `facets`."""
        scores = np.array(self.bias)
        known = [(self.weights[name], value) for name, value in features.items() if name in self.weights]
        if known:
            rows, values = zip(*known, strict=True)
            scores = scores + np.array(values) @ np.array(rows)
        likely = np.exp(scores - scores.max())
        return np.asarray(likely / likely.sum(), dtype=np.float64)


@cache
def _cues() -> tuple[tuple[Facet, float, re.Pattern[str]], ...]:
    rows = msgspec.json.decode(CUES.read_bytes(), type=list[tuple[Facet, float, str]])
    return tuple((facet, weight, re.compile(pattern)) for facet, weight, pattern in rows)


@cache
def _model() -> FacetModel | None:
    return msgspec.json.decode(LEARNT.read_bytes(), type=FacetModel) if LEARNT.exists() else None


class Reading(msgspec.Struct, frozen=True):
    """What the cues say about a question, and the features that the model weighs."""

    cued: dict[Facet, float]
    """Facets with a cue, stronger for later ones: of two cues the later is the question, the earlier the story."""
    features: dict[str, float]


def read(question: str) -> Reading:
    """Cues, where they stand, the first and the last words of `question`, and how its clauses end."""
    clauses = [clause for part in _BREAK.split(question) if (clause := [word.folded for word in words(part)])]
    tokens = [token for clause in clauses for token in clause]
    asking = [clause for clause in clauses[:-1] if not _UNKNOWN.search(" ".join(clause))] + clauses[-1:]
    asking = [_NEVER.sub("chua", " ".join(clause)).split() for clause in asking]
    text = " ".join(token for clause in asking for token in clause)
    ends = _ends(asking)
    length = max(len(text), 1)
    features = {"length": min(len(tokens), 40) / 40}
    cued: dict[Facet, float] = {}
    strongest: dict[Facet, float] = {}
    places: dict[Facet, tuple[int, int]] = {}
    for number, (facet, weight, pattern) in enumerate(_cues()):
        spans = [found.span() for found in pattern.finditer(text)]
        if not spans:
            continue
        last = spans[-1]
        features[f"cue {number}"] = 1.0
        strongest[facet] = max(strongest.get(facet, 0.0), weight)
        cued[facet] = max(cued.get(facet, 0.0), weight + 1.2 * last[1] / length)
        if last[1] >= places.get(facet, (0, 0))[1]:
            places[facet] = last
        if any(_near(end, ends) for _, end in spans):
            features[f"asks {facet}"] = 1.0  # a clause ends with it: it is asked there, not only told
    for facet, weight in strongest.items():
        end = places[facet][1]
        features[f"strength {facet}"] = weight / 3
        features[f"end {facet}"] = end / length
        if length - end <= 4:
            features[f"closes {facet}"] = 1.0
    if places:
        features[f"last {max(places, key=lambda facet: places[facet][1])}"] = 1.0
        features[f"first {min(places, key=lambda facet: places[facet][0])}"] = 1.0
    else:
        features["no cue"] = 1.0
    in_order = [facet for facet in sorted(places, key=lambda facet: places[facet]) if f"asks {facet}" in features]
    if len(in_order) > 1:
        features[f"order {in_order[0]} {in_order[-1]}"] = 1.0
    return Reading(cued, features | _wording(asking, tokens))


_BREAK = re.compile(r"[,;.?!\n](?=\s|\Z)|\s[-–]\s")
_NEVER = re.compile(r"\b(?:chua|khong)(?: \w+){0,4} bao gio\b(?! (?:co|xong|lay|duoc|tra|moi))")
"""Never, which does not ask when: "đất này chưa làm sổ bao giờ"."""
_UNKNOWN = re.compile(r"\bkhong (?:biet|ro|nho|thay|hieu)\b(?!.* bat dau)")
"""Says what one does not know, and goes on: "không biết giấy để đâu, giờ …" does not ask where."""


def _ends(clauses: list[list[str]]) -> list[int]:
    """Where each clause ends in the text of all, joined by spaces."""
    ends, at = [], -1
    for clause in clauses:
        at += 1 + len(" ".join(clause))
        ends.append(at)
    return ends


def _near(end: int, ends: list[int]) -> bool:
    return any(0 <= stop - end <= CLOSE for stop in ends)


def _wording(clauses: list[list[str]], tokens: list[str]) -> dict[str, float]:
    """The words at the start, at the end, and at the end of the clauses before the last."""
    tail, head = tokens[-TAIL:], tokens[:HEAD]
    names = [f"word {token}" for token in tail]
    names += [f"pair {first} {second}" for first, second in pairwise(tail)]
    names += [f"close {' '.join(tokens[-size:])}" for size in (1, 2, 3) if len(tokens) >= size]
    names += [f"open {' '.join(head[:size])}" for size in (1, 2, 3) if len(head) >= size]
    for clause in clauses[:-1]:
        names += [f"ends {' '.join(clause[-size:])}" for size in (1, 2, 3) if len(clause) >= size]
    return dict.fromkeys(names, 1.0)


def asked(question: str) -> tuple[Facet, ...]:
    """The facets that `question` asks about, the most likely first; (GENERAL,) where it names none."""
    reading = read(question)
    model = _model()
    by_cue = sorted(reading.cued, key=lambda facet: -reading.cued[facet])
    if model is None or (by_cue and by_cue[0] in RARE):
        return tuple(by_cue) or (Facet.GENERAL,)
    if len(reading.features) < 3:
        return (Facet.GENERAL,)
    chances = dict(zip(model.facets, model.chances(reading.features).tolist(), strict=True))
    first = max(chances, key=lambda facet: chances[facet])
    if first is Facet.GENERAL:
        return (Facet.GENERAL,)
    others = [facet for facet in by_cue if facet is not first and chances.get(facet, 0.0) >= ALSO]
    return (first, *sorted(others, key=lambda facet: -chances[facet]))
