# The commands run as SYSTEM with the user's files, since the agent cannot become the user.
. Update-Facts
# The AWS CLI keeps sessions in ~\.aws\cli\cache, where they outlive the trust that gave them.
$Scratch = Join-Path ([IO.Path]::GetTempPath()) ('onemata-' + [Guid]::NewGuid().ToString('N'))
New-Item -ItemType Directory -Path $Scratch | Out-Null
function Invoke-Aws($Arguments, $ConfigFile) {
    $start = New-Object Diagnostics.ProcessStartInfo
    $start.FileName = (Get-Command aws -CommandType Application | Select-Object -First 1).Source
    $start.Arguments = $Arguments
    $start.UseShellExecute = $false
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    foreach ($name in 'AWS_PROFILE', 'AWS_DEFAULT_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN') {
        $start.EnvironmentVariables.Remove($name)
    }
    foreach ($name in 'HOME', 'USERPROFILE') { $start.EnvironmentVariables[$name] = $Scratch }
    $start.EnvironmentVariables['AWS_CONFIG_FILE'] = $ConfigFile
    $start.EnvironmentVariables['AWS_SHARED_CREDENTIALS_FILE'] = Join-Path $Folder 'credentials'
    $start.EnvironmentVariables['AWS_PAGER'] = ''
    $process = [Diagnostics.Process]::Start($start)
    $out = $process.StandardOutput.ReadToEndAsync()
    $err = $process.StandardError.ReadToEndAsync()
    if (-not $process.WaitForExit(1000 * $TimeLimit)) { $process.Kill(); return @('', '', 124) }
    return @($out.Result, $err.Result, $process.ExitCode)
}
# Every line of the output is marked, so that no output can pass for a report.
function Write-Proof($Command, $Arguments, $ConfigFile) {
    Say 'command' $Command
    try { $out, $err, $code = Invoke-Aws $Arguments $ConfigFile } catch { $out, $err, $code = '', 'aws: command not found', 127 }
    $outLines = @($out -split '\r?\n' | Where-Object { $_ -ne '' })
    $errLines = @($err -split '\r?\n' | Where-Object { $_ -ne '' })
    $outLines | Select-Object -First 20 | ForEach-Object { Write-Output "out| $($_.Substring(0, [Math]::Min(200, $_.Length)))" }
    $errLines | Select-Object -Last 5 | ForEach-Object { Write-Output "err| $($_.Substring(0, [Math]::Min(1000, $_.Length)))" }
    Say 'out_lines' $outLines.Count
    Say 'exit_code' $code
}
