"""Accounts of the staff console: the first administrator is made here, the others on the console's own page."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bot.services.staff import Staff
    from bot.storage.staff import AuditStore, StaffStore

ROLES = ("clerk", "officer", "supervisor", "administrator")
BY = "motcua staff"


@click.group()
def staff() -> None:
    """Accounts for the staff console (/staff)."""


def _open() -> "tuple[Staff, StaffStore, AuditStore]":
    from bot.personal import Hasher, read_key
    from bot.services.staff import Staff
    from bot.settings import read_settings
    from bot.storage.database import open_database
    from bot.storage.staff import AuditStore, StaffStore

    settings = read_settings()
    engine = open_database(settings.database_url)
    click.get_current_context().call_on_close(engine.dispose)
    key = settings.hash_key.get_secret_value() if settings.hash_key else None
    store = StaffStore(engine)
    return Staff(store, Hasher(read_key(key))), store, AuditStore(engine)


@staff.command()
@click.argument("login")
@click.option("--name", required=True, help="The person's name.")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--agency", default="", help="Id of a clerk's agency, e.g. so-tu-phap.")
def add(login: str, name: str, role: str, agency: str) -> None:
    """Make an account; prints the password for its first sign-in, once."""
    from bot.services.staff import StaffError
    from bot.settings import read_settings
    from bot.staff_records import Role
    from knowledge_base.centre import load_centre

    centre = load_centre(read_settings().centre_file)
    if role == "clerk" and centre.agency(agency) is None:
        ids = ", ".join(each.id for each in centre.agencies)
        raise click.ClickException(f"a clerk belongs to an agency: give --agency with one of {ids}")
    service, _, audit = _open()
    try:
        account, password = service.add(login=login, name=name, role=Role(role), agency=agency, by=BY)
    except StaffError as refusal:
        raise click.ClickException(str(refusal)) from None
    audit.add(BY, "Tạo tài khoản", account.login, {"after": {"vai trò": account.role, "cơ quan": account.agency}})
    click.echo(f"Tài khoản {account.login} ({account.name}). Mật khẩu lần đầu: {password}")
    click.echo("Đăng nhập ở /staff rồi đổi mật khẩu.")
    if account.role is Role.ADMINISTRATOR:
        click.echo("Quản trị cần thêm mã xác thực trên điện thoại: trang đăng nhập chỉ cách cài.")


@staff.command(name="list")
def list_() -> None:
    """Everybody who may sign in, and who may not any more."""
    _, store, _ = _open()
    for account in store.all():
        state = "đã khóa" if account.disabled_at else "chưa đăng nhập" if account.must_change else "đang dùng"
        click.echo(f"{account.login:<24} {account.role:<14} {account.agency:<28} {state:<15} {account.name}")
    if not store.all():
        click.echo("chưa có tài khoản nào: motcua staff add TÊN --name 'HỌ TÊN' --role administrator")


@staff.command()
@click.argument("login")
def disable(login: str) -> None:
    """Nobody signs in with LOGIN any more; open sessions end at once."""
    from bot.services.staff import StaffError

    service, store, audit = _open()
    account = store.find(login)
    if account is None:
        raise click.ClickException(f"there is no account {login}: see motcua staff list")
    try:
        service.disable(account)
    except StaffError as refusal:
        raise click.ClickException(str(refusal)) from None
    audit.add(BY, "Khóa tài khoản", account.login, {})
    click.echo(f"Đã khóa {account.login}.")


@staff.command()
@click.argument("login")
def reset(login: str) -> None:
    """A new first password for LOGIN; codes are set up anew, an account that was disabled may be used again."""
    service, store, audit = _open()
    account = store.find(login)
    if account is None:
        raise click.ClickException(f"there is no account {login}: see motcua staff list")
    password = service.reset(account)
    service.enable(account)
    audit.add(BY, "Đặt lại mật khẩu", account.login, {})
    click.echo(f"{account.login}: mật khẩu lần đầu mới là {password}")
