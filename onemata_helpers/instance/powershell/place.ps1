# Put the bytes in the file's place. ReplaceFile keeps the file's own permissions and makes the backup.
function Set-Config([byte[]]$Bytes) {
    if (-not (Test-Path -LiteralPath $Folder)) { New-Item -ItemType Directory -Path $Folder | Out-Null }
    $temporary = Join-Path $Folder ('.onemata-' + [Guid]::NewGuid().ToString('N'))
    try {
        [IO.File]::WriteAllBytes($temporary, $Bytes)
        if ($Hash -eq 'absent') {
            [IO.File]::Move($temporary, $Config)
            return ''
        }
        $stamp = [DateTime]::UtcNow.ToString('yyyyMMddTHHmmssZ')
        $backup = "$Config.onemata-$stamp.bak"
        if (Test-Path -LiteralPath $backup) { throw "$backup is there already: wait a second, then again." }
        if ((Get-HashOf ([IO.File]::ReadAllBytes($Config))) -ne $Hash) { throw "$Config was changed by somebody else meanwhile." }
        [IO.File]::Replace($temporary, $Config, $backup)
        return $backup
    } finally {
        if (Test-Path -LiteralPath $temporary) { Remove-Item -LiteralPath $temporary }
    }
}
