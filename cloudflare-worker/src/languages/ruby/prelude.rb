# What runs around a Ruby program: its arguments and context, its value as JSON, its error with the lines of its own files.
# Everything it needs is taken before the program starts; the constant is removed then.
module WorkerSession
  ROOT = "/session"
  DEPTH_MAX = 32
  NODES_MAX = 20_000
  TEXT_MAX = 200_000
  MESSAGE_MAX = 10_000
  FRAMES_MAX = 60
  SAFE = 2**53 - 1
  ESCAPES = { '"' => '\"', "\\" => "\\\\", "\n" => "\\n", "\r" => "\\r", "\t" => "\\t" }.freeze
  HOOKS = []
  LIBRARY = "/usr/local/lib/ruby/"
  # Ruby installs these as gems: without RubyGems their folders have to be named.
  GEMS = "{abbrev,base64,csv,drb,getoptlong,matrix,minitest,mutex_m,observer,power_assert,prime,rexml,rinda,rss,test-unit}"
  $LOAD_PATH.concat(Dir.glob("/usr/local/lib/ruby/gems/*/gems/#{GEMS}-[0-9]*/lib").sort)
  NO_NETWORK = "cannot load such file -- socket: programs have no sockets here; net/http and open-uri work where a tier has http"
  NO_THREADS = "threads are not available here: call the block directly, or use Fiber or Enumerator"
  # What a library needs to do without threads, once it is loaded.
  AFTER = {
    "minitest" => lambda {
      Minitest::Parallel::Executor.class_eval do
        def start; end
        def shutdown; end
        def <<((test_class, method, reporter))
          Minitest::Runnable.respond_to?(:run) && test_class.run_one_method(test_class, method, reporter)
        end
      end
    },
    "timeout" => lambda {
      # A block cannot be interrupted; that it took too long is said when it ends.
      Timeout.singleton_class.define_method(:timeout) do |seconds, klass = nil, message = nil, &block|
        started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        value = block.call(seconds)
        late = seconds && seconds > 0 && Process.clock_gettime(Process::CLOCK_MONOTONIC) - started > seconds
        raise klass || Timeout::Error, message || "execution expired" if late
        value
      end
    },
    "net/http" => HTTP,
    "open-uri" => OPEN_URI,
  }
  @refused = {}

  class << self
    attr_accessor :refused

    def text(value)
      value = value.encode("UTF-8", invalid: :replace, undef: :replace) unless value.encoding == Encoding::UTF_8
      value = value.scrub("\u{fffd}") unless value.valid_encoding?
      value = value[0, TEXT_MAX] + "…" if value.length > TEXT_MAX
      '"' + value.gsub(/["\\\x00-\x1f\x7f\u2028\u2029]/) { |char| ESCAPES[char] || format("\\u%04x", char.ord) } + '"'
    end

    def shown(value)
      string = value.inspect
      string.is_a?(String) ? string : "?"
    rescue Exception
      "#<object>"
    end

    def json(value)
      @nodes = 0
      convert(value, 0, {}.compare_by_identity)
    end

    def convert(value, depth, open)
      @nodes += 1
      return '"…"' if @nodes > NODES_MAX || depth > DEPTH_MAX
      case value
      when nil then "null"
      when true then "true"
      when false then "false"
      when Integer then value.abs <= SAFE ? value.to_s : text(value.to_s)
      when Float then value.finite? ? value.to_s : "null"
      when String then text(value)
      when Symbol then text(value.to_s)
      when Array, Hash, Struct, Set
        return '"…"' if open[value]
        open[value] = true
        out =
          if value.is_a?(Hash) || value.is_a?(Struct)
            "{" + value.to_h.map { |key, item| text(key.is_a?(String) || key.is_a?(Symbol) ? key.to_s : shown(key)) + ":" + convert(item, depth + 1, open) }.join(",") + "}"
          else
            "[" + value.map { |item| convert(item, depth + 1, open) }.join(",") + "]"
          end
        open.delete(value)
        out
      when Range then text(value.inspect)
      else text(shown(value))
      end
    end

    # What the program sees of a backtrace: its own frames, and the top level under its usual name.
    def frames_of(trace)
      kept = trace.reject { |frame| frame.start_with?("(session)") }
      top = kept.rindex { |frame| frame.end_with?(":in '<compiled>'") }
      (top ? kept[..top] : kept).map { |frame| frame.sub(/:in '<compiled>'\z/, ":in '<main>'") }
    end

    def own(path, names)
      name = path.delete_prefix(ROOT + "/").delete_prefix("./")
      names.include?(name) ? name : nil
    end

    def describe(error, names)
      # Asked of Module itself: a class may answer with anything, or raise.
      type = Module.instance_method(:name).bind_call(error.class) || "Error"
      message =
        begin
          error.detailed_message(highlight: false).to_s.dup.force_encoding("UTF-8").scrub("\u{fffd}")
        rescue Exception
          "<#{type} whose message failed>"
        end
      message = message.gsub(/\e\[[\d;]*m/, "").chomp.sub(/ \(#{Regexp.escape(type)}\)(?=\n|\z)/, "")
      trace =
        begin
          error.backtrace.to_a.map(&:to_s)
        rescue Exception
          []
        end
      frames = trace.reject { |frame| frame.start_with?("(session)", "<internal:", "eval:") || frame.include?("in 'WorkerSession") || frame.include?("in 'Kernel#require") || frame.match?(/\A\S+:in 'Kernel[.#]eval'\z/) }
      frames = frames.map { |frame| frame.scrub("?").delete_prefix(ROOT + "/").sub("'<compiled>'", "'<main>'") }
      file = line = nil
      if error.is_a?(SyntaxError) && (found = message.match(/^(?:--> )?(\S+?):(\d+):/)) && (name = own(found[1], names))
        file, line = name, found[2].to_i
        frames = []
      else
        frames.each do |frame|
          next unless (found = frame.match(/\A(.+?):(\d+):/)) && (name = own(found[1], names))
          file, line = name, found[2].to_i
          break
        end
      end
      frames = frames.first(FRAMES_MAX) + ["... #{frames.size - FRAMES_MAX} more"] if frames.size > FRAMES_MAX
      stack = [frames.empty? ? "#{message} (#{type})" : "#{frames[0]}: #{message} (#{type})", *frames.drop(1).map { |frame| "\tfrom #{frame}" }].join("\n")
      begin
        cause = error.cause
        stack += "\ncaused by #{cause.class}: #{cause.message}".scrub("\u{fffd}") if cause && !cause.equal?(error)
      rescue Exception
        nil
      end
      { "type" => type, "message" => message[0, MESSAGE_MAX], "stack" => stack[0, 2 * MESSAGE_MAX], "file" => file, "line" => line }
    end

    def library_name(path)
      name = path.to_s.delete_suffix(".rb").delete_suffix(".so")
      $LOAD_PATH.each { |folder| name = name.delete_prefix(folder.to_s + "/") }
      name = name.split("/").each_with_object([]) { |part, kept| part == ".." ? kept.pop : (kept.push(part) unless part.empty? || part == ".") }.join("/")
      $LOAD_PATH.each { |folder| name = name.delete_prefix(folder.to_s.delete_prefix("/") + "/") }
      name
    end

    def refuse(path, asker)
      name = library_name(path)
      from = asker&.absolute_path
      from = from&.start_with?(LIBRARY) ? library_name(from) : nil
      matches = ->(library, wanted) { wanted == library || wanted.start_with?(library + "/") }
      return if from && @refused.any? { |library, why| why.nil? && matches.(library, from) }
      @refused.each { |library, why| raise LoadError, why if why && matches.(library, name) }
    end

    # What the program's names hold. Its open files are closed: where it goes on, there are no such files.
    def rest
      top = TOPLEVEL_BINDING
      found = (top.local_variables - [:_, :__error]).sort.map { |name| [name.to_s, top.local_variable_get(name)] }
      found += (global_variables - @given[:globals]).sort.map { |name| [name.to_s, eval(name.to_s, top)] }
      constants = (Object.constants - @given[:constants] - [:WorkerSession, :DATA]).reject { |name| Object.autoload?(name) }
      found += constants.sort.map { |name| [name.to_s, Object.const_get(name)] }
      shown = found.first(500).map { |name, value| [name, value.class.to_s, value.is_a?(Module) ? "#{value.class.to_s.downcase} #{name}" : shown(value)[0, 120]] }
      shown += (Object.private_instance_methods(false) - @given[:methods]).sort.first(200).map { |name| ["#{name}()", "Method", "def #{name}"] }
      ObjectSpace.each_object(File) { |file| file.close unless file.closed? || file.fileno <= 2 }
      GC.start
      "[" + shown.map { |name, type, repr| "{\"name\":#{text(name[0, 120])},\"type\":#{text(type[0, 120])},\"repr\":#{text(repr)}}" }.join(",") + "]"
    end

    def remember
      @given = { globals: global_variables, constants: Object.constants, methods: Object.private_instance_methods(false) }
    end

    # A return at the top ends the program, and would end everything above it here.
    def continue(source, entry)
      ended = false
      value = TOPLEVEL_BINDING.eval(source, entry, 1)
      ended = true
      value
    ensure
      return nil if !ended && $!.nil?
    end

    def main(entry, argv, env, names, refused, context, keep, resumed, edited)
      Dir.chdir(ROOT)
      srand unless resumed
      $LOADED_FEATURES.reject! { |path| path.start_with?(ROOT + "/") } if edited
      Object.send(:remove_const, :DATA) if Object.const_defined?(:DATA, false)
      @refused = refused
      ARGV.replace(argv)
      ENV.update(env)
      $0 = entry
      top = TOPLEVEL_BINDING
      code = 0
      value = nothing = Object.new
      failure = nil
      begin
        names_given = []
        context.call.each do |name, item|
          next unless name.match?(/\A[a-z_][A-Za-z0-9_]*\z/)
          top.local_variable_set(name, item)
          eval("$#{name} = #{name}", top)
          names_given << name
        end
        source = File.read(entry, encoding: "UTF-8")
        if (rest = source.match(/^__END__\r?\n/))
          data = File.open(entry)
          data.seek(rest.byteend(0))
          Object.const_set(:DATA, data)
        end
        # END blocks belong to the end of the process, which never comes here.
        source = source.gsub(/^([ \t]*)END([ \t]*\{)/, "\\1at_exit\\2")
        # Not eval(): only a top-level sequence may say `using` and `return`, and knows its folder. Lines stay where they are.
        given = names_given.empty? ? "" : names_given.map { |name| "#{name} = $#{name}; " }.join
        frozen = source.match?(/\A(#.*\n)*#.*frozen[_-]string[_-]literal:\s*true/i)
        options = given.empty? || !frozen ? {} : { frozen_string_literal: true }
        value =
          if keep
            # Local variables of the program are those of all its runs, also for blocks that an earlier one made.
            continue(source, entry)
          else
            RubyVM::InstructionSequence.compile(given + source, entry, File.expand_path(entry), 1, **options).eval
          end
      rescue SystemExit => ended
        code = ended.status
      rescue Exception => error
        failure = error
      end
      until HOOKS.empty?
        begin
          HOOKS.pop.call
        rescue SystemExit => ended
          code = ended.status
          failure = nil
        rescue Exception => error
          failure = error
        end
      end
      begin
        $stdout.flush
        $stderr.flush
      rescue Exception
        nil
      end
      if failure
        code = failure.is_a?(NoMemoryError) ? 137 : 1
        parts = describe(failure, names).compact.map { |key, item| text(key) + ":" + (item.is_a?(Integer) ? item.to_s : text(item)) }
        return "{\"exitCode\":#{code},\"error\":{#{parts.join(",")}}}"
      end
      # What the session lends to each run is no part of what the runs leave.
      env.each_key { |name| ENV.delete(name) } if keep
      Object.const_set(:WorkerSession, self) if keep && code == 0
      return "{\"exitCode\":#{code}}" if value.equal?(nothing) || value.nil?
      "{\"exitCode\":#{code},\"result\":#{json(value)}}"
    end
  end

  # The system interface has no locale to read ENV by; its texts are UTF-8, as everywhere else here.
  utf8 = lambda do |item|
    case item
    when String then item.encoding == Encoding::UTF_8 ? item : item.dup.force_encoding(Encoding::UTF_8).freeze
    when Array then item.map(&utf8)
    when Hash then item.to_h { |key, value| [utf8.(key), utf8.(value)] }
    else item
    end
  end
  %i[[] fetch to_h to_a values values_at slice].each do |name|
    read = ENV.method(name)
    ENV.define_singleton_method(name) { |*given, &block| utf8.(read.call(*given, &block)) }
  end

  session = self
  traced = Exception.instance_method(:backtrace)
  Exception.define_method(:backtrace) do
    trace = traced.bind_call(self)
    trace && session.frames_of(trace)
  end
  Kernel.module_eval do
    library = instance_method(:require)
    reload = instance_method(:load)
    define_method(:require) do |path|
      asker = caller_locations(1, 1).first
      session.refuse(path, asker)
      next false if session.left_out?(path, asker)
      begin
        loaded = library.bind_call(self, path)
      rescue LoadError => error
        raise error.path == "socket" ? error.class.new(session::NO_NETWORK) : error
      end
      session::AFTER.delete(path)&.call if loaded
      loaded
    end
    define_method(:require_relative) do |path|
      place = caller_locations(1, 1).first
      wanted = File.expand_path(path.to_s, File.dirname(place.absolute_path || File.expand_path(place.path)))
      session.refuse(wanted, place)
      library.bind_call(self, wanted)
    end
    define_method(:load) do |path, wrap = false|
      session.refuse(path, caller_locations(1, 1).first)
      reload.bind_call(self, path, wrap)
    end
    called = instance_method(:caller)
    define_method(:caller) do |start = 1, *rest|
      frames = called.bind_call(self, *(start.is_a?(Integer) ? [start + 1] : [start]), *rest)
      frames && session.frames_of(frames)
    end
    define_method(:at_exit) do |&block|
      raise ArgumentError, "called without block" unless block
      HOOKS.push(block)
      block
    end
    denied = proc do |*|
      raise NotImplementedError, session.refused["system"] || "processes are not available here"
    end
    %i[system spawn fork exec `].each { |name| define_method(name, &denied) }
    private :require, :require_relative, :load, :at_exit, :system, :spawn, :fork, :exec, :`
    singleton_class.define_method(:require, instance_method(:require))
    %i[system spawn fork exec ` at_exit load].each { |name| singleton_class.define_method(name, instance_method(name)) }
    %i[new start fork].each { |name| Thread.singleton_class.define_method(name) { |*| raise NotImplementedError, session::NO_THREADS } }
    IO.singleton_class.define_method(:popen, &denied)
    %i[spawn fork exec daemon].each { |name| Process.singleton_class.define_method(name, &denied) }
  end
end
$stdout.sync = true
$stderr.sync = true
WorkerSession.remember
