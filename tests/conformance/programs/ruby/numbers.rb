p 7 / 2, -7 / 2, 7 % 3, -7 % 3, 7.fdiv(2), 7.divmod(-2), 2**10, 2**-1, 2**100, 10.0 / 3, 1e20.to_i, 0.1 + 0.2, 1_000_000, 0xff, 0b101, 0o17, 3.7.to_i, 3.7.round, -3.7.truncate, 3.14159.round(2), 1234.567.round(-2), 2.5.round, 3.5.round, 2.5.round(half: :even), 10.pow(20, 7), 10.gcd(4), 10.lcm(4), 255.to_s(2), "ff".to_i(16), 5.clamp(1, 3), -5.abs, 5.pred, 3.zero?, 0.zero?, 5.between?(1, 9), 10.digits, 3.7 % 1, 1.0.nan?, (0.0 / 0).nan?, 1 / 0.0
begin
  1 / 0
rescue ZeroDivisionError => e
  puts e.message
end
p Integer("42"), Integer("0b11", 2) , Float("3.5"), Rational(1, 3) + Rational(1, 6), 0.75.to_r, 1r / 3, Complex(1, 2) * Complex(3, -1), Integer.sqrt(17), Math.sqrt(16), Math::PI.round(5), Math.hypot(3, 4), Math.log(8, 2), 10.0.to_s, 1e100.to_s, 1e15, 1e16, 123456789.123456789, 100.0, 1e-5, 5.to_f, 3.to_c, 1 <=> 2, 1 == 1.0, 1.eql?(1.0), 1.equal?(1), 1.hash == 1.0.hash, 4.2.floor, 4.2.ceil, 15.pow(2), 5.bit_length, 6 & 3, 6 | 3, 6 ^ 3, ~6, 1 << 40, -1 >> 1, 10.0.floor(-1), 1234567.89.to_s.reverse.scan(/\d{1,3}/).size
begin
  Integer("12x")
rescue ArgumentError => e
  puts e.message
end
begin
  Float("abc")
rescue ArgumentError => e
  puts e.message
end
begin
  nil + 1
rescue NoMethodError => e
  puts e.message
end
begin
  5 + nil
rescue TypeError => e
  puts e.message
end
begin
  5 + "5"
rescue TypeError => e
  puts e.message
end
begin
  [1, "a"].sort
rescue ArgumentError => e
  puts e.message
end
begin
  Math.sqrt(-1)
rescue Math::DomainError => e
  puts e.message
end
puts (1..25).reduce(:*), 3.times.to_a.inspect, 5.downto(3).to_a.inspect, 1.upto(3).map { |i| i * i }.inspect, 10.digits.sum, (1..20).select { |n| (2..Math.sqrt(n)).none? { |d| (n % d).zero? } && n > 1 }.inspect, 1234567.to_s.gsub(/(\d)(?=(\d{3})+$)/, '\1,'), rand.between?(0, 1), Random.new(42).rand(100), Random.new(42).rand, [1, 2, 3].shuffle(random: Random.new(1)).inspect
