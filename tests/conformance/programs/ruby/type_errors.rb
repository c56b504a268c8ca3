def attempt(label)
  puts "#{label}: #{yield.inspect}"
rescue => e
  puts "#{label}: #{e.class}: #{e.message}"
end
attempt("args") { [].first("x") }
attempt("const") { MissingConstant }
attempt("undefined") { undefined_thing }
attempt("frozen") { [1].freeze << 2 }
attempt("range") { [1, 2].fetch(10) }
attempt("key") { { a: 1 }.fetch(:b) }
attempt("convert") { Integer([]) }
attempt("float") { "abc".to_f }
attempt("compare") { 3 < "x" }
attempt("wrong number") { "x".center }
attempt("stop") { [].each.next }
attempt("fdomain") { Integer("z", 36) }
attempt("encoding") { "é".encode("US-ASCII") }
attempt("regexp") { Regexp.new("(") }
attempt("superclass") { Class.new(5) }
attempt("io error") { raise IOError, "later" }
attempt("io") { File.open("missing.txt") }
attempt("symbol") { :a.unknown }
attempt("stack") { f = ->(n) { f.(n + 1) }; f.(0) }
