# Try what must be refused. Lines after the command are a config file to use, not the user's.
denied() {
  name=$1 tried=$2
  shift 2
  AWS_CONFIG_FILE=$config
  if [ "$#" -gt 0 ]; then
    AWS_CONFIG_FILE=$scratch/config
    printf '%s\n' "$@" > "$AWS_CONFIG_FILE"
  fi
  attempt "$name" "$tried"
}

report_denied() {
  begin_report denied
  denials
  end_report
}
