"""What an operator does in a tenant, and what must be known before."""

from __future__ import annotations

from functools import partial

from mxward.lockdown.written import Step as AnyStep

__all__ = ["APPLY", "KNOW", "ROLL_BACK", "check"]

Step = partial(AnyStep, language="powershell")

KNOW = (
    "**Not tried.** These scripts were written by Microsoft's documentation, without a tenant to "
    "run them in. Read them, run them with `-WhatIf`, and try them in one tenant with few users.",
    "They are run in PowerShell with the module ExchangeOnlineManagement, the same in every "
    "tenant: of all domains, those count that it has accepted. Domains at stage observe are "
    "watched and not restricted. Microsoft cannot defer: at stage defer, strangers are refused.",
    "A tenant refuses after DATA, with `5.7.51 TenantInboundAttribution; Rejecting`. What is sent "
    "from within the tenant is not concerned. What commonly breaks: printers and applications that "
    "send to the tenant directly, services that send mail back in (signatures, SharePoint), "
    "forwards that come back, hybrid set-ups. Test mode shows them.",
    "`Set-OrganizationConfig -RejectDirectSend $true` is no lock: it refuses strangers only where "
    "they write in the name of the tenant's own domains. It may well be set beside the connectors.",
    "`-EnhancedFiltering` has Microsoft judge the sender instead of the scanner, the last hop. It "
    "changes what Microsoft's own filter says of mail, so it is not set unless you say so.",
)
APPLY = (
    Step(
        "Sign in, in the folder of the scripts.",
        ("Connect-ExchangeOnline",),
    ),
    Step(
        "Test: makes connectors that are disabled, and mail flow rules that only report.",
        ("./1-test.ps1 -WhatIf", "./1-test.ps1"),
    ),
    Step(
        "Look for two weeks at the report of mail flow rules (Exchange admin center, Reports, Mail "
        "flow; or the command): every line is a message that would be refused. Trust those who are "
        "honest (`mxward trust add`), write the files again, and run the test again.",
        ("Get-MailDetailTransportRuleReport | Where-Object TransportRule -like 'mxward via_*'",),
    ),
    Step(
        "Enforce. With -EnhancedFiltering, if you want that.",
        ("./2-enforce.ps1 -WhatIf", "./2-enforce.ps1"),
    ),
)
ROLL_BACK = (Step("All is as it was before.", ("./3-roll-back.ps1",)),)


def check(command: str) -> tuple[AnyStep, ...]:
    """Whether it works, and whether it is still right."""
    return (
        Step(
            "What is in force in the tenant.",
            ("Get-InboundConnector | Where-Object Name -like 'mxward via_*' | Format-List",),
        ),
        Step(
            "Whether the door is shut: send mail to the tenant's own host from an address that is "
            "not the scanner's. A tenant refuses after DATA, so `mxward audit`, which sends none, "
            "cannot tell.",
        ),
        AnyStep(
            "Whether these files still are what the inventory and the DNS want: keep those that "
            "you have run in the folder of --installed. 4 means: write them, and run 2-enforce.",
            (f"{command} --check",),
        ),
    )
