"""The clients of the back door: where each stands by volume and age, and why it is judged so."""

from __future__ import annotations

from collections.abc import Sequence

from mxward.reports.dots import Dot, Kind, dots
from mxward.reports.honesty import Client
from mxward.reports.markup import Markup, element, joined, shortened
from mxward.reports.page import counted, in_utc, more, paragraph, plot, section, table
from mxward.reports.summary import Report, Sender

__all__ = ["clients", "clients_plot", "score"]

_MOST = 50
_HONEST = Kind("likely honest", "honest", "circle")
_NOT = Kind("likely not", "not", "triangle")


def clients_plot(report: Report) -> Markup:
    """Messages against the days on which a client was seen."""
    honest, of = len(report.honest()), len(report.senders)
    title = "Clients of the back door by volume and age"
    return section(
        title,
        paragraph(
            "Who sends for many days is rarely a worm. Both axes are logarithmic; a larger mark "
            "stands for several clients that are alike.",
            "small",
        ),
        plot(
            dots(
                title,
                f"{counted(of, 'client')}, {honest:,} of them likely honest. The tables below name "
                "them.",
                [_dot(sender) for sender in report.senders],
                (_HONEST, _NOT),
                across="days on which it was seen",
                upward="messages",
            )
        ),
    )


def _dot(sender: Sender) -> Dot:
    client = sender.client
    name = client.name or client.client
    said = client.client if name == client.client else f"{name} [{client.client}]"
    title = f"{said}: {counted(client.messages, 'message')} on {counted(client.days, 'day')}"
    return Dot(client.days, client.messages, _HONEST if sender.honest else _NOT, name, title)


def clients(title: str, senders: Sequence[Sender], *, honest: bool) -> Markup:
    """One kind of them, those with the most mail first."""
    if not senders:
        return section(
            title, paragraph(f"None of the clients is likely{' not' * (not honest)} honest.")
        )
    if honest:
        text = "They would lose mail if the back door were shut before they are trusted."
    else:
        text = "What they send is what the scanner should have seen."
    messages = counted(sum(sender.client.messages for sender in senders), "message")
    return section(
        title,
        paragraph(f"{counted(len(senders), 'client')}, {messages}. {text}"),
        table(
            ("client", "messages", "recipients", "days", "first and last seen", "sum", "signs"),
            [_row(sender) for sender in senders[:_MOST]],
            "who n n n when n text",
        ),
        more(len(senders) - _MOST),
    )


def _row(sender: Sender) -> Sequence[Markup | str | int]:
    client = sender.client
    first, last = (f"{in_utc(at):%Y-%m-%d}" for at in (client.first_at, client.last_at))
    return (
        _who(sender),
        client.messages,
        client.recipients,
        client.days,
        first if first == last else joined([first, element("br"), last]),
        score(sum(sign.weight for sign in sender.signs)),
        joined([_signs(sender), element("small", _evidence(client))]),
    )


def _evidence(client: Client) -> str:
    """What the logs tell, whether it is a sign or not."""
    told = [
        f"from {counted(client.sender_domains, 'sender domain')}",
        f"for {counted(client.domains, 'domain')}",
    ]
    if client.smallest is not None and client.largest is not None:
        least = "" if client.smallest == client.largest else f"{client.smallest:,} to "
        told.append(f"{least}{counted(client.largest, 'octet')}")
    if client.with_tls or client.without_tls:
        told.append(
            "TLS" if not client.without_tls else "some TLS" if client.with_tls else "no TLS"
        )
    if client.authenticated:
        told.append(f"authenticated for {counted(client.authenticated, 'recipient')}")
    if client.rejected:
        told.append(f"rejected {counted(client.rejected, 'time')}")
    return ", ".join(told)


def _who(sender: Sender) -> Markup:
    client = sender.client
    name = {None: "its name: not asked", "": "without a name"}.get(client.name, client.name)
    helo = client.helos[0].name if client.helos else None
    return joined(
        [
            shortened(client.client),
            element("small", shortened(name or "")),
            None if helo is None else element("small", f"calls itself {shortened(helo)}"),
        ]
    )


def _signs(sender: Sender) -> Markup:
    return element(
        "ul",
        *(
            element("li", element("b", score(sign.weight)), shortened(sign.text))
            for sign in sender.signs
        ),
        class_="signs",
    )


def score(number: int) -> str:
    """With its sign, and a true minus."""
    return f"{number:+d}".replace("-", "\N{MINUS SIGN}")
