# The report that the runbook reads.
say() { printf '%s: %s\n' "$1" "$(printf '%s' "$2" | tr '\r\n' '??')"; }

say_facts() {
  say user "$user"
  say home "$HOME"
  say path "$config"
  say target "$target"
  [ ! -e "$target" ] || say owner "$(stat -c %U "$target")"
  [ ! -e "$target" ] || say mode "$(stat -c %a "$target")"
  say sha256 "$hash"
}
