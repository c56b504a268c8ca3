/** Keywords and what is built in, for the languages that CodeMirror only colours. */
const words = (text: string): string[] => text.trim().split(/\s+/);

export const LISTS: Record<string, Record<string, readonly string[]>> = {
  ruby: {
    keyword: words(`alias and begin break case class def defined? do else elsif end ensure false for if in module next nil not or redo
      rescue retry return self super then true undef unless until when while yield __FILE__ __LINE__ __method__`),
    function: words(`attr_accessor attr_reader attr_writer block_given? catch extend format freeze gets include lambda loop p print printf
      private proc protected public puts raise rand require require_relative sleep sprintf throw
      each each_with_index each_with_object map flat_map select filter_map reject reduce inject sum sort sort_by group_by partition zip
      any? all? none? include? first last min max min_by max_by push pop shift unshift join split strip gsub sub upcase downcase
      capitalize length size empty? nil? to_s to_i to_f to_a to_h to_sym keys values fetch dig merge tally times upto downto step`),
    class: words(`Array Hash String Symbol Integer Float Range Struct Data Set Time Comparable Enumerable Kernel Math Proc Random Regexp
      StandardError ArgumentError TypeError NameError NoMethodError RuntimeError ZeroDivisionError KeyError IndexError File Dir JSON`),
  },
  lua: {
    keyword: words('and break do else elseif end false for function goto if in local nil not or repeat return then true until while'),
    function: words(`assert collectgarbage error getmetatable ipairs load next pairs pcall print rawequal rawget rawlen rawset require select
      setmetatable tonumber tostring type xpcall string.byte string.char string.find string.format string.gmatch string.gsub string.len
      string.lower string.match string.rep string.reverse string.sub string.upper table.concat table.insert table.move table.pack
      table.remove table.sort table.unpack math.abs math.ceil math.floor math.fmod math.huge math.max math.maxinteger math.min math.pi
      math.random math.randomseed math.sqrt math.tointeger math.type os.clock os.date os.getenv os.time io.lines io.open io.read io.write
      coroutine.create coroutine.resume coroutine.status coroutine.wrap coroutine.yield utf8.char utf8.codepoint utf8.codes utf8.len`),
  },
  shell: {
    keyword: words('case do done elif else esac fi for function if in select then until while'),
    function: words(`alias awk basename bc cat cd chmod comm cp cut date declare diff dirname echo env eval exec exit export expr false find
      fold getopts grep head jobs join jq kill let ln local ls mapfile mkdir mktemp mv nl paste printf pwd read readonly rev rm rmdir sed seq
      set shift shopt shuf sleep sort source split stat tac tail tar tee test touch tr trap true type uniq unset wait wc xargs yes`),
  },
};
