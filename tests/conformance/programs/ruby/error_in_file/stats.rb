module Stats
  def self.mean(values)
    values.sum.fdiv(values.size)
  end
end
