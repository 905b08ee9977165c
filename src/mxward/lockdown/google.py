"""Google Workspace behind another scanner: the inbound gateway of Gmail, as steps for people.

There is no program to write this for: it is a form of the admin console. And it is for a whole
account: Gmail knows no domains here, so to reject everybody else stands among the steps only where
nothing is in the way. Nothing of it can be tried without an account, so none of it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mxward.lockdown.all_or_nothing import in_the_way, let_in
from mxward.lockdown.plan import Plan
from mxward.lockdown.written import Step, Written
from mxward.networks import Network, network

__all__ = ["FILE", "write"]

FILE = "google-workspace.txt"
# RFC 1918, 6598, 4193, loopback and link-local: nobody delivers to Google from these.
_PRIVATE = tuple(
    map(
        network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "fc00::/7",
            "fe80::/10",
            "::1",
        ),
    )
)
_KNOW = (
    "**Not tried.** These steps were written by Google's documentation, without an account to try "
    "them in; the admin console may call things by other names by now.",
    "The inbound gateway is for a whole account, with all its domains. Write these steps for one "
    "account at a time, with its domains: `mxward lockdown google --domains FILE`.",
    "Gmail refuses strangers with `421 4.7.0 IP not in whitelist for RCPT domain`: it defers, so "
    "honest senders come again for days, and are told in the end.",
    "Gmail checks neither SPF nor DMARC of mail that comes from a gateway: the scanner must.",
)


def write(plan: Plan, command: str = "mxward lockdown google") -> Written:
    """The steps; `command` writes the same again. Raises ValueError where nobody is let in."""
    clients = [net for net in let_in(plan) if not _is_private(net)]
    if not clients:
        raise ValueError("no domain has a scanner in front, so there is no gateway to name")
    held = in_the_way(plan)
    private = [net for net in let_in(plan) if _is_private(net)]
    return Written(
        title="Inbound gateway for Google Workspace",
        files={FILE: "\n".join(_lines(clients, private, held)) + "\n"},
        apply=(Step(f"Go through the steps in {FILE}, in the admin console."),),
        check=(
            Step(
                "Whether the steps still are what the inventory and the DNS want, where the ones "
                "that you have gone through are kept in the folder of --installed.",
                (f"{command} --check",),
            ),
        ),
        roll_back=(Step(f"The last step in {FILE}."),),
        know=_KNOW,
    )


def _lines(
    clients: Sequence[Network], private: Sequence[Network], held: Sequence[str]
) -> Iterator[str]:
    yield "GOOGLE WORKSPACE: MAIL BY THE SCANNER ONLY"
    yield "Not tried: written by mxward lockdown google without an account to try it in."
    yield ""
    yield "1. Sign in to the admin console as an administrator."
    yield "2. Apps, Google Workspace, Gmail, Spam, phishing and malware."
    yield "   On the left, choose the top organisation."
    yield "3. Inbound gateway: Configure, or Edit. Enable it."
    yield "4. Under Gateway IPs, add each of these:"
    yield from (f"   {_short(net)}" for net in clients)
    if private:
        yield "   Not these, for Gmail takes no private addresses:"
        yield from (f"   {_short(net)}" for net in private)
    yield "5. Tick: Automatically detect external IP."
    yield "6. Do NOT tick yet: Reject all mail not from gateway IPs."
    yield "7. Tick, if the scanner always uses TLS: Require TLS for connections from the email"
    yield "   gateways listed above."
    yield "8. Save. For two weeks, look at Reporting, Email log search: mail whose sender's IP"
    yield "   address is none of these comes by the back door, and would be rejected. Trust those"
    yield "   who are honest (mxward trust add), write these steps again, and go through step 4."
    if held:
        yield "9. Reject: NOT YET. It is for all domains of the account, and these are in the way:"
        yield from (f"   - {_one_line(line)}" for line in held)
        yield "   Mend that, and write these steps again."
    else:
        yield "9. Edit the setting again, and tick: Reject all mail not from gateway IPs. Save."
    yield ""
    yield "To go back: edit the setting, untick: Reject all mail not from gateway IPs. Save."


def _one_line(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


def _is_private(net: Network) -> bool:
    return any(net.version == each.version and net.subnet_of(each) for each in _PRIVATE)  # type: ignore[arg-type]


def _short(net: Network) -> str:
    return str(net).removesuffix(f"/{net.max_prefixlen}")
