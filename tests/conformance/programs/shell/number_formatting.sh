commas() { local n=$1 s=; while ((${#n} > 3)); do s=",${n: -3}$s"; n=${n%???}; done; echo "$n$s"; }; commas 1234567; commas 999; commas 1000
roman() { local n=$1 out= i; local v=(1000 900 500 400 100 90 50 40 10 9 5 4 1) s=(M CM D CD C XC L XL X IX V IV I); for i in "${!v[@]}"; do while ((n >= v[i])); do out+=${s[i]}; ((n -= v[i])); done; done; echo $out; }; roman 1994; roman 2024; roman 4
round() { printf '%.0f\n' "$1"; }; round 2.5; round 3.5; round 2.4
hms() { printf '%02d:%02d:%02d\n' $(($1 / 3600)) $(($1 % 3600 / 60)) $(($1 % 60)); }; hms 3725; hms 59
bytes() { local b=$1 u=(B KB MB GB) i=0; while ((b >= 1024 && i < 3)); do b=$((b / 1024)); ((i++)); done; echo "$b${u[i]}"; }; bytes 500; bytes 2048; bytes 5242880
printf '%05.2f|%+.3d|% d|%x\n' 3.14159 7 42 255; echo $((10#08 + 1)); numfmt --to=iec 2048
