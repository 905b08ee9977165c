"""What an operator does with the rules for Exim: where each way of packaging it lets them in.

Debian's hook is tried by the tests; those of cPanel and DirectAdmin are by what their users
publish.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mxward.lockdown.written import Step

__all__ = ["For", "apply", "check", "know", "roll_back"]

_CPANEL = "/usr/local/cpanel/etc/exim/acls/ACL_RECIPIENT_BLOCK/custom_begin_recipient"
_DIRECTADMIN = "/etc/exim.acl_check_recipient.pre.conf"


class For(StrEnum):
    """Whose Exim it is."""

    EXIM = "exim"
    DEBIAN = "debian"
    CPANEL = "cpanel"
    DIRECTADMIN = "directadmin"


@dataclass(frozen=True, slots=True)
class _Hook:
    """Where the statements come in, and what comes before them."""

    let_in: Step
    take_out: Step
    before: str
    reload: tuple[str, ...]


def _hook(variant: For, acl: str) -> _Hook:
    line = f".include {acl}"
    if variant is For.DEBIAN:
        return _debian(acl)
    if variant is For.CPANEL:
        return _in_a_file(
            _CPANEL,
            line,
            ("/scripts/buildeximconf && /scripts/restartsrv_exim",),
            "cPanel's own acceptance of the hosts in /etc/domain_remote_mx_ips.cdb and of trusted "
            "hosts comes after them. In WHM's Advanced Editor the block is named "
            "`custom_begin_recipient`, and must be switched on (`acl_custom_begin_recipient=1` in "
            "/etc/exim.conf.localopts). Not tried on a cPanel server: look at /etc/exim.conf "
            "afterwards, where the line must stand in the ACL of RCPT.",
        )
    if variant is For.DIRECTADMIN:
        return _in_a_file(
            _DIRECTADMIN,
            line,
            ("systemctl restart exim",),
            "they come first in DirectAdmin's `acl_check_recipient`, so nothing is accepted before "
            "them. Not tried on a DirectAdmin server: look whether /etc/exim.conf has "
            f"`.include_if_exists {_DIRECTADMIN}`.",
        )
    return _Hook(
        Step(
            "Put this line into the ACL that the first command names (in the file that the second "
            f"names): `{line}`. It belongs before the first `accept` that takes mail for your own "
            "domains, and after those for whom the door shall not count.",
            ("exim -bP acl_smtp_rcpt", "exim -bP configure_file"),
        ),
        Step(f"Take the line `{line}` out again."),
        "whatever your ACL accepts before the line, it accepts as before.",
        ("exim -bV >/dev/null && systemctl reload exim",),
    )


def _debian(acl: str) -> _Hook:
    macro = f"CHECK_RCPT_LOCAL_ACL_FILE = {acl}"
    files = "/etc/exim4/conf.d/main/00_mxward /etc/exim4/exim4.conf.localmacros"
    return _Hook(
        Step(
            "Name the statements to Debian's configuration, by the macro that it has for them: the "
            "first file is for a split configuration, the second for an unsplit one. Where the "
            "macro is set already, put `.include` with this path into your own file instead.",
            (
                "grep -r CHECK_RCPT_LOCAL_ACL_FILE /etc/exim4/conf.d/main "
                "/etc/exim4/exim4.conf.localmacros",
                f"for file in {files}; do {_add(macro, '$file')}; done",
            ),
        ),
        Step(
            "Take the macro out again.",
            (f"sed -i '\\|^{macro}$|d' {files}",),
        ),
        "mail to postmaster at your domains, and mail from `relay_from_hosts` (dc_relay_nets and "
        "this host itself), is accepted before them; recipients that do not exist are refused "
        "before them.",
        ("update-exim4.conf && exim -bV >/dev/null && systemctl reload exim4",),
    )


def _add(line: str, path: str) -> str:
    """A line, once, however often it is added."""
    return f"grep -sqxF '{line}' {path} || echo '{line}' >>{path}"


def _in_a_file(path: str, line: str, reload: tuple[str, ...], before: str) -> _Hook:
    return _Hook(
        Step(f"Let the statements in: one line in {path}.", (_add(line, path),)),
        Step("Take the line out again.", (f"sed -i '\\|^{line}$|d' {path}",)),
        before,
        reload,
    )


def apply(variant: For, where: str, acl: str) -> tuple[Step, ...]:
    """In order."""
    hook = _hook(variant, f"{where}/{acl}")
    return (
        Step(
            "Read the files. Then put this folder into its place, whole, and readable for Exim's "
            "user (in the folder of this README).",
            (
                f"mkdir -p {where} && rm -rf {where}.before {where}.next",
                f"cp -Rp . {where}.next && chmod -R a+rX {where}.next",
                f"mv -T {where} {where}.before && mv -T {where}.next {where}",
            ),
        ),
        hook.let_in,
        Step("Let Exim read its configuration; only this once, not for new tables.", hook.reload),
    )


def check(table: str, domain: str | None, command: str) -> tuple[Step, ...]:
    """For one domain that has more than a warning, where there is one."""
    what = "From cron: exit code 4 where DNS or inventory have moved on."
    compare = Step(what, (f"{command} --check",))
    if domain is None:
        return (compare,)
    session = f"EHLO x\\r\\nMAIL FROM:<>\\r\\nRCPT TO:<x@{domain}>\\r\\nQUIT\\r\\n"
    return (
        Step("What the table says.", (f"exim -be '${{lookup{{{domain}}}{table}}}'",)),
        Step(
            "A stranger is refused by the text `taken at its MX only`; nothing is sent.",
            (f"printf '{session}' | exim -bh 240.0.0.1",),
        ),
        compare,
    )


def roll_back(variant: For, where: str, acl: str) -> tuple[Step, ...]:
    """In order."""
    hook = _hook(variant, f"{where}/{acl}")
    return (
        hook.take_out,
        Step("Let Exim read its configuration.", hook.reload),
        Step("Then the files may go.", (f"rm -rf {where} {where}.before",)),
    )


def know(variant: For, where: str, command: str) -> tuple[str, ...]:
    """What must be known before."""
    return (
        "**What is accepted before these statements is not touched by them**: "
        + _hook(variant, "").before,
        "Clients that have authenticated pass, whatever the port; so does mail that a program on "
        "this host hands over without TCP. Programs on this host that speak SMTP to it are clients "
        "like others: trust 127.0.0.1 or ::1 in mxward's configuration where there are any.",
        f"**To keep them true**, let cron run `{command} --out {where}`: each table is replaced "
        "whole, and Exim reads it from the next connection on.",
        "Recipients that hide their domain (`a%b@c`) go by the domain that they show. Clients that "
        "are trusted by name or certificate take `mxward policyd`.",
    )
