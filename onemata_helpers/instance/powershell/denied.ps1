# Try what must be refused. $Lines, if any, are a config file to use, not the user's.
function Invoke-Attempt($Name, $Command, $Arguments, $Lines) {
    $file = $Config
    if ($Lines) {
        $file = Join-Path $Scratch 'config'
        [IO.File]::WriteAllLines($file, [string[]]$Lines)
    }
    Write-Proof $Command $Arguments $file
    Say 'attempt' $Name
}
try {
    Write-Output '== onemata report: denied'
    Say 'user' $User
    Invoke-Attempts
    Write-Output '== onemata report ends'
} finally {
    Remove-Item -LiteralPath $Scratch -Recurse -Force -ErrorAction SilentlyContinue
}
