# Where the user's files are. What this shell has set does not count for AWS tools, and what they
# keep at home (sessions, which outlive the trust that gave them) goes into a folder of our own.
umask 077
home=$HOME dir=$HOME/.aws config=$HOME/.aws/config other_config=${AWS_CONFIG_FILE-}
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
export AWS_CONFIG_FILE="$config" AWS_SHARED_CREDENTIALS_FILE="$dir/credentials" AWS_PAGER=
# An AWS CLI from "pip install --user" finds its modules there.
export PYTHONUSERBASE="${PYTHONUSERBASE:-$home/.local}"
cd "$home" 2> /dev/null || cd /
scratch=$(mktemp -d) || exit 1
temporary=
trap 'rm -rf "$scratch" ${temporary:+"$temporary"}' EXIT
trap 'exit 1' HUP INT TERM
HOME=$scratch

# A report: each line is `key: value`, in plain characters only, whatever the value holds.
say() { printf '%s: %s\n' "$1" "$(printf '%s' "$2" | LC_ALL=C tr -c '[:print:]' '?' | cut -c 1-2000)"; }

begin_report() {
  echo "== onemata report: $1"
  say asked "$asked"
  say user "$user"
}

end_report() { echo "== onemata report ends"; }
