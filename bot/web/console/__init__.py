"""The staff console, mounted at /staff: server-rendered pages with htmx and Pico.

How a page is written (bot/web/console/calls.py is a small one to copy):

1. One module here for each page, with a `router = APIRouter()` and a `NAV = Nav(title, path, roles, order)`; add the
   module to `PAGES` in bot/web/console/app.py. Navigation and home show it to those roles by themselves.
2. A route is a plain function (it runs in a thread) whose first parameter says who may call it:

       Reader = Annotated[Visit, require(Role.OFFICER, Role.SUPERVISOR)]

       @router.get("/calls")
       def show(visit: Reader) -> Response: ...

   The role matrix (tests/bot/web/console/test_roles.py, which writes docs/roles.md) finds it there. Every POST is
   refused without the session's CSRF token: write `{{ csrf_field() }}` into each form; htmx sends it by itself.
   A route that the page polls by itself gets `require(..., live=True)`, so that it does not keep a session alive.
3. `visit.console` has what the composition root gives: engine, guide, centre, hasher, ...; stores are cheap:
   `CallList(visit.console.engine)`.
4. `visit.show("calls.html", name=value)` renders templates/console/calls.html, which begins with
   `{% extends "layout.html" %}{% from "parts.html" import table with context %}` and fills `block main`;
   `visit.part(...)` is the same without layout, for htmx. No inline style, script or on... attribute: the CSP
   forbids them. Anything for every page goes into static/console/console.css.
5. A list is a `Table` of `Column`s (bot/web/console/tables.py): the same definition makes the page, its cards on a
   telephone, its pagination and its XLSX: `visit.table("calls.html", CALLS, listed(rows))`, in the template
   `{{ table(listing) }}`, or `{% call(row) table(listing) %}<form ...>{% endcall %}` for buttons in each row.
6. What changes something: do it, then `visit.audit("Đã gọi báo", subject, before, after)` (never personal numbers),
   then `return visit.go("/staff/calls", "Đã ghi nhận.")`. What can't be done: `raise Problem(409, title, what_to_do)`.
7. Add the page's path to PATHS in tests/browser/test_console_axe.py: no axe violation at 360 and 1280 px, light and
   dark.
"""
