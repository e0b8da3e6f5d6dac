# The commands run as SYSTEM with the user's files, since the agent cannot become the user.
. Update-Facts
function Invoke-Aws($Arguments) {
    $start = New-Object Diagnostics.ProcessStartInfo
    $start.FileName = (Get-Command aws -CommandType Application | Select-Object -First 1).Source
    $start.Arguments = $Arguments
    $start.UseShellExecute = $false
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    foreach ($name in 'AWS_PROFILE', 'AWS_DEFAULT_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN') {
        $start.EnvironmentVariables.Remove($name)
    }
    $start.EnvironmentVariables['AWS_CONFIG_FILE'] = $Config
    $start.EnvironmentVariables['AWS_SHARED_CREDENTIALS_FILE'] = Join-Path $Folder 'credentials'
    $start.EnvironmentVariables['AWS_PAGER'] = ''
    $process = [Diagnostics.Process]::Start($start)
    $out = $process.StandardOutput.ReadToEndAsync()
    $err = $process.StandardError.ReadToEndAsync()
    if (-not $process.WaitForExit(1000 * $TimeLimit)) { $process.Kill(); return @('', '', 124) }
    return @($out.Result, $err.Result, $process.ExitCode)
}
# Every line of the output is marked, so that no output can pass for a report.
function Write-Proof($Command, $Arguments) {
    Say 'command' $Command
    try { $out, $err, $code = Invoke-Aws $Arguments } catch { $out, $err, $code = '', 'aws: command not found', 127 }
    $outLines = @($out -split '\r?\n' | Where-Object { $_ -ne '' })
    $errLines = @($err -split '\r?\n' | Where-Object { $_ -ne '' })
    $outLines | Select-Object -First 30 | ForEach-Object { Write-Output "out| $($_.Substring(0, [Math]::Min(200, $_.Length)))" }
    $errLines | Select-Object -Last 15 | ForEach-Object { Write-Output "err| $($_.Substring(0, [Math]::Min(200, $_.Length)))" }
    Say 'out_lines' $outLines.Count
    Say 'exit_code' $code
}
# Ask the instance metadata service: the HTTP status (000 if nothing answers) and the text.
function Get-Metadata($Path, $Method, $Headers) {
    try {
        $answer = Invoke-WebRequest "http://169.254.169.254/latest/$Path" -Method $Method -Headers $Headers -TimeoutSec 3 -UseBasicParsing
        return @("$($answer.StatusCode)", "$($answer.Content)")
    } catch {
        if ($_.Exception.Response) { return @("$([int]$_.Exception.Response.StatusCode)", '') }
        return @('000', '')
    }
}
Write-Output '== onemata report: proof'
Say 'user' $User
try { Say 'aws_version' (Invoke-Aws '--version')[0] } catch { Say 'aws_version' 'none' }
$status, $token = Get-Metadata 'api/token' 'PUT' @{ 'X-aws-ec2-metadata-token-ttl-seconds' = '60' }
Say 'imds_token' $status
$status, $role = Get-Metadata 'meta-data/iam/security-credentials/' 'GET' @{ 'X-aws-ec2-metadata-token' = $token }
Say 'imds_role_status' $status
Say 'imds_role' $role
Say 'imds_v1' (Get-Metadata 'meta-data/instance-id' 'GET' @{})[0]
Write-Proof $IdentityCommand $IdentityArguments
Write-Proof $ListingCommand $ListingArguments
Write-Output '== onemata report ends'
