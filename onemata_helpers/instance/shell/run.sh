# The profile alone decides, as it would for the user; whatever this shell has set does not count.
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
export AWS_CONFIG_FILE="$config" AWS_SHARED_CREDENTIALS_FILE="$dir/credentials" AWS_PAGER=
# An AWS CLI from "pip install --user" finds its modules there.
export PYTHONUSERBASE="${PYTHONUSERBASE:-$HOME/.local}"
cd "$HOME" 2> /dev/null || cd /
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
# The AWS CLI keeps sessions in ~/.aws/cli/cache, where they outlive the trust that gave them.
HOME=$scratch

# Run one command; every line of its output is marked, so that no output can pass for a report.
prove() {
  say command "$1"
  (
    ! command -v timeout > /dev/null || set -- "timeout $time_limit $1"
    eval "$1"
  ) > "$scratch/out" 2> "$scratch/err" < /dev/null
  code=$?
  head -n 20 "$scratch/out" | cut -c 1-200 | sed 's/^/out| /'
  tail -n 5 "$scratch/err" | cut -c 1-1000 | sed 's/^/err| /'
  say out_lines "$(wc -l < "$scratch/out")"
  say exit_code "$code"
}
