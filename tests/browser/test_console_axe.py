"""No page of the console has a barrier that axe can find: small and wide screens, light and dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

from bot.staff_records import Role
from tests.browser.conftest import Visit
from tests.browser.console_people import Office, running, sign_in

PATHS: tuple[tuple[Role, str], ...] = (
    (Role.CLERK, "/staff/"),
    (Role.CLERK, "/staff/accounts"),  # refused
    (Role.CLERK, "/staff/dossiers"),
    (Role.CLERK, "/staff/dossiers/H05.12-260715-0001"),
    (Role.OFFICER, "/staff/dossiers?q=nguyen&status=late"),
    (Role.OFFICER, "/staff/dossiers/import"),
    (Role.OFFICER, "/staff/notices"),
    (Role.OFFICER, "/staff/notices/new"),
    (Role.OFFICER, "/staff/notices/1"),
    (Role.OFFICER, "/staff/notices/undecided"),
    (Role.OFFICER, "/staff/calls"),
    (Role.OFFICER, "/staff/handover"),
    (Role.OFFICER, "/staff/handover/1"),
    (Role.OFFICER, "/staff/password"),
    (Role.OFFICER, "/staff/volunteers"),
    (Role.OFFICER, "/staff/volunteers/poster"),
    (Role.OFFICER, "/staff/review/1"),
    (Role.OFFICER, "/staff/review/items/1"),
    (Role.OFFICER, "/staff/review/apologies"),
    (Role.OFFICER, "/staff/volunteers/report"),
    (Role.CLERK, "/staff/ratings"),
    (Role.OFFICER, "/staff/ratings"),
    (Role.OFFICER, "/staff/ratings?xem=chi-tiet&nhom=counters"),
    (Role.OFFICER, "/staff/ratings/comments"),
    (Role.OFFICER, "/staff/ratings/codes?quay=Quầy 2"),
    (Role.SUPERVISOR, "/staff/notices/1"),
    (Role.SUPERVISOR, "/staff/audit"),
    (Role.SUPERVISOR, "/staff/health"),
    (Role.CLERK, "/staff/questions"),
    (Role.CLERK, "/staff/questions/1"),
    (Role.CLERK, "/staff/publish"),
    (Role.OFFICER, "/staff/catalogue?q=khai+sinh"),
    (Role.OFFICER, "/staff/catalogue/1.001193"),
    (Role.OFFICER, "/staff/catalogue/1.001193/correct/cases"),
    (Role.SUPERVISOR, "/staff/catalogue-import"),
    (Role.SUPERVISOR, "/staff/catalogue-import/1.001193"),
    (Role.ADMINISTRATOR, "/staff/publish/1"),
    (Role.SUPERVISOR, "/staff/overview"),
    (Role.SUPERVISOR, "/staff/review"),
    (Role.SUPERVISOR, "/staff/review/1"),
    (Role.ADMINISTRATOR, "/staff/settings"),
    (Role.ADMINISTRATOR, "/congkhai"),
    (Role.ADMINISTRATOR, "/staff/"),
    (Role.ADMINISTRATOR, "/staff/accounts"),
    (Role.ADMINISTRATOR, "/staff/accounts/new"),
    (Role.ADMINISTRATOR, "/staff/accounts/clerk.an"),
    (Role.ADMINISTRATOR, "/staff/nowhere"),
)
"""A page author adds a line: who opens what."""

LOOKS: tuple[tuple[int, Literal["light", "dark"]], ...] = (
    (360, "light"),
    (360, "dark"),
    (1280, "light"),
    (1280, "dark"),
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, index_dir: Path) -> Iterator[Office]:
    with running(tmp_path_factory.mktemp("console"), index_dir) as office:
        yield office


@pytest.mark.parametrize("role", list(Role))
def test_no_barriers(visitor: Visit, office: Office, role: Role) -> None:
    """0 violations, and nothing to scroll sideways for."""
    page = visitor().new_page()
    page.goto(f"{office.url}/staff/sign-in")
    said = judged(page)
    sign_in(page, office, role)
    for who, path in PATHS:
        if who is role:
            page.goto(office.url + path)
            said += judged(page)
    assert said == []


def judged(page: Page) -> list[str]:
    """What axe finds on the page in each look."""
    said = []
    axe = Axe()
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        report = axe.run(page)
        if report.violations_count:
            said.append(f"{page.url} {width} {scheme}\n{report.generate_report()}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            said.append(f"{page.url} {width} {scheme} scrolls sideways")
        axe = Axe(axe_script="")  # it is in the page now
    return said
