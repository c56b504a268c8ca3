require "bigdecimal"
puts (BigDecimal("0.1") + BigDecimal("0.2")).to_s("F"), BigDecimal("1.10") == BigDecimal("1.1")
