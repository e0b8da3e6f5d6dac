# Compare the file with our section, as Python's parser reads it (botocore's, for all AWS tools):
# lines end at \r too, a line indented deeper than the setting above belongs to that setting's value.
# Prints absent, same, other or obstacle, then sentences. Only values known to be harmless are told.
survey() {
  case $(head -c 3 "$target" | od -An -tx1 | tr -d ' \n') in
    efbbbf) cannot_be_read "Line 1: the file begins with a UTF-8 byte order mark, which AWS tools cannot read (Windows editors write it): save it as UTF-8 without BOM." ;;
    fffe* | feff*) cannot_be_read "Line 1: the file is UTF-16: save it as UTF-8 without BOM." ;;
    *)
      if [ "$(tr -d '\000' < "$target" | wc -c)" = "$(wc -c < "$target")" ]; then
        lines_of "$target" | compare_settings
      else
        cannot_be_read "The file holds NUL bytes, as UTF-16 does: save it as UTF-8 text."
      fi
      ;;
  esac
}

cannot_be_read() { printf '%s\n' obstacle "$1" "The owner of the file corrects this; then run this again."; }

lines_of() { LC_ALL=C sed "s/$(printf '\r')\$//" "$1" | tr '\r' '\n'; }

compare_settings() {
  LC_ALL=C profile=$profile section=$(section) harmless=" $harmless " awk '
    function trim(text) { gsub(/^[ \t\v\f]+|[ \t\v\f]+$/, "", text); return text }
    function stop(text) { if (problem == "") problem = "Line " NR ": " text }
    function is_utf8(text) {
      gsub(/[\302-\337][\200-\277]/, "", text)
      gsub(/\340[\240-\277][\200-\277]|\355[\200-\237][\200-\277]|[\341-\354\356\357][\200-\277][\200-\277]/, "", text)
      gsub(/(\360[\220-\277]|[\361-\363][\200-\277]|\364[\200-\217])[\200-\277][\200-\277]/, "", text)
      return text !~ /[\200-\377]/
    }

    # AWS tools take the second word of a title that begins with "profile", quoted or not.
    function begin_section(title,   plain, words, word) {
      if (title in begun && title != "DEFAULT") stop("this section appears twice (first on line " begun[title] ").")
      begun[title] = NR
      plain = title
      gsub(/["\047\\]/, "", plain); gsub(/[ \t\v\f]+/, " ", plain)
      words = split(trim(plain), word, " ")
      is_default = title == "DEFAULT"
      is_ours = words && word[words] == ENVIRON["profile"] && (words == 1 || words == 2 && tolower(word[1]) ~ /^profile/)
      if (!is_ours) return
      if (words == 1 || title !~ /^profile/) ignored = "Line " NR ": AWS tools ignore the section [" title "], because a profile\047s title is [profile " ENVIRON["profile"] "], exactly."
      places = places (ours++ ? " and " : "") "[" title "] (line " NR ")"
    }

    function set(key, value) {
      if (key == "") stop("this is neither a [section] nor key = value.")
      if ((sections, key) in known) stop("this setting appears twice in its section.")
      known[sections, key] = 1
      last = is_ours ? key : ""
      if (is_default && !(key in wanted)) leaks = leaks " " name_of(key)
      if (!is_ours) return
      found[key] = value; line_of[key] = NR
      if (!(key in wanted)) order[++settings] = key
    }

    function name_of(key) { return key ~ /^[a-z][a-z0-9_]*$/ && length(key) < 33 ? key : "a setting with an odd name" }
    function shown(key) { return index(ENVIRON["harmless"], " " key " ") ? "\047" substr(found[key], 1, 200) "\047" : "(not shown)" }
    function hint(key) {
      if (key in folded) return " The indented line below it is read as part of the value."
      if (found[key] ~ /[#;]/) return " AWS tools read a comment behind a value as part of the value."
      if (key in wanted && tolower(found[key]) == tolower(wanted[key])) return " AWS tools want it letter for letter, upper and lower case too."
      if (key == "source_profile") return " AWS tools refuse source_profile together with credential_source."
      if (key == "duration_seconds") return " A role reached through another role ends after an hour at most."
      return ""
    }
    function difference(key) {
      if (!(key in found)) return key " is missing (wanted: " wanted[key] ")."
      if (!(key in wanted)) return "line " line_of[key] ": " name_of(key) " = " shown(key) " is not wanted here." hint(key)
      if (key in folded || found[key] != wanted[key]) return "line " line_of[key] ": " key " is " shown(key) ", wanted \047" wanted[key] "\047." hint(key)
      return ""
    }
    function differences(   i, told, text) {
      for (i = 1; i <= settings && told < 12; i++) {
        text = difference(order[i])
        if (text == "") continue
        if (!told++) print "other\nThe section " places " is there with other content:"
        print text
      }
      return told
    }
    function choose() { print "The owner of the file changes or removes that section, or the parameters name another profile; then run this again." }
    function corrects() { print "The owner of the file corrects this; then run this again." }

    BEGIN {
      count = split(ENVIRON["section"], lines, "\n")
      for (i = 2; i <= count; i++) {
        at = index(lines[i], " = ")
        order[++settings] = substr(lines[i], 1, at - 1)
        wanted[order[settings]] = substr(lines[i], at + 3)
      }
    }
    problem != "" { next }
    !is_utf8($0) { stop("the file is not UTF-8."); next }
    { match($0, /^[ \t\v\f]*/); indent = RLENGTH; text = trim($0) }
    text == "" || text ~ /^[#;]/ { next }
    inside && indent > level { if (last != "") folded[last] = 1; next }
    { level = indent; inside = 0 }
    match(text, /^\[.+\]/) { sections++; begin_section(substr(text, 2, RLENGTH - 2)); next }
    !sections { stop("there is text before the first [section]."); next }
    !match(text, /[=:]/) { stop("this is neither a [section] nor key = value."); next }
    { inside = 1; set(tolower(trim(substr(text, 1, RSTART - 1))), trim(substr(text, RSTART + 1))) }
    END {
      if (problem != "") { print "obstacle\n" problem " AWS tools refuse the whole file."; corrects() }
      else if (ours > 1) { print "other\n" places " are the same profile to AWS tools, and the last one wins."; corrects() }
      else if (ignored != "") { print "other\n" ignored; choose() }
      else if (leaks != "") { print "other\n[DEFAULT] gives its settings to every profile, ours too:" leaks "."; corrects() }
      else if (!ours) print "absent"
      else if (differences()) choose()
      else print "same"
    }
  '
}
