# The file without its secrets, since Systems Manager keeps what is printed: comments, and the values
# of all but a few settings, are hidden. Python's parser reads it like the file itself: lines end
# at \r too, and a line indented deeper than the setting above belongs to that setting's value.
$Latin = [Text.Encoding]::GetEncoding(28591)  # one character for each byte
# One byte that is not UTF-8 stands for all that were hidden.
function Get-Stain($Text) {
    try {
        [void](New-Object Text.UTF8Encoding($false, $true)).GetString($Latin.GetBytes($Text))
        return ''
    } catch {
        return [string][char]255
    }
}
function Test-Harmless($Key) { $Key.Trim().ToLowerInvariant() -in ($Harmless -split ' ') }
# A line of a value may be anything, so what stands before its sign may be secret too.
function Get-MaskedInside($Text) {
    if ($Text -notmatch '^([^=:]*)[=:]') { return 'hidden' }
    $key = if (Test-Harmless $Matches[1]) { $Matches[1] } else { 'hidden' }
    if ($Text.Contains('=')) { return "$key = hidden" }
    return $key + ': hidden'
}
function Get-MaskedLine($Line, $State) {
    [void]($Line -match '^([ \t\v\f]*)(.*)$')
    $indent, $text = $Matches[1], $Matches[2]
    if (-not $text) { return $Line }
    if ($text -match '^[#;]') { return '#' + (Get-Stain $text) }
    if ($State.Inside -and $indent.Length -gt $State.Level) {
        return $indent + (Get-MaskedInside $text) + (Get-Stain $text)
    }
    $State.Level = $indent.Length
    if ($text -match '^(\[.+\])(.*)$') {
        $State.Inside = $false
        return $indent + $Matches[1] + (Get-Stain $Matches[2])
    }
    if ($text -notmatch '^([^=:]*)([=:])(.*)$') { return 'hidden' + (Get-Stain $text) }
    $key, $sign, $value = $Matches[1], $Matches[2], $Matches[3]
    $State.Inside = $true
    if ((Test-Harmless $key) -or $value -notmatch '[^ \t\v\f]') { return $Line }
    return $indent + $key + $sign + ' hidden' + (Get-Stain $value)
}
function Get-Masked([byte[]]$Bytes) {
    $text = $Latin.GetString($Bytes)
    # After a byte order mark nothing is read: the file is refused.
    if ($text -cmatch '^(\xEF\xBB\xBF|\xFF\xFE|\xFE\xFF)') { return ,$Latin.GetBytes($Matches[1]) }
    $state = @{ Inside = $false; Level = 0 }
    $parts = foreach ($part in [regex]::Split($text, '(\r\n|\n|\r)')) {
        if ($part -match '^[\r\n]') { $part } else { Get-MaskedLine $part $state }
    }
    return ,$Latin.GetBytes($parts -join '')
}
