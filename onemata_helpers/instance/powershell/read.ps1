. Update-Facts
$content = ''
if ($Hash -ne 'absent') {
    $bytes = [IO.File]::ReadAllBytes($Config)
    if ($bytes.Length -gt $SizeCap) {
        $Refusal = "$Config is larger than $SizeCap bytes, more than a report can carry: use configure: manual."
    } else {
        $content = [Convert]::ToBase64String($bytes)
    }
}
Write-Output '== onemata report: config'
Say-Facts
Say 'refusal' $Refusal
Say 'content' $content
Write-Output '== onemata report ends'
