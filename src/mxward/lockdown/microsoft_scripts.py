"""The scripts that are run in a tenant: the same for everybody. What they read is in the data file.

They need PowerShell's module ExchangeOnlineManagement and a session (Connect-ExchangeOnline), and
touch nothing but connectors and mail flow rules whose names begin with `mxward via_`.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["SCRIPTS", "UNTRIED"]

UNTRIED = """\
# NOT TRIED: this was written without a Microsoft 365 tenant to run it in. Read it before you run
# it, and run it with -WhatIf first.
"""
_BEGIN = """\
[CmdletBinding(SupportsShouldProcess)]
param(%s)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
. "$PSScriptRoot/connectors.ps1"
"""
_OURS = "mxward via_*"
_SETTINGS = """
# Of all domains, those that this tenant has accepted.
$Accepted = @(Get-AcceptedDomain | ForEach-Object { ([string]$_.DomainName).ToLowerInvariant() })
function Get-Own($Domains) { $Domains | Where-Object { $Accepted -contains $_ } }

function Get-Settings($Connector, $Domains) {
    $Settings = @{
        ConnectorType = 'Partner'
        SenderDomains = '*'
        AssociatedAcceptedDomains = $Domains
        Comment = 'Written by mxward lockdown: mail for these domains comes by their MX only.'
    }
    if ($Connector.Certificate) {
        $Settings.RequireTls = $true
        $Settings.RestrictDomainsToCertificate = $true
        $Settings.RestrictDomainsToIPAddresses = $false
        $Settings.TlsSenderCertificateName = $Connector.Certificate
    } else {
        $Settings.RequireTls = $false
        $Settings.RestrictDomainsToCertificate = $false
        $Settings.RestrictDomainsToIPAddresses = $true
        $Settings.SenderIPAddresses = $Connector.Addresses
    }
    $Settings
}

$Present = @{}
Get-InboundConnector | ForEach-Object { $Present[[string]$_.Name] = $_ }
"""
_TEST = (
    UNTRIED
    + """\
# 1. Test: connectors that are disabled, and mail flow rules that report and do nothing else.
"""
    + _BEGIN % ""
    + _SETTINGS
    + """
foreach ($Connector in $Connectors) {
    $Domains = @(Get-Own $Connector.Domains)
    if ($Domains.Count -eq 0 -or $Present.ContainsKey($Connector.Name)) { continue }
    $Settings = Get-Settings $Connector $Domains
    if ($PSCmdlet.ShouldProcess($Connector.Name, 'Make a connector, disabled')) {
        New-InboundConnector -Name $Connector.Name -Enabled $false @Settings
    }
}

# In mode Audit a rule changes no message, not even by its header; it stands in the reports.
$Rules = @(Get-TransportRule -ResultSize Unlimited | ForEach-Object { [string]$_.Name })
$Names = @()
foreach ($Watch in $Watches) {
    $Domains = @(Get-Own $Watch.Domains)
    if ($Domains.Count -eq 0) { continue }
    $Names += $Watch.Name
    $Settings = @{
        RecipientDomainIs = $Domains
        ExceptIfSenderIpRanges = $Watch.Addresses
        ExceptIfFromScope = 'InOrganization'
        SetHeaderName = 'X-Mxward-Back-Door'
        SetHeaderValue = 'would be refused'
        SetAuditSeverity = 'Low'
        Mode = 'Audit'
    }
    if ($PSCmdlet.ShouldProcess($Watch.Name, 'Make or change a rule that only reports')) {
        if ($Rules -contains $Watch.Name) { Set-TransportRule -Identity $Watch.Name @Settings }
        else { New-TransportRule -Name $Watch.Name @Settings }
    }
}
foreach ($Name in $Rules) {
    if ($Name -like '"""
    + _OURS
    + """' -and $Names -notcontains $Name) {
        if ($PSCmdlet.ShouldProcess($Name, 'Remove a rule')) {
            Remove-TransportRule -Identity $Name -Confirm:$false
        }
    }
}
"""
)
_ENFORCE = (
    UNTRIED
    + """\
# 2. Enforce: the connectors as they are now wanted, enabled. Mail for their domains from anywhere
# else is rejected (5.7.51), after DATA. Run it again whenever connectors.ps1 is other.
"""
    + _BEGIN % "[switch] $EnhancedFiltering"
    + _SETTINGS
    + """
$Names = @()
foreach ($Connector in $Connectors) {
    $Domains = @(Get-Own $Connector.Domains)
    if ($Domains.Count -eq 0) { continue }
    $Names += $Connector.Name
    $Settings = Get-Settings $Connector $Domains
    # The sender is then judged, and not the scanner which is the last hop.
    if ($EnhancedFiltering) { $Settings.EFSkipLastIP = $true }
    if ($PSCmdlet.ShouldProcess($Connector.Name, 'Make or change a connector, and enable it')) {
        if ($Present.ContainsKey($Connector.Name)) {
            Set-InboundConnector -Identity $Connector.Name -Enabled $true @Settings
        } else {
            New-InboundConnector -Name $Connector.Name -Enabled $true @Settings
        }
    }
}

# Ours that nothing wants any more go last: until then both hold.
foreach ($Name in @($Present.Keys)) {
    if ($Name -like '"""
    + _OURS
    + """' -and $Names -notcontains $Name) {
        if ($PSCmdlet.ShouldProcess($Name, 'Remove a connector')) {
            Remove-InboundConnector -Identity $Name -Confirm:$false
        }
    }
}
"""
)
_ROLL_BACK = (
    UNTRIED
    + """\
# 3. Roll back: all connectors and rules of ours are removed, and nothing else.
[CmdletBinding(SupportsShouldProcess)]
param()
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

foreach ($Connector in @(Get-InboundConnector | Where-Object { $_.Name -like '"""
    + _OURS
    + """' })) {
    if ($PSCmdlet.ShouldProcess($Connector.Name, 'Disable and remove a connector')) {
        Set-InboundConnector -Identity $Connector.Name -Enabled $false
        Remove-InboundConnector -Identity $Connector.Name -Confirm:$false
    }
}
$Rules = @(Get-TransportRule -ResultSize Unlimited | Where-Object { $_.Name -like '"""
    + _OURS
    + """' })
foreach ($Rule in $Rules) {
    if ($PSCmdlet.ShouldProcess($Rule.Name, 'Remove a rule')) {
        Remove-TransportRule -Identity $Rule.Name -Confirm:$false
    }
}
"""
)
SCRIPTS: Mapping[str, str] = {
    "1-test.ps1": _TEST,
    "2-enforce.ps1": _ENFORCE,
    "3-roll-back.ps1": _ROLL_BACK,
}
