echo {a,b,c} {1..5} {a..e} {5..1} {01..10..3} {z..w}
echo pre{1,2}post x{a,{b,c}}y {a,b}{1,2}
echo {1..10..2} {10..0..5} {-2..2}
echo "{a,b}" \{a,b\} {a} {} {,x}
echo a{b,c{d,e}}f
mkdir -p proj/{src,test,docs}/{a,b}; find proj -type d | sort
echo {1..3}{a,b}
n=3; echo {1..$n}; eval echo {1..$n}
echo {1..20000} | wc -w
echo file{1..3}.{txt,md}
echo {A..C}{1..2}
echo {"x y",z}
v=1; echo {$v,2}
echo ${v}{a,b}
