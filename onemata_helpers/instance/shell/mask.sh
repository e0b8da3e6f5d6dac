# The file without its secrets, since Systems Manager keeps what is printed: comments, and the values
# of all but a few settings, are hidden. Python's parser reads it like the file itself: lines end
# at \r too, and a line indented deeper than the setting above belongs to that setting's value.
mask() {
  { cat && echo; } | LC_ALL=C harmless=" $harmless " awk '
    # One byte that is not UTF-8 stands for all that were hidden.
    function stain(text) {
      gsub(/[\302-\337][\200-\277]/, " ", text)
      gsub(/\340[\240-\277][\200-\277]|\355[\200-\237][\200-\277]|[\341-\354\356\357][\200-\277][\200-\277]/, " ", text)
      gsub(/(\360[\220-\277]|[\361-\363][\200-\277]|\364[\200-\217])[\200-\277][\200-\277]/, " ", text)
      return text ~ /[\200-\377]/ ? "\377" : ""
    }
    function is_harmless(key) {
      sub(/[ \t\v\f]+$/, "", key)
      return key !~ /[ \t\v\f]/ && index(ENVIRON["harmless"], " " tolower(key) " ")
    }
    # A line of a value may be anything, so what stands before its sign may be secret too.
    function masked_inside(text,   sign, key) {
      sign = text ~ /=/ ? " =" : ":"
      if (!match(text, /[=:]/)) return "hidden"
      key = substr(text, 1, RSTART - 1)
      return (is_harmless(key) ? key : "hidden") sign " hidden"
    }
    function masked(line,   indent, text) {
      match(line, /^[ \t\v\f]*/)
      indent = RLENGTH
      text = substr(line, indent + 1)
      if (text == "") return line
      if (text ~ /^[#;]/) return "#" stain(text)
      if (inside && indent > level) return substr(line, 1, indent) masked_inside(text) stain(text)
      level = indent
      if (match(text, /^\[.+\]/)) {
        inside = 0
        return substr(line, 1, indent + RLENGTH) stain(substr(text, RLENGTH + 1))
      }
      if (!match(text, /[=:]/)) return "hidden" stain(text)
      inside = 1
      if (is_harmless(substr(text, 1, RSTART - 1)) || substr(text, RSTART + 1) !~ /[^ \t\v\f]/) return line
      return substr(line, 1, indent + RSTART) " hidden" stain(substr(text, RSTART + 1))
    }
    # After a byte order mark nothing is read: the file is refused.
    NR == 1 && match($0, /^(\357\273\277|\377\376|\376\377)/) { printf "%s", substr($0, 1, RLENGTH); refused = 1 }
    refused { next }
    {
      printf "%s", (NR > 1 ? "\n" : "")
      count = split($0, pieces, "\r")
      for (i = 1; i <= count; i++) printf "%s%s", (i > 1 ? "\r" : ""), masked(pieces[i])
    }
  '
}
