# What is there: $state (absent, same, other or obstacle) and $why, its sentences, one a line;
# $target is where a link leads, $hash is "absent" without a file that may be read.
hash_in() { sha256sum | cut -d ' ' -f 1; }
hash_of() { hash_in < "$1"; }
is_mine() { [ "$(stat -L -c %u "$1")" = "$(id -u)" ]; }
file_at() { stat -L -c %d:%i "$1" 2> /dev/null; }
may_be_written() { case $(stat -L -c %A "$1") in ??w*) [ -w "$1" ] ;; *) false ;; esac; }

look() {
  target=$config hash=absent state=absent why=
  [ ! -e "$config" ] || target=$(readlink -f "$config")
  [ ! -r "$target" ] || [ ! -f "$target" ] || hash=$(hash_of "$target")
  [ "$hash" = absent ] || compare
  hurdle=$(obstacle)
  if [ "$state" = absent ] && [ -n "$hurdle" ]; then
    state=obstacle why=$hurdle
  elif [ "$state" = absent ] || [ "$state" = same ]; then
    ask_cli
  fi
}

compare() {
  survey > "$scratch/found"
  state=$(head -n 1 "$scratch/found")
  why=$(sed 1d "$scratch/found")
  case $state in
    absent | same | other | obstacle) ;;
    *) state=obstacle why="$target could not be compared (awk fails here): the administrator of the instance looks at the error output." ;;
  esac
}

# The AWS CLI has the last word on whether there is such a profile, and on what it says.
ask_cli() {
  answer=$(setting role_arn 2> "$scratch/errors") && code=0 || code=$?
  if ! command -v aws > /dev/null; then
    state=obstacle why="The AWS CLI (aws) is not installed here, or $user does not find it: the administrator of the instance installs it; then run this again."
  elif [ "$code" = 124 ]; then
    state=obstacle why="The AWS CLI did not end in $time_limit seconds when it read the files in $dir: $user looks whether each is a plain file; then run this again."
  elif [ "$state" = same ] && [ "$answer" = "$role_arn" ]; then
    :
  elif [ "$state" = absent ] && grep -q 'could not be found' "$scratch/errors"; then
    :
  elif [ "$state" = same ] && { [ ! -s "$scratch/errors" ] || grep -q 'could not be found' "$scratch/errors"; }; then
    state=other why="The profile $profile is in $config, but AWS tools read it otherwise: its title must be [profile $profile], just so, and it must not be in $dir/credentials too. The owner of the file corrects this; then run this again."
  elif [ -s "$scratch/errors" ]; then
    state=obstacle why="AWS tools cannot read the files in $dir, says the AWS CLI: $(tail -n 1 "$scratch/errors"). The owner of the file corrects this; then run this again."
  else
    state=other why="AWS tools know a profile $profile already, from $dir/credentials: the parameters name another profile; then run this again."
  fi
}

setting() {
  set -- aws configure get "$1" --profile "$profile"
  ! command -v timeout > /dev/null || set -- timeout "$time_limit" "$@"
  "$@" < /dev/null
}

report_config() {
  begin_report config
  say path "$config"
  say file "$([ -e "$target" ] && echo there || echo none)"
  say state "$state"
  say outcome "${1-looked}"
  say backup "${backup-}"
  printf '%s\n' "$why" | while IFS= read -r line; do [ -z "$line" ] || say why "$line"; done
  end_report
}

# The first thing that keeps us from changing the file, as a sentence; nothing if all is well.
obstacle() {
  parent=$(dirname "$target")
  if [ ! -d "$home" ]; then
    echo "The home directory $home is not there: $user logs in once, or the administrator makes it."
  elif [ -L "$dir" ] && [ ! -e "$dir" ] || [ -e "$dir" ] && [ ! -d "$dir" ]; then
    echo "$dir is not a directory: $user moves it away."
  elif [ ! -e "$dir" ]; then
    [ -w "$home" ] || echo "$user may not write in $home: the administrator gives it back."
  elif [ ! -x "$dir" ]; then
    echo "$user may not enter $dir: the administrator of the instance gives it back to $user."
  elif [ -L "$config" ] && [ ! -e "$config" ]; then
    echo "$config is a link to $(readlink "$config"), which is not there: $user corrects or removes it."
  elif [ -e "$config" ] && [ "$(file_at "$config")" != "$(file_at "$target")" ]; then # a shell drops line ends there
    echo "$config is a link to a file whose name ends in a line break: $user renames it."
  elif ! is_mine "$parent" || ! may_be_written "$parent"; then
    echo "$parent belongs to $(stat -L -c %U "$parent") or is read-only: the administrator gives $user the right to write there."
  elif [ -e "$target" ]; then
    obstacle_in_file
  fi
}

obstacle_in_file() {
  if [ ! -f "$target" ]; then
    echo "$target is not a plain file: $user moves it away."
  elif ! is_mine "$target"; then
    echo "$target belongs to $(stat -c %U "$target"), not to $user: the administrator of the instance changes the owner."
  elif [ ! -r "$target" ]; then
    echo "$user may not read $target: $user runs chmod u+rw on it."
  elif ! may_be_written "$target"; then
    echo "$target is read-only, and that may be on purpose: $user runs chmod u+w on it."
  fi
}
