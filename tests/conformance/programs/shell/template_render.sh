cat > t.tpl <<'E'
Hello {{name}},
your order {{order}} of {{count}} items costs {{total}}.
{{missing}}
E
declare -A v=([name]=Ann [order]=A-17 [count]=3 [total]='$9.99')
render() { local line k; while IFS= read -r line; do while [[ $line =~ \{\{([a-z]+)\}\} ]]; do k=${BASH_REMATCH[1]}; line=${line//"{{$k}}"/${v[$k]-?}}; done; echo "$line"; done < "$1"; }
render t.tpl
sed -e 's/{{name}}/Bob/' -e 's/{{[a-z]*}}/X/g' t.tpl
name=Eve; eval "cat <<E
Dear $name, \$((1 + 2))
E"
