"""What senders were promised about certificates, beside what they would be shown.

TLSA records and MTA-STS make senders refuse any other certificate: mail for *own* domains stays
out until the promise and the certificate agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mxward.cli.published import MOST, Published
from mxward.config.problems import Finding, warning
from mxward.lookup.dane import fits, wanted
from mxward.networks import address
from mxward.proxy.certificates import Certificates
from mxward.proxy.rehearsal import rehearse
from mxward.proxy.tls import upstream_context
from mxward.smtp.secrecy import Tls

__all__ = ["CERTIFICATES", "SHOWN", "judge"]

CERTIFICATES = ("tls", "certificates")
SHOWN = 10
"""Things of one kind that are named."""
_SENDER = address("192.0.2.1")  # any: nobody connects


def judge(ours: Certificates, found: Published, left: int) -> Iterator[Finding]:
    """Everything that does not agree, and what is not known; `left` domains were not looked at."""
    yield from _tlsa(ours, found)
    yield from _mta_sts(ours, found)
    if found.failed:
        unknown = _listed([f"{question.kind} {question.name}" for question in found.failed])
        yield warning(
            ("dns",),
            f"dns: {unknown} could not be looked up, so it is not known what senders were promised "
            "about certificates; check again when the DNS answers",
        )
    if left:
        yield warning(
            ("inventory",),
            f"inventory: MTA-STS and TLSA of the first {MOST} domains were checked, and of "
            f"{left:,} more were not",
        )


def _tlsa(ours: Certificates, found: Published) -> Iterator[Finding]:
    for host, records in found.tlsa.items():
        shown = ours.shown_for(host)
        named = shown.is_for(host)
        if records and not any(fits(record, shown.chain, named=named) for record in records):
            yield warning(
                CERTIFICATES,
                f"tls.certificates: no TLSA record of {host} fits {shown.files.chain}: senders "
                f"that check would not deliver; publish {wanted(shown.chain[0])} as well, "
                "or show the certificate that they are for",
            )


def _mta_sts(ours: Certificates, found: Published) -> Iterator[Finding]:
    sender = upstream_context(Tls.VERIFIED, None)
    for host, domains in found.hosts.items():
        promised = [domain for domain in domains if domain in found.mta_sts]
        why = rehearse(ours.context_for(_SENDER), sender, host) if promised else ""
        if why:
            yield warning(
                CERTIFICATES,
                f"tls.certificates: by MTA-STS of {_listed(promised)} the certificate of {host} "
                f"must verify, and {ours.shown_for(host).files.chain} does not ({why}): senders "
                "that check would not deliver; have one made for that name by a public authority",
            )


def _listed(things: Sequence[str]) -> str:
    more = len(things) - SHOWN
    return ", ".join(things[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")
