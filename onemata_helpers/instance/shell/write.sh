# The file as it will be: as it is, then the addition.
new_text() {
  [ "$hash" = absent ] || cat "$target"
  addition
}

backup='' outcome=refused
look
if [ "$hash" = "$new_hash" ]; then
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
