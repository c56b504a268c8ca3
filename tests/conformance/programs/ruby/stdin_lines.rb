words = Hash.new(0)
$stdin.each_line { |line| line.split.each { |word| words[word.downcase.delete(".,")] += 1 } }
words.sort_by { |word, count| [-count, word] }.each { |word, count| puts "#{word.ljust(6)}#{count}" }
