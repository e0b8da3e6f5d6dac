# Run one command; every line of its output is marked and plain, so that none can pass for a report.
attempt() {
  say attempt "$1"
  say command "$2"
  (
    ! command -v timeout > /dev/null || set -- "$1" "timeout $time_limit $2"
    eval "$2"
  ) > "$scratch/out" 2> "$scratch/err" < /dev/null
  code=$?
  head -n 20 "$scratch/out" | marked 'out| ' 200
  tail -n 5 "$scratch/err" | marked 'err| ' 1000
  say exit_code "$code"
}

marked() { LC_ALL=C tr -c '[:print:]\t\n' '?' | cut -c "1-$2" | sed "s/^/$1/"; }
