# HTTP for a Ruby program: the connections of net/http end at the isolate's gateway, so open-uri and what builds on it work as they are.
# Nothing here judges an address: the gateway outside the isolate does, and its refusals are raised as errors.
class SocketError < StandardError; end

# What the gateway answers when a request was not made.
class NetworkDeniedError < SocketError
  attr_accessor :code, :host
end

class NetworkLimitError < SocketError
  attr_accessor :code, :host
end

module WorkerSession
  SESSION = self
  # What is written there is a request, what is read the answer: see line.ts.
  LINE = "/gateway/line"
  CHUNK_BYTES = 65_536
  PRIVATE = %w[authorization cookie].freeze
  HTTP_ERRORS = { "network_denied" => NetworkDeniedError, "network_limit" => NetworkLimitError }.freeze
  # What these ask for is not there, and not needed for what is left of them.
  WITHOUT_SOCKETS = { "net/protocol" => %w[socket io/wait], "net/http" => %w[resolv] }.freeze

  class << self
    def ask(*parts)
      status, *rest = File.open(LINE, "r+b") do |line|
        line.syswrite([parts.size, *parts.map(&:bytesize)].pack("N*"))
        parts.each { |part| line.syswrite(part) unless part.empty? }
        count = take(line, 4).unpack1("N")
        take(line, 4 * count).unpack("N*").map { |size| take(line, size) }
      end
      return [status, *rest] unless status.empty?

      code, host, message = rest.map { |text| text.force_encoding("UTF-8") }
      error = HTTP_ERRORS.fetch(code, SocketError).new(message)
      error.code, error.host = code, host if error.respond_to?(:code=)
      raise error
    rescue Errno::ENOSPC
      raise NetworkLimitError, "network_limit: the request is larger than a run may send"
    end

    def take(line, size)
      bytes = "".b
      bytes << line.sysread([size - bytes.bytesize, CHUNK_BYTES].min) while bytes.bytesize < size
      bytes
    end

    def left_out?(path, asker)
      place = asker&.absolute_path
      place&.start_with?(LIBRARY) && WITHOUT_SOCKETS[library_name(place)]&.include?(path)
    end

    def origin(uri)
      [uri.scheme, uri.hostname, uri.port]
    end
  end

  # Looks like a connected socket. What is written is read as a request; when it is whole, it is made.
  class Connection
    def initialize(origin)
      @origin = origin
      @answer = nil
      @closed = false
      begin_anew
    end

    def write_nonblock(bytes, exception: true)
      (@headers ? @body : @head) << bytes.b
      open_body if @headers.nil? && @head.include?("\r\n\r\n")
      exchange if @headers && whole?
      bytes.bytesize
    end

    def read_nonblock(size, _into = nil, exception: true)
      part = @answer&.byteslice(0, size)
      return nil if part.nil? || part.empty?

      @answer = @answer.byteslice(size..) || "".b
      part
    end

    def eof? = @answer.nil? || @answer.empty?
    def wait_readable(_timeout = nil) = eof? ? nil : self
    def wait_writable(_timeout = nil) = self
    def to_io = self
    def closed? = @closed
    def close = @closed = true

    private

    def begin_anew
      @head = "".b
      @body = "".b
      @headers = nil
    end

    def open_body
      @head, _, body = @head.partition("\r\n\r\n")
      @body << body
      @first, *lines = @head.split("\r\n")
      @headers = lines.map { |line| line.split(":", 2).map(&:strip) }
      known = @headers.to_h { |name, value| [name.downcase, value] }
      @chunked = known["transfer-encoding"].to_s.casecmp?("chunked")
      @length = known["content-length"].to_i
    end

    def whole? = @chunked ? @body.end_with?("0\r\n\r\n") : @body.bytesize >= @length

    def exchange
      method, target, = @first.split(" ", 3)
      url = target.match?(%r{\Ahttps?://}i) ? target : @origin + target
      body = @chunked ? unchunked(@body) : @body
      headers = @headers.flatten
      begin_anew
      status, reason, content, *fields = SESSION.ask(method, url, body, *headers)
      told = fields.each_slice(2).reject { |name, _| %w[transfer-encoding connection].include?(name) || (name == "content-length" && method != "HEAD") }
      told << ["content-length", content.bytesize] unless method == "HEAD"
      @answer = "HTTP/1.1 #{status} #{reason}\r\n".b << told.map { |name, value| "#{name}: #{value}\r\n".b }.join << "\r\n" << content
    end

    def unchunked(body)
      whole = "".b
      until (size = body.to_i(16)).zero?
        start = body.index("\r\n") + 2
        whole << body.byteslice(start, size)
        body = body.byteslice((start + size + 2)..)
      end
      whole
    end
  end

  # What net/http and open-uri name of a library that is not there.
  module OpenSSL
    module SSL
      VERIFY_NONE = 0
      VERIFY_PEER = 1
      SSLError = Class.new(StandardError)
    end

    module X509
      class Store
        %i[add_path add_file add_cert set_default_paths].each { |name| define_method(name) { |*| self } }
      end
    end
  end

  HTTP = lambda {
    # Certificates are checked by the gateway, always: what is said of them is taken and not used.
    Object.const_set(:OpenSSL, OpenSSL)
    session = self
    Net::HTTP.class_eval do
      define_method(:connect) do
        host = address.include?(":") ? "[#{address}]" : address
        line = session::Connection.new("#{use_ssl? ? "https" : "http"}://#{host}:#{port}")
        @socket = Net::BufferedIO.new(line, read_timeout: @read_timeout, write_timeout: @write_timeout, continue_timeout: @continue_timeout, debug_output: @debug_output)
        @last_communicated = nil
        on_connect
      end
      private :connect
    end
  }

  OPEN_URI = lambda {
    session = self
    OpenURI.singleton_class.class_eval do
      follow = instance_method(:open_loop)
      # What was meant for one origin is not told to another, whatever a redirect says.
      define_method(:open_loop) do |uri, options|
        given = options[:request_specific_fields]
        own, rest = options.partition { |name, _| name.is_a?(String) && session::PRIVATE.include?(name.downcase) }.map(&:to_h)
        first = true
        fields = lambda do |to|
          more = given.respond_to?(:call) ? given.call(to) : (first ? given : nil)
          first = false
          (session.origin(to) == session.origin(uri) ? own : {}).merge(more || {})
        end
        follow.bind_call(self, uri, rest.merge(request_specific_fields: fields))
      end
    end
  }
end
