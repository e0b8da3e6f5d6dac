# Add the section if, and only if, there is none now: run twice, it finds its own and does nothing.
add() {
  backup='' outcome=refused
  look
  if [ "$state" = same ]; then
    outcome=nothing
  elif [ "$state" = absent ] && place; then
    outcome=added state=same why=
  fi
}

# Put the new file in place. At any moment $target is the whole old or the whole new file, and the
# old one stays beside it as the backup.
place() {
  why="$config could not be replaced, and is as it was: see the error output, then run this again."
  changed="$config has changed while this ran, and was left alone: run this again."
  [ -d "$dir" ] || mkdir "$dir" || return 1
  parent=$(dirname "$target")
  exec 9< "$parent"
  ! command -v flock > /dev/null || flock -n 9 || return 1
  temporary=$(mktemp "$parent/.onemata-XXXXXX") || return 1
  [ "$hash" = absent ] || cp -p "$target" "$temporary" || return 1 # the same owner, group and mode
  new_text > "$temporary" || return 1
  begins_as_it_was && is_read_as_meant || return 1
  sync "$temporary" 2> /dev/null
  if [ "$hash" = absent ]; then
    ln "$temporary" "$target" || fail "$changed" # unlike mv, never over a file that has appeared meanwhile
  else
    keep_backup && is_as_it_was && mv -f "$temporary" "$target"
  fi
}

# The file as it will be: as it was, then our section, with the file's own line ends.
new_text() {
  cr=
  if [ "$hash" != absent ]; then
    cat "$target" || return 1
    ! grep -q "$(printf '\r')\$" "$target" || cr=$(printf '\r')
    case $(tail -c 1 "$target" | od -An -tx1 | tr -d ' \n') in '' | 0a | 0d) ;; *) printf '%s\n' "$cr" ;; esac
    [ ! -s "$target" ] || printf '%s\n' "$cr"
  fi
  section | sed "s/\$/$cr/"
}

fail() { why=$1 && false; }

begins_as_it_was() {
  [ "$hash" = absent ] || [ "$(head -c "$(wc -c < "$target")" "$temporary" | hash_in)" = "$hash" ] || fail "$changed"
}

# Ask the AWS CLI itself for each of our settings in the new file.
is_read_as_meant() {
  (
    AWS_CONFIG_FILE=$temporary
    section | {
      read -r _
      while IFS= read -r line; do
        [ "$(setting "${line%% = *}" 2> /dev/null)" = "${line#* = }" ] || exit 1
      done
    }
  ) || fail "AWS tools would not read the new file as it is meant, so $config is as it was: the engineer tells Onemata."
}

is_as_it_was() { [ "$(hash_of "$target")" = "$hash" ] || fail "$changed"; }

# A second name for the old file: it cannot be cut short, and it never replaces another backup.
keep_backup() {
  stamp=$(date -u +%Y%m%dT%H%M%SZ)
  for number in '' -2 -3 -4 -5 -6 -7 -8 -9; do
    backup=$target.onemata-$stamp$number.bak
    ln "$target" "$backup" 2> /dev/null && return 0
  done
  backup=
  fail "No backup could be made beside $target, so nothing was changed: its owner looks at the folder, then runs this again."
}
