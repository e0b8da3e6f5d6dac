# Ask the instance metadata service; print the HTTP status, 000 if nothing answers. Address and
# token go in by stdin: every user of the instance can read a command line.
ask_imds() {
  : > "$scratch/answer"
  path=$1
  shift
  printf '%s\n' "url = \"$imds/$path\"" "$@" |
    curl -s -m 3 --noproxy '*' -o "$scratch/answer" -w '%{http_code}' -K -
}

# Whatever else comes than a role's name is an error page.
look_at_imds() {
  imds=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}
  imds=${imds%/}/latest
  imds_token=$(ask_imds api/token 'request = "PUT"' 'header = "X-aws-ec2-metadata-token-ttl-seconds: 60"')
  token=$(head -n 1 "$scratch/answer")
  imds_role_status=$(ask_imds meta-data/iam/security-credentials/ "header = \"X-aws-ec2-metadata-token: $token\"")
  [ "$imds_role_status" != 200 ] || imds_role=$(head -n 1 "$scratch/answer" | cut -c 1-100)
  imds_v1=$(ask_imds meta-data/instance-id)
}

report_proof() {
  imds_token='' imds_role_status='' imds_role='' imds_v1=''
  if command -v curl > /dev/null; then look_at_imds; fi
  begin_report proof
  say aws_version "$(aws --version 2>&1 | head -n 1)"
  say imds_token "$imds_token"
  say imds_role_status "$imds_role_status"
  say imds_role "$imds_role"
  say imds_v1 "$imds_v1"
  proofs
  end_report
}
