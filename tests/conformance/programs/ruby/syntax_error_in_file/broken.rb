def fine = 1
class Broken
  def oops
