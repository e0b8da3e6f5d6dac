# The file as it will be: as it is, then the addition.
new_text() {
  [ "$hash" = absent ] || cat "$target"
  addition
}

# Whether the file is just the one that was read, with just the addition at its end.
is_as_meant() {
  old_size=$(($(wc -c < "$1") - added_size))
  [ "$old_size" -ge 0 ] && [ "$(tail -c "$added_size" "$1" | hash_in)" = "$added_hash" ] || return 1
  if [ "$expected" = absent ]; then
    [ "$old_size" = 0 ]
  else
    [ "$(head -c "$old_size" "$1" | hash_in)" = "$expected" ]
  fi
}

backup='' outcome=refused
look
if [ "$hash" != absent ] && is_as_meant "$target"; then
  outcome=nothing refusal=
elif [ -z "$refusal" ] && [ "$hash" != "$expected" ]; then
  refusal="$config is not as it was when it was read: somebody changed it meanwhile. Plan again."
elif [ -z "$refusal" ] && place; then
  outcome=written
elif [ -z "$refusal" ]; then
  refusal="$config could not be replaced, and is as it was: see the error output, then plan again."
fi
why=$refusal
look
echo "== onemata report: config"
say_facts
say outcome "$outcome"
say backup "$backup"
say refusal "$why"
echo "== onemata report ends"
[ "$outcome" != refused ]
