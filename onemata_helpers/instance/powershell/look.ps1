# What is there: $Config, $Hash ('absent' without a file), $Refusal ('' if all is well).
# Called with a dot in front, so that the variables are the caller's.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
function Get-HashOf([byte[]]$Bytes) {
    $sum = [Security.Cryptography.SHA256]::Create().ComputeHash($Bytes)
    ([BitConverter]::ToString($sum) -replace '-', '').ToLower()
}
function Get-Obstacle {
    if (-not (Test-Path -LiteralPath $HomeFolder -PathType Container)) {
        return "The home folder $HomeFolder is not there: $User logs in once, which makes it."
    }
    foreach ($path in $Folder, $Config) {
        $item = Get-Item -LiteralPath $path -Force -ErrorAction SilentlyContinue
        if ($item -and $item.LinkType) { return "$path is a link: $User puts a plain file or folder there." }
    }
    if (Test-Path -LiteralPath $Folder -PathType Leaf) { return "$Folder is not a folder: $User moves it away." }
    if (Test-Path -LiteralPath $Config -PathType Container) { return "$Config is a folder: $User moves it away." }
    if (-not (Test-Path -LiteralPath $Config)) { return '' }
    # What an administrator makes belongs to the group Administrators, what the agent makes to SYSTEM.
    $owner = (Get-Acl -LiteralPath $Config).GetOwner([Security.Principal.SecurityIdentifier]).Value
    if ($owner -notin $UserSid, 'S-1-5-32-544', 'S-1-5-18') {
        return "$Config belongs to somebody else than ${User}: the administrator changes the owner."
    }
    if ((Get-Item -LiteralPath $Config -Force).IsReadOnly) {
        return "$Config is read-only, and that may be on purpose: $User takes the attribute away."
    }
    return ''
}
function Update-Facts {
    $Folder = Join-Path $HomeFolder '.aws'
    $Config = Join-Path $Folder 'config'
    $Refusal = Get-Obstacle
    $Hash = 'absent'
    if (Test-Path -LiteralPath $Config -PathType Leaf) { $Hash = Get-HashOf ([IO.File]::ReadAllBytes($Config)) }
}
