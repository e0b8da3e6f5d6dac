$backup = ''
$outcome = 'refused'
. Update-Facts
if ($Hash -eq $NewHash) {
    $outcome = 'nothing'
    $Refusal = ''
} elseif (-not $Refusal -and $Hash -ne $Expected) {
    $Refusal = "$Config is not as it was when it was read: somebody changed it meanwhile. Plan again."
} elseif (-not $Refusal) {
    try {
        $isNew = $Hash -eq 'absent'
        $old = [byte[]]@()
        if (-not $isNew) { $old = [IO.File]::ReadAllBytes($Config) }
        $new = [byte[]]($old + [Convert]::FromBase64String($Addition))
        if ((Get-HashOf $new) -ne $NewHash) { throw 'The new text is not whole.' }
        $backup = Set-Config $new
        $outcome = 'written'
        if ($isNew) { & icacls.exe $Folder /setowner $User /T /Q | Out-Null }
    } catch {
        $Refusal = "$Config could not be replaced: $($_.Exception.Message) Then plan again."
    }
}
$why = $Refusal
. Update-Facts
Write-Output '== onemata report: config'
Say-Facts
Say 'outcome' $outcome
Say 'backup' $backup
Say 'refusal' $why
Write-Output '== onemata report ends'
if ($outcome -eq 'refused') { exit 1 }
