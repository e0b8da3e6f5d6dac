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
try {
    Write-Output '== onemata report: proof'
    Say 'user' $User
    try { Say 'aws_version' (Invoke-Aws '--version' $Config)[0] } catch { Say 'aws_version' 'none' }
    $status, $token = Get-Metadata 'api/token' 'PUT' @{ 'X-aws-ec2-metadata-token-ttl-seconds' = '60' }
    Say 'imds_token' $status
    $status, $role = Get-Metadata 'meta-data/iam/security-credentials/' 'GET' @{ 'X-aws-ec2-metadata-token' = $token }
    Say 'imds_role_status' $status
    Say 'imds_role' $role
    Say 'imds_v1' (Get-Metadata 'meta-data/instance-id' 'GET' @{})[0]
    Write-Proof $IdentityCommand $IdentityArguments $Config
    Write-Proof $ListingCommand $ListingArguments $Config
    Write-Output '== onemata report ends'
} finally {
    Remove-Item -LiteralPath $Scratch -Recurse -Force -ErrorAction SilentlyContinue
}
