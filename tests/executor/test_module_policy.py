"""Promise: in every language and every tier each road to a module is open or closed as the one table says, by the runtime."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from executor import modules, pricing
from executor.pool import LocalPool, PoolLimits
from executor.runner import Job
from executor.wire import OutputFrame, TextFile
from tests.support.runs import MB, carry, order

TIERS = {tier.name: tier for tier in pricing.TIERS}
EXTENSIONS = {"javascript": "js", "python": "py", "ruby": "rb", "lua": "lua", "shell": "sh"}

# Each prints {road: {module: what came of it}}; "open" is a road that led somewhere or to a module that is not there.
PROBES = {
    "javascript": """
const roads = {
  require: (name) => require(name), prefixed: (name) => require("node:" + name),
  import: (name) => import(name), computed: (name) => import(["node", name].join(":")),
  builtin: (name) => process.getBuiltinModule(name),
};
const seen = {};
for (const [road, walk] of Object.entries(roads)) {
  seen[road] = {};
  for (const name of NAMES) {
    try { await walk(name); seen[road][name] = "open"; }
    catch (error) { seen[road][name] = error.code === "ERR_MODULE_NOT_ALLOWED" ? error.message : "open"; }
  }
}
console.log(JSON.stringify(seen));
""",
    "python": """
import importlib, json
def statement(name):
    exec("import " + name, {})
def inner(name):
    exec(f"from {name} import __doc__", {})
roads = {"import": statement, "from": inner, "builtin": __import__, "importlib": importlib.import_module}
seen = {}
for road, walk in roads.items():
    seen[road] = {}
    for name in NAMES:
        try:
            walk(name)
            seen[road][name] = "open"
        except ImportError as error:
            seen[road][name] = str(error) if "is not allowed" in str(error) else "open"
        except Exception:
            seen[road][name] = "open"
print(json.dumps(seen))
""",
    "ruby": """
folder = $LOAD_PATH.find { |path| File.exist?(path + "/fileutils.rb") }
run = ->(name) { { "system" => -> { system("true") } }.fetch(name, -> { require name }).call }
roads = {
  "require" => run,
  "kernel" => ->(name) { name == "system" ? `true` : Kernel.require(name) },
  "path" => ->(name) { name == "system" ? IO.popen("true") : require(File.join(folder, name + ".rb")) },
  "load" => ->(name) { name == "system" ? spawn("true") : load(File.join(folder, name + ".rb")) },
}
seen = roads.transform_values do |walk|
  NAMES.to_h do |name|
    walk.call(name)
    [name, "open"]
  rescue LoadError, NotImplementedError, StandardError => e
    [name, e.message.include?("is not allowed") ? e.message : "open"]
  end
end
require "json"
puts JSON.generate(seen)
""",
    "lua": """
local calls = { ["io.popen"] = function() return io.popen("true") end, ["os.execute"] = function() return os.execute("true") end }
local named = { ["io.popen"] = function() return _G["io"]["po" .. "pen"]("true") end,
  ["os.execute"] = function() return require("os").execute("true") end }
local roads, out = { direct = calls, named = named }, {}
for road, walks in pairs(roads) do
  local parts = {}
  for name, walk in pairs(walks) do
    local ok, fault = pcall(walk)
    local said = (not ok and tostring(fault):find("is not allowed")) and tostring(fault) or "open"
    parts[#parts + 1] = ("%q:%q"):format(name, (said:gsub('"', "'")))
  end
  out[#out + 1] = ("%q:{%s}"):format(road, table.concat(parts, ","))
end
print("{" .. table.concat(out, ",") .. "}")
""",
    "shell": """
say() { printf '%s' "$1" | tr -d '\\n\\\\' | tr '"' "'"; }
walk() {
  sep=
  printf '"%s":{' "$1"
  for name in $NAMES; do
    case $1 in
      direct) said=$($name </dev/null 2>&1) ;;
      command) said=$(command "$name" </dev/null 2>&1) ;;
      eval) said=$(eval "$name </dev/null" 2>&1) ;;
    esac
    case $said in *"is not allowed"*) ;; *) said=open ;; esac
    printf '%s"%s":"%s"' "$sep" "$name" "$(say "$said")"
    sep=,
  done
  printf '}'
}
printf '{'; walk direct; printf ','; walk command; printf ','; walk eval; printf '}\\n'
""",
}


def _source(language: str, names: list[str]) -> str:
    head = {
        "javascript": f"const NAMES = {json.dumps(names)};",
        "python": f"NAMES = {json.dumps(names)}",
        "ruby": f"NAMES = {json.dumps(names)}",
        "lua": "",
        "shell": f"NAMES='{' '.join(names)}'",
    }[language]
    return head + PROBES[language]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_pool() -> AsyncIterator[LocalPool]:
    pool = LocalPool(limits=PoolLimits(idle_min=1))
    await pool.start()
    yield pool
    await pool.close()


async def _seen(pool: LocalPool, language: str, tier: pricing.Tier, names: list[str]) -> dict[str, dict[str, str]]:
    wanted = pricing.Wanted(tier.name, 1_000, MB, language, None)
    entry = f"main.{EXTENSIONS[language]}"
    request = order(
        "",
        language=language,
        entry=entry,
        files=[TextFile(name=entry, content=_source(language, names))],
        allowed_modules=pricing.allowed_modules(tier, wanted),
        tier=tier.name,
        tier_of_module=pricing.tier_of_module(language, TIERS),
        timeout_ms=20_000,
        memory_limit_bytes=tier.max_memory_bytes,
    )
    carried = await carry(pool, Job(request))
    assert carried.end.frame is not None, carried.end
    assert carried.end.frame.error is None, carried.end.frame.error
    said = "".join(f.text for f in carried.frames if isinstance(f, OutputFrame) and f.stream == "stdout")
    seen: dict[str, Any] = json.loads(said)
    assert len(seen) > 1
    return seen


def _cheapest(language: str, name: str) -> str | None:
    return next((tier.name for tier in pricing.TIERS if modules.allows(tier.modules, language, name)), None)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("language", EXTENSIONS)
@pytest.mark.asyncio(loop_scope="module")
async def test_every_road_to_a_module_is_as_the_table_says(shared_pool: LocalPool, language: str, tier: str) -> None:
    names = sorted(modules.COUNTERPARTS.get(language) or modules.known_names(language) | modules.PURE_NODE)
    wrong = []
    for road, seen in (await _seen(shared_pool, language, TIERS[tier], names)).items():
        assert sorted(seen) == names
        for name, said in seen.items():
            cheapest = _cheapest(language, name)
            open_here = modules.allows(TIERS[tier].modules, language, name)
            # A refusal names the module and the tier that would allow it.
            right = said == "open" if open_here else (name in said and (cheapest or "no tier") in said)
            if not right:
                wrong.append(f"{road} {name}: should be {'open' if open_here else f'refused ({cheapest})'}, is: {said}")
    assert not wrong, "\n".join(wrong)
