# Whether the bytes are just the file that was read, with just the addition at its end.
function Test-Meant([byte[]]$Bytes) {
    $oldSize = $Bytes.Length - $AddedSize
    if ($oldSize -lt 0) { return $false }
    $head = [byte[]]::new($oldSize)
    $tail = [byte[]]::new($AddedSize)
    [Array]::Copy($Bytes, 0, $head, 0, $oldSize)
    [Array]::Copy($Bytes, $oldSize, $tail, 0, $AddedSize)
    if ((Get-HashOf $tail) -ne $AddedHash) { return $false }
    if ($Expected -eq 'absent') { return $oldSize -eq 0 }
    return (Get-HashOf $head) -eq $Expected
}
$backup = ''
$outcome = 'refused'
. Update-Facts
if ($Hash -ne 'absent' -and (Test-Meant ([IO.File]::ReadAllBytes($Config)))) {
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
        if (-not (Test-Meant $new)) { throw 'The new text is not whole.' }
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
