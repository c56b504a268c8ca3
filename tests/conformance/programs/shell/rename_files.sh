touch "My File.txt" "other file.TXT" a.jpeg b.jpeg photo1.png
for f in *; do n=${f// /_}; n=${n,,}; [ "$f" = "$n" ] || mv -- "$f" "$n"; done; ls
for f in *.jpeg; do mv "$f" "${f%.jpeg}.jpg"; done; ls *.jpg
i=1; for f in *.txt; do mv "$f" "$(printf 'doc_%03d.txt' $i)"; ((i++)); done; ls
for f in *; do echo "${f%.*} has extension ${f##*.}"; done
find . -name '*.png' -exec sh -c 'mv "$1" "${1%.png}.bak"' _ {} \;; ls *.bak; mkdir -p by/{txt,jpg}; mv *.txt by/txt/; mv *.jpg by/jpg; find by -type f | sort
