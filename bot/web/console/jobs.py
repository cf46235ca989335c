"""Long work in the background of this process, with its progress on a page that asks again by itself."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from fastapi.responses import Response

from bot.failures import where
from bot.storage.jobs import Job, JobStore
from bot.web.console.page import Problem, Visit

log: Final = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Told how much is done, of how much (0: not known yet)."""


def start(visit: Visit, title: str, work: Callable[[Progress], list[str]], address: str) -> Response:
    """Begin `work`, which gives its report in lines; leads to `address` + the job's id, where its progress is shown."""
    store = JobStore(visit.console.engine, visit.console.now)
    job_id = store.start(title, visit.account.login)

    def run() -> None:
        try:
            report = work(lambda done, total: store.progress(job_id, done, total))
        except Exception as error:  # noqa: BLE001
            log.error("job %s failed: %s", job_id, where(error))
            store.finish(
                job_id,
                ["Việc này bị lỗi giữa chừng. Làm lại không bị trùng; vẫn lỗi thì báo quản trị viên."],
                failed=True,
            )
        else:
            store.finish(job_id, report)

    threading.Thread(target=run, name=f"job-{job_id}", daemon=True).start()
    return visit.go(address + job_id)


def found(visit: Visit, job_id: str) -> Job:
    """The job, where this person started it."""
    job = JobStore(visit.console.engine, visit.console.now).get(job_id, visit.account.login)
    if job is None:
        raise Problem(404, "Không còn thấy việc này", "Kết quả chỉ giữ một tuần, cho người đã bắt đầu việc.")
    return job
