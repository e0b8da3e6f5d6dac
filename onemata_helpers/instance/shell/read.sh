look
if [ "$hash" != absent ] && ! mask < "$target" > /dev/null; then
  refusal="The secrets in $target cannot be hidden (awk fails here), so it is not read: use configure: manual."
elif [ "$hash" != absent ] && [ "$(mask < "$target" | wc -c)" -gt "$size_cap" ]; then
  refusal="$target holds more than the $size_cap bytes that a report can carry: use configure: manual."
elif [ "$hash" != absent ]; then
  content=$(mask < "$target" | base64 | tr -d '\n')
  content_hash=$(mask < "$target" | hash_in)
fi
echo "== onemata report: config"
say_facts
say refusal "$refusal"
say content_sha256 "${content_hash-}"
say content "${content-}"
echo "== onemata report ends"
