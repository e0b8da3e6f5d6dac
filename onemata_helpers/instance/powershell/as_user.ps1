# The agent runs as SYSTEM. The home folder is the one that Windows has on record for the user.
function Say($Key, $Value) { Write-Output ('{0}: {1}' -f $Key, ("$Value" -replace '[\r\n]', '?')) }
function Stop-Report($Sentence) {
    Write-Output "== onemata report: $Report"
    Say 'user' $User
    Say 'refusal' $Sentence
    Write-Output '== onemata report ends'
    exit 1
}
try {
    $UserSid = (New-Object Security.Principal.NTAccount($User)).Translate([Security.Principal.SecurityIdentifier]).Value
} catch {
    Stop-Report "There is no user $User on this instance: correct the user in the parameters."
}
$key = "HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList\$UserSid"
$HomeFolder = (Get-ItemProperty -Path $key -ErrorAction SilentlyContinue).ProfileImagePath
if (-not $HomeFolder) { Stop-Report "$User has no home folder yet: $User logs in to the instance once." }
function Say-Facts {
    Say 'user' $User
    Say 'home' $HomeFolder
    Say 'path' $Config
    Say 'target' $Config
    if ($Hash -ne 'absent') { Say 'owner' (Get-Acl -LiteralPath $Config).Owner }
    Say 'sha256' $Hash
}
