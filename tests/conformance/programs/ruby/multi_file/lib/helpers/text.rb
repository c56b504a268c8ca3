module Text
  def self.title(s) = s.split.map(&:capitalize).join(" ")
end
