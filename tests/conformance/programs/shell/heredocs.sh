name=Ann
cat <<EOF
Dear $name,
  Sum: $((2 + 2)) Date: $(echo today)
	tab and \$escaped \\ "quotes" 'single'
EOF
cat <<'EOF'
Raw $name $(date) \n
EOF
cat <<-EOF
	indented with tabs
		both removed
	EOF
wc -w <<< "three little words"
cat << A; cat << B
first
A
second
B
while read -r l; do echo "> $l"; done <<X
one
two
X
f() { cat <<E
in function $1
E
}
f arg
cat <<EOF | tr a-z A-Z
piped
EOF
x=$(cat <<'END'
it's "quoted" $here
END
)
echo "$x"
cat > out.txt <<EOF
to file
EOF
cat out.txt
read -r a b <<< "x y z"; echo "$a|$b"
cat <<EOF
back\
slash join
${name:-"def"} ${none:-a b}
EOF
