# One profile's settings in a plain form (no comments, no spacing, sorted), to compare two of them.
settings() {
  tr -d '\r' | profile=$profile awk '
    function trim(text) { gsub(/^[ \t]+|[ \t]+$/, "", text); return text }
    /^[ \t]*([#;]|$)/ { next }
    ours && /^[ \t]/ { print "  " trim($0); next }
    /^[ \t]*\[.*\]/ {
      title = trim($0); sub(/^\[/, "", title); sub(/\][^\]]*$/, "", title)
      gsub(/["\047]/, "", title); gsub(/[ \t]+/, " ", title)
      bare = trim(title); sub(/^[Pp][Rr][Oo][Ff][Ii][Ll][Ee] /, "", bare)
      ours = bare == ENVIRON["profile"] || title == "DEFAULT"
      if (ours) print "[" title "]"
      next
    }
    ours { split_at = match($0, /[=:]/); print tolower(trim(substr($0, 1, split_at - 1))) " = " trim(substr($0, split_at + 1)) }
  ' | LC_ALL=C sort
}

# The file as it will be: as it was, then our section, with the file's own line ends.
new_text() {
  cr=
  if [ "$hash" != absent ]; then
    cat "$target"
    ! grep -q "$(printf '\r')\$" "$target" || cr=$(printf '\r')
    [ -z "$(tail -c 1 "$target")" ] || printf '%s\n' "$cr"
    [ ! -s "$target" ] || printf '%s\n' "$cr"
  fi
  section | sed "s/\$/$cr/"
}

# Whether the file begins with the whole of what is there now.
is_as_meant() {
  [ "$hash" = absent ] || [ "$(head -c "$(wc -c < "$target")" "$1" | hash_in)" = "$hash" ]
}

stop() {
  printf '\n%s\n%s\n' "STOPPED, nothing was changed: $1" "$2"
  exit 1
}

user=$(id -un)
[ -z "${AWS_CONFIG_FILE-}" ] || stop "AWS_CONFIG_FILE is set, so AWS tools do not read ~/.aws/config." \
  "Run: unset AWS_CONFIG_FILE   then paste this block again."
command -v aws > /dev/null || stop "the AWS CLI (aws) is not installed here." "Install it, then paste this block again."
look
found=
if [ "$hash" != absent ]; then
  [ "$(head -c 3 "$target" | od -An -tx1 | tr -d ' \n')" != efbbbf ] ||
    stop "$config begins with a byte order mark, which AWS tools cannot read." "Save it as UTF-8 without BOM."
  ! aws configure get region --profile default 2>&1 < /dev/null | grep -q 'Unable to parse config file' ||
    stop "AWS tools cannot read $config: a section twice, text outside sections, or not UTF-8." "Mend the file first."
  found=$(settings < "$target")
fi

if [ "$found" = "$(section | settings)" ]; then
  echo "The profile is in $config already. Nothing to change."
elif [ -n "$found" ]; then
  stop "$config has other settings for this profile:" "$found"
elif [ -n "$refusal" ]; then
  stop "$refusal" ""
elif place; then
  echo "The profile was added to $config. Backup: ${backup:-none needed, the file is new}"
else
  stop "$config could not be replaced." "See the message above."
fi
