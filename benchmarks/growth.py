# ruff: noqa: PLC0415  (each size is built and opened in processes of its own)
"""How the finder grows: `python -m benchmarks.growth [--sizes 2000 20000 200000]`.

A catalogue of any size, made from the real one: the real procedures first, then names put together from the first half
of one real name and the second half of another, with a real field, a made code (9.000001 ...) and one phrase put
together the same way. Every procedure has its name and one phrase, also at 2,000, so that sizes can be compared. Made
procedures carry no papers. Questions are the project's own; each size is asked the same ones, on one core, in a fresh
process. `recall` compares the nearest phrases that the index finds with those of a full comparison, over the first 10
and over all that the finder asks for. 200,000 procedures take minutes and about 13 GB while building.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.finder import memory_mb
from indexer.evaluate import DEVELOPMENT, read_questions
from indexer.phrases import Phrases, read_phrases
from knowledge_base.catalogue import Catalogue
from knowledge_base.procedure import Procedure

SIZES = (2_000, 20_000)
RECALL_QUESTIONS = 100


def grown(count: int, seed: int = 7) -> tuple[list[Procedure], Phrases]:
    """`count` procedures, real ones first, and one phrase for each; the same for the same seed."""
    chance, said = random.Random(seed), read_phrases()
    real = [procedure for procedure in Catalogue.load() if said.get(procedure.code)]
    procedures = real[:count]
    phrases: Phrases = {procedure.code: [said[procedure.code][0]] for procedure in procedures}
    for number in range(1, count - len(procedures) + 1):
        head, tail, place = chance.choice(real), chance.choice(real), chance.choice(real)
        made = msgspec.structs.replace(
            head, code=f"9.{number:06d}", name=joined(head.name, tail.name), field=place.field, cases=(), plain_name=""
        )
        procedures.append(made)
        phrases[made.code] = [joined(chance.choice(said[head.code]), chance.choice(said[tail.code]))]
    return procedures, phrases


def joined(first: str, second: str) -> str:
    """The first half of one text and the second half of another."""
    begin, end = first.split(), second.split()
    return " ".join([*begin[: (len(begin) + 1) // 2], *end[len(end) // 2 :]])


def build(count: int, folder: Path) -> dict[str, object]:
    """Build and publish an index of `count` procedures in `folder`; the time it took, and the peak of memory."""
    from indexer import build as building
    from knowledge_base.encoder import StaticEncoder

    procedures, phrases = grown(count)
    catalogue = Catalogue([msgspec.structs.replace(p, steps=(), legal=(), conditions="") for p in procedures])
    begin, work = time.perf_counter(), time.process_time()
    building.build(folder, catalogue=catalogue, phrases=phrases, encoder=StaticEncoder())
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {
        "procedures": count,
        "built_s": round(time.perf_counter() - begin, 1),
        "built_cpu_s": round(time.process_time() - work, 1),
        "build_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "disk_mb": size // 2**20,
    }


def ask(folder: Path, started: float) -> dict[str, object]:
    """Open the index in `folder` and ask it the project's own questions."""
    from knowledge_base.index import open_snapshot

    questions = [question.question for question in read_questions(DEVELOPMENT) if question.question and question.codes]
    finder = open_snapshot(folder).finder
    finder.find(questions[0])
    first = time.time() - started
    took, worked = [], []
    for question in questions:
        begin, work = time.perf_counter(), time.thread_time()
        finder.find(question)
        took.append(time.perf_counter() - begin)
        worked.append(time.thread_time() - work)
    resting, peak = memory_mb()
    near, far = recall(folder, questions[:RECALL_QUESTIONS])
    return {
        **{f"p{share}_ms": round(float(np.percentile(took, share)) * 1e3, 2) for share in (50, 99)},
        **{f"cpu_p{share}_ms": round(float(np.percentile(worked, share)) * 1e3, 2) for share in (50, 99)},
        "first_answer_s": round(first, 2),
        "memory_mb": resting,
        "peak_mb": peak,
        "recall_10": near,
        "recall_160": far,
    }


def recall(folder: Path, questions: list[str]) -> tuple[float, float]:
    """Share of the truly nearest phrases that the index finds, among the first 10 and among all asked for."""
    import faiss

    from knowledge_base.encoder import StaticEncoder
    from knowledge_base.evidence import NEAREST
    from knowledge_base.index import current_id

    index = faiss.read_index(str(folder / "snapshots" / str(current_id(folder)) / "vectors.faiss"))
    asked = StaticEncoder().encode(questions)
    found = index.search(asked, NEAREST)[1]
    if isinstance(index, faiss.IndexIVF):
        index.nprobe = index.nlist  # all cells: a full comparison
    true = index.search(asked, NEAREST)[1]
    shares = [
        float(np.mean([len(np.intersect1d(a[:k], b[:k])) / k for a, b in zip(found, true, strict=True)]))
        for k in (10, NEAREST)
    ]
    return round(shares[0], 3), round(shares[1], 3)


def main() -> None:
    """One line of figures for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--build", type=int)
    parser.add_argument("--ask", action="store_true")
    parser.add_argument("--index", type=Path)
    parser.add_argument("--started", type=float, default=0.0)
    given = parser.parse_args()
    if given.build:
        print(json.dumps(build(given.build, given.index)))
        return
    if given.ask:
        print(json.dumps(ask(given.index, given.started)))
        return
    one_core = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as folder:
            figures: dict[str, object] = {}
            for step in (["--build", str(size)], ["--ask", "--started", str(time.time())]):
                if "--ask" in step:
                    step[-1] = str(time.time())
                command = [sys.executable, "-m", "benchmarks.growth", "--index", folder, *step]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=one_core)
                figures |= json.loads(done.stdout)
            print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
