echo -n "Hello" | base64; echo "SGVsbG8=" | base64 -d; echo
head -c 100 /dev/zero | base64 -w 40; echo "data" | base32
printf 'abc\n' | od -c; printf 'ABC' | od -An -tx1; printf '\x01\x02\xff' | od -tu1; printf 'hi' | od -A d -t x2
printf 'Hello, World!\n' | xxd; printf 'abc' | xxd -p; echo 48656c6c6f | xxd -r -p; echo; printf 'AB' | xxd -b
printf 'Hello World 12345' | hexdump -C; printf 'abcd' | hexdump
echo -n abc | md5sum; echo -n abc | sha1sum | cut -c1-10; echo -n abc | sha256sum | cut -d' ' -f1; echo -n | sha512sum | cut -c1-20
echo data > f; md5sum f > sums; md5sum -c sums; echo changed > f; md5sum -c sums 2>/dev/null || echo mismatch
echo hello | cksum; printf 'a\0bc\0' | strings -n1
printf 'caf\xc3\xa9' | wc -c; printf 'caf\xc3\xa9' | wc -m; printf '\xff\xfe' | od -An -tx1
printf '%d\n' "'a"; printf "\\$(printf '%03o' 65)\n"; printf '\x$(printf %x 66)\n'
echo {0..15} | tr ' ' '\n' | while read n; do printf '%02x ' $n; done; echo
