# Everything below happens as the user whose file it is, also when this starts as root: then the
# system itself keeps us from files that are not the user's.
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/snap/bin
entry=$(getent passwd "$user")
uid=$(printf '%s' "$entry" | cut -d: -f3)
home=$(printf '%s' "$entry" | cut -d: -f6)

cannot_start() {
  printf '%s\n' "== onemata report: $report" "asked: $asked" "user: $user" "why: $1" "== onemata report ends"
  exit 1
}

# The AWS CLI from "pip install --user" is there. Only the user looks there, never root.
users_path=$PATH:$home/.local/bin

as_user() {
  if [ "$(id -u)" = "$uid" ]; then
    env HOME="$home" PATH="$users_path" sh -s
  elif command -v runuser > /dev/null; then
    runuser -u "$user" -- env HOME="$home" PATH="$users_path" sh -s
  else
    home=$home path=$users_path su -s /bin/sh "$user" -c 'HOME=$home PATH=$path exec sh -s'
  fi
}

if [ -z "$uid" ]; then
  cannot_start "There is no user $user on this instance: correct the user in the parameters."
elif [ "$(id -u)" != "$uid" ] && [ "$(id -u)" != 0 ]; then
  cannot_start "This ran as $(id -un), who may not act for $user: run it as root or as $user."
fi
