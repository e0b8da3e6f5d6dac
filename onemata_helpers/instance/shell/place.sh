# Put what new_text prints in the file's place. At any moment $target is the whole old or the whole
# new file, and the old one stays beside it as the backup.
place() {
  [ -d "$dir" ] || mkdir "$dir" || return 1
  parent=$(dirname "$target")
  exec 9< "$parent"
  ! command -v flock > /dev/null || flock -n 9 || return 1
  temporary=$(mktemp "$parent/.onemata-XXXXXX") || return 1
  trap 'rm -f "$temporary"' EXIT
  trap 'exit 1' HUP INT TERM
  [ "$hash" = absent ] || cp -p "$target" "$temporary" || return 1 # the same owner, group and mode
  new_text > "$temporary" || return 1
  is_as_meant "$temporary" || return 1
  sync "$temporary" 2> /dev/null
  if [ "$hash" = absent ]; then
    ln "$temporary" "$target" # unlike mv, never over a file that has appeared meanwhile
  else
    keep_backup && [ "$(hash_of "$target")" = "$hash" ] && mv -f "$temporary" "$target"
  fi
}

# A second name for the old file: it cannot be cut short, and it never replaces another backup.
keep_backup() {
  stamp=$(date -u +%Y%m%dT%H%M%SZ)
  for number in '' -2 -3 -4 -5 -6 -7 -8 -9; do
    backup=$target.onemata-$stamp$number.bak
    ln "$target" "$backup" 2> /dev/null && return 0
  done
  backup=
  return 1
}
