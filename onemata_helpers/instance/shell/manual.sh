user=$(id -un)
if [ -n "$other_config" ]; then
  target=$config state=obstacle outcome=refused
  why="AWS_CONFIG_FILE is set, so AWS tools do not read ~/.aws/config: run: unset AWS_CONFIG_FILE   and then paste this block again."
else
  add
fi
report_config "$outcome"
if [ "$outcome" = refused ]; then
  echo "STOPPED, nothing was changed. Copy all of this back into the runbook."
  exit 1
fi
report_proof
report_denied
echo "Copy all of this, from the first line that begins with ==, back into the runbook."
