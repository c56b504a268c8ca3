cat > d.json <<'E'
{"name": "Ann", "age": 30, "tags": ["a", "b"], "address": {"city": "Rome", "zip": null}, "items": [{"id": 1, "price": 9.5}, {"id": 2, "price": 20}]}
E
jq .name d.json; jq -r .name d.json; jq .age d.json; jq -c . d.json; jq '.tags[0]' d.json; jq -r '.tags[]' d.json; jq .address.city d.json
jq '.items | length' d.json; jq '.items[].price' d.json; jq '[.items[] | select(.price > 10)]' d.json; jq -c '.items | map(.id)' d.json
jq '.items | map(.price) | add' d.json; jq -r '.items[] | "\(.id): \(.price)"' d.json; jq 'keys' -c d.json; jq -c 'to_entries[0]' d.json
jq '.missing' d.json; jq '.missing // "default"' d.json; jq -e .missing d.json; echo $?; jq 'has("name")' d.json; jq '.address | type' d.json
jq -n '{a: 1, b: [1, 2]}'; jq -c '.age += 1 | {name, age}' d.json; jq --arg x hi -n '$x'; jq --argjson n 5 -n '$n + 1'; jq -c 'del(.items, .address)' d.json
jq -c '.items | sort_by(-.price) | .[0]' d.json; jq -c '.items | group_by(.price > 10) | map(length)' d.json; jq -r '.tags | join(",")' d.json; jq -r '.items[] | [.id, .price] | @csv' d.json
echo '[3,1,2]' | jq -c 'sort, max, min, reverse'; echo '"a,b"' | jq -c 'split(",")'; echo '{"a":1}{"a":2}' | jq .a; echo '{"a":1}{"a":2}' | jq -s -c 'map(.a)'
echo '[1,2,3]' | jq 'map(. * 2) | .[1:]' -c; echo '{"x":{"y":1}}' | jq -c 'paths'; jq -r 'if .age > 18 then "adult" else "minor" end' d.json; echo '"2"' | jq 'tonumber + 1'; jq -n '[range(3)]' -c; jq -n '"x" * 3'
echo bad | jq . 2>/dev/null || echo invalid; jq -S -c '{b: 1, a: 2}' <<< null; jq 'with_entries(.value |= tostring)' -c <<< '{"a":1}'; jq -c 'reduce .[] as $i (0; . + $i)' <<< '[1,2,3]'; jq -r '.[] | test("^a")' <<< '["ab","b"]'
