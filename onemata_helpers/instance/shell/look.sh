# What is there: $config, $target (where a link leads), $hash ("absent" without a file), $refusal.
umask 077
dir=$HOME/.aws
config=$dir/config

hash_in() { sha256sum | cut -d ' ' -f 1; }
hash_of() { hash_in < "$1"; }
is_mine() { [ "$(stat -L -c %u "$1")" = "$(id -u)" ]; }
may_be_written() { case $(stat -L -c %A "$1") in ??w*) [ -w "$1" ] ;; *) false ;; esac; }

look() {
  target=$config hash=absent
  [ ! -e "$config" ] || target=$(readlink -f "$config")
  [ ! -r "$target" ] || [ ! -f "$target" ] || hash=$(hash_of "$target")
  refusal=$(obstacle)
}

# The first thing that keeps us from changing the file, as a sentence; nothing if all is well.
obstacle() {
  parent=$(dirname "$target")
  if [ ! -d "$HOME" ]; then
    echo "The home directory $HOME is not there: $user logs in once, or the administrator makes it."
  elif [ -L "$dir" ] && [ ! -e "$dir" ] || [ -e "$dir" ] && [ ! -d "$dir" ]; then
    echo "$dir is not a directory: $user moves it away."
  elif [ ! -e "$dir" ]; then
    [ -w "$HOME" ] || echo "$user may not write in $HOME: the administrator gives it back."
  elif [ ! -x "$dir" ]; then
    echo "$user may not enter $dir: the administrator of the instance gives it back to $user."
  elif [ -L "$config" ] && [ ! -e "$config" ]; then
    echo "$config is a link to $(readlink "$config"), which is not there: $user mends or removes it."
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
