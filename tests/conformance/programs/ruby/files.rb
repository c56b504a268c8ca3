File.write("notes.txt", "one\ntwo\n")
File.open("notes.txt", "a") { |f| f.puts "three"; f.print "four", 4; f << "!" }
puts File.read("notes.txt"), File.size("notes.txt"), File.exist?("nope"), File.extname("a/b.rb"), File.basename("a/b.rb", ".rb"), File.dirname("a/b/c"), File.join("x", "y"), File.expand_path("/a/../b")
File.foreach("notes.txt").with_index(1) { |line, i| puts "#{i}: #{line.chomp}" }
File.open("notes.txt") { |f| p f.gets, f.readline, f.pos, f.eof?, f.read(3), f.rewind, f.each_char.first(2), f.lineno }
Dir.mkdir("d")
File.write("d/a.txt", "a")
File.binwrite("d/b.bin", [0, 255].pack("C*"))
p Dir.children("d").sort, Dir.glob("d/*").sort, Dir.exist?("d"), File.file?("d"), File.binread("d/b.bin").bytes, File.stat("d/a.txt").size, Dir.entries("d").sort, IO.readlines("notes.txt", chomp: true).size
File.rename("d/a.txt", "d/c.txt")
File.delete("d/c.txt", "d/b.bin")
Dir.rmdir("d")
begin
  File.read("missing.txt")
rescue Errno::ENOENT => e
  puts e.message, e.class
end
begin
  File.open("notes.txt", "r") { |f| f.write("x") }
rescue IOError => e
  puts e.message
end
require "tempfile"
require "fileutils"
require "pathname"
FileUtils.mkdir_p("deep/er")
FileUtils.touch("deep/er/x")
FileUtils.cp("notes.txt", "deep/copy.txt")
p Pathname.new("deep").join("er").children.map(&:to_s), Pathname("a/b.txt").extname, Pathname("deep/copy.txt").read.size
FileUtils.rm_rf("deep")
require "stringio"
io = StringIO.new("x\ny\n")
out = StringIO.new
out.puts io.gets, io.read
p out.string, __FILE__, __LINE__, __dir__.nil?
puts DATA.read
__END__
data after the end
with two lines
