. Update-Facts
$content = ''
$contentHash = ''
if ($Hash -ne 'absent') {
    $masked = [byte[]](Get-Masked ([IO.File]::ReadAllBytes($Config)))
    if ($masked.Length -gt $SizeCap) {
        $Refusal = "$Config holds more than the $SizeCap bytes that a report can carry: use configure: manual."
    } else {
        $content = [Convert]::ToBase64String($masked)
        $contentHash = Get-HashOf $masked
    }
}
Write-Output '== onemata report: config'
Say-Facts
Say 'refusal' $Refusal
Say 'content_sha256' $contentHash
Say 'content' $content
Write-Output '== onemata report ends'
