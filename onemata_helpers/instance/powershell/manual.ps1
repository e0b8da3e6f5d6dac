# One profile's settings in a plain form (no comments, no spacing, sorted), to compare two of them.
function Get-Settings($Text) {
    $ours = $false
    $found = foreach ($line in ($Text -split '\r\n|\n|\r')) {
        if ($line -match '^\s*([#;]|$)') { continue }
        if ($ours -and $line -match '^\s') { '  ' + $line.Trim(); continue }
        if ($line -match '^\s*\[(.*)\]') {
            $title = ($Matches[1] -replace '["'']', '') -replace '\s+', ' '
            $ours = ($title.Trim() -replace '^profile ', '') -ceq $ProfileName -or $title -ceq 'DEFAULT'
            if ($ours) { "[$title]" }
            continue
        }
        if ($ours) { $key, $value = $line -split '[=:]', 2; $key.Trim().ToLower() + ' = ' + "$value".Trim() }
    }
    (@($found) | Sort-Object) -join "`n"
}
$HomeFolder = $env:USERPROFILE
$User = $env:USERNAME
$UserSid = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
. Update-Facts
$bytes = [byte[]]@()
if ($Hash -ne 'absent') { $bytes = [IO.File]::ReadAllBytes($Config) }
$text = [Text.Encoding]::UTF8.GetString($bytes)
$found = Get-Settings $text
$cannotRead = $bytes.Length -ge 2 -and ($bytes[0] -in 0xEF, 0xFF, 0xFE)
if ($env:AWS_CONFIG_FILE) { 'STOPPED, nothing was changed: AWS_CONFIG_FILE is set, so AWS tools do not read ~\.aws\config. Remove it, then paste again.'; return }
if (-not (Get-Command aws -ErrorAction SilentlyContinue)) { 'STOPPED, nothing was changed: the AWS CLI (aws) is not installed here.'; return }
if ($cannotRead) { "STOPPED, nothing was changed: $Config begins with a byte order mark. Save it as UTF-8 without BOM."; return }
$parsed = cmd.exe /c 'aws configure get region --profile default 2>&1' | Out-String
if ($parsed -match 'Unable to parse config file') { "STOPPED, nothing was changed: AWS tools cannot read ${Config}: a section twice, text outside sections, or not UTF-8."; return }
if ($found -ceq (Get-Settings $Section)) {
    "The profile is in $Config already. Nothing to change."
} elseif ($found) {
    "STOPPED, nothing was changed: $Config has other settings for this profile:`n$found"
    return
} elseif ($Refusal) {
    "STOPPED, nothing was changed: $Refusal"
    return
} else {
    $eol = if ($text.Contains("`r`n") -or -not $text) { "`r`n" } else { "`n" }
    $gap = if (-not $text) { '' } elseif ($text.EndsWith("`n")) { $eol } else { $eol + $eol }
    $addition = [Text.Encoding]::ASCII.GetBytes($gap + $Section.Replace("`n", $eol))
    $backup = Set-Config ($bytes + $addition)
    "The profile was added to $Config. Backup: $backup"
}
