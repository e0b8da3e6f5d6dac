look
if [ "$hash" != absent ] && [ "$(wc -c < "$target")" -gt "$size_cap" ]; then
  refusal="$target is larger than $size_cap bytes, more than a report can carry: use configure: manual."
elif [ "$hash" != absent ]; then
  content=$(base64 < "$target" | tr -d '\n')
fi
echo "== onemata report: config"
say_facts
say refusal "$refusal"
say content "${content-}"
echo "== onemata report ends"
