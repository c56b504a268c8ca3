"""Promises about the look that is taken at source before it runs."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from executor.events import Finding, Severity
from executor.scan.linters import Borrowed, detectors, ruff_rules
from executor.scan.look import DETECTED_CHARS_MAX, FINDINGS_MAX, look
from executor.scan.policy import POLICY_OF_TIER, blocking, policy_for
from executor.scan.rule import GRAMMARS, RULES, Rule, packs
from executor.scan.scanner import FILE_BYTES_MAX, TOTAL_BYTES_MAX, Scanner
from executor.scan.shape import NESTING_MAX
from executor.snapshot import DEFAULT_EXTENSION, SourceFile, take
from tests.executor.harmless import HARMLESS
from tests.support.patience import SOON_S

ALL_RULES = [rule for rules in packs().values() for rule in rules]
LONG_S = 60.0
# One of each form; none was ever given out.
SECRETS = {
    "secret.azure-storage": f"'AccountKey={'x7Kq2mVt9LbR4sWd8ZcN1pHy'[:22] * 4}'",
    "secret.aws-known": "'AKIAQ3EGRTK4FJWPB2ZN'",
    "secret.cloudant": "cloudant_password='0f3a9c1e5b7d2864af3a9c1e5b7d2864bf3a9c1e5b7d2864cf3a9c1e5b7d2864'",
    "secret.discord": f"'M{'x7Kq2mVt9LbR4sWd8ZcN1pHy'}.YQabcd.{'x7Kq2mVt9LbR4sWd8ZcN1pHyQ2w'}'",
    "secret.github-known": "'ghp_x7Kq2mVt9LbR4sWd8ZcN1pHy6JfG3eUaT5oQ'",
    "secret.gitlab-known": "'glpat-x7Kq2mVt9LbR4sWd8ZcN'",
    "secret.ibm-cloud": "ibm_cloud_api_key='x7Kq2mVt9LbR4sWd8ZcN1pHyx7Kq2mVt9LbR4sWd8ZcN'",
    "secret.ibm-storage": "cos_hmac_secret_access_key='0f3a9c1e5b7d2864af3a9c1e5b7d2864bf3a9c1e5b7d2864'",
    "secret.mailchimp": "'0f3a9c1e5b7d2864af3a9c1e5b7d2864-us12'",
    "secret.openai": "'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'",
    "secret.pypi": f"'pypi-AgEIcHlwaS5vcmc{'x7Kq2mVt9LbR4sWd8ZcN1pHy' * 3}'",
    "secret.sendgrid": f"'SG.{'x7Kq2mVt9LbR4sWd8ZcN1p'}.{'x7Kq2mVt9LbR4sWd8ZcN1px7Kq2mVt9LbR4sWd8ZcN1'}'",
    "secret.slack-known": "'xoxb-294810572938-294810572938-x7kq2mvt9lbr4swd8zcn1phy'",
    "secret.softlayer": "softlayer_api_key='0f3a9c1e5b7d2864af3a9c1e5b7d2864bf3a9c1e5b7d2864cf3a9c1e5b7d2864'",
    "secret.square": f"'sq0csp-{'x7Kq2mVt9LbR4sWd8ZcN1px7Kq2mVt9LbR4sWd8ZcN1'}'",
    "secret.stripe-known": "'sk_live_x7Kq2mVt9LbR4sWd8ZcN1pHy'",
    "secret.telegram": "'123456789:x7Kq2mVt9LbR4sWd8ZcN1pHyQ2wE8rT5yU3'",
    "secret.twilio": "'AC0f3a9c1e5b7d2864af3a9c1e5b7d2864'",
}


def found(code: str, language: str = "python", name: str | None = None) -> list[Finding]:
    entry = name or f"main.{DEFAULT_EXTENSION.get(language, 'txt')}"
    report = look([(entry, code.encode())], entry, language, time.monotonic() + LONG_S)
    assert report.partial is None
    return [Finding(**finding) for finding in report.findings]


def ids(code: str, language: str = "python") -> set[str]:
    return {finding.rule_id for finding in found(code, language)}


@pytest.fixture
async def scanner() -> AsyncIterator[Scanner]:
    scanner = Scanner()
    await scanner.start()
    yield scanner
    await scanner.close()


async def rules(scanner: Scanner, *files: tuple[str, bytes], entry: str | None = None) -> dict[str, str]:
    snapshot = take([SourceFile(name, content) for name, content in files], entry=entry or files[0][0])
    return {finding.rule_id: finding.severity for finding in (await scanner.scan(snapshot)).findings}


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.id)
def test_a_rule_hits_what_it_names_and_leaves_alone_what_only_looks_like_it(rule: Rule) -> None:
    assert rule.valid and rule.invalid
    # JavaScript's rules also read TypeScript, which has two grammars more.
    names = ["main.js", "main.ts", "main.tsx"] if rule.language == "javascript" else [None]
    for name in names:
        language = "typescript" if name and ".ts" in name else rule.language
        known = not (rule.grammars and name == "main.ts")
        for code in rule.invalid if known else ():
            hits = [finding for finding in found(code, language, name) if finding.rule_id == rule.id]
            assert hits, f"{rule.id} misses {code!r} in {name}"
            assert (hits[0].cwe, hits[0].message, hits[0].mend) == (rule.cwe, rule.message, rule.mend)
        for code in (*rule.valid, *(() if known else rule.invalid)):
            assert rule.id not in {finding.rule_id for finding in found(code, language, name)}, (
                f"{rule.id} hits {code!r}"
            )


def test_rules_have_names_of_their_own_and_a_language_that_is_looked_at() -> None:
    assert len({rule.id for rule in ALL_RULES}) == len(ALL_RULES)
    assert {folder.name for folder in RULES.iterdir() if folder.is_dir()} == {"any", "sql", *GRAMMARS}
    for language in (*GRAMMARS, "sql"):
        assert packs()[language], language


def test_pythons_rules_say_what_ruff_says(tmp_path: Path) -> None:
    """Held against a linter that others wrote: where a rule names one of ruff's, both hit and both stay silent."""
    named = [rule for rule in ALL_RULES if rule.ruff is not None]
    for rule in named:
        for kind in ("valid", "invalid"):
            for index, code in enumerate(getattr(rule, kind)):
                (tmp_path / f"{rule.ruff}-{kind}-{index}.py").write_text(code)
    ruff = str(Path(sysconfig.get_path("scripts")) / "ruff")
    command = [
        ruff,
        "check",
        "--isolated",
        "--no-cache",
        "--select",
        "S",
        "--output-format",
        "json",
        "--exit-zero",
        str(tmp_path),
    ]
    told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    hits = {(Path(finding["filename"]).name, finding["code"]) for finding in told}
    for rule in named:
        for index, _ in enumerate(rule.invalid):
            assert (f"{rule.ruff}-invalid-{index}.py", rule.ruff) in hits, (rule.id, rule.invalid[index])
        for index, _ in enumerate(rule.valid):
            assert (f"{rule.ruff}-valid-{index}.py", rule.ruff) not in hits, (rule.id, rule.valid[index])
    assert len(named) >= 15


def test_ruff_is_asked_for_rules_that_it_has_and_tells_what_no_rule_of_ours_does() -> None:
    ruff = str(Path(sysconfig.get_path("scripts")) / "ruff")
    told = subprocess.run([ruff, "rule", "--all", "--output-format", "json"], check=True, capture_output=True).stdout
    # Rules that are removed or deprecated are not stable.
    stable = {rule["code"] for rule in json.loads(told) if "Stable" in json.dumps(rule["status"])}
    assert set(ruff_rules()) <= stable
    code = "import tempfile\n\nok = eval(input())  # noqa\nhandle = open('/tmp/é', 'w'); eval(ok)  # noqa: S108\n"
    hits = {(hit.rule_id, hit.line) for hit in found(code)}
    assert {("ruff.S108", 4), ("python.eval", 3), ("python.eval", 4)} <= hits
    assert not any(rule.endswith("S307") for rule, _ in hits)
    (hit,) = (hit for hit in found(code) if hit.rule_id == "ruff.S108")
    rule = ruff_rules()["S108"]
    assert (hit.column, hit.end_column, hit.cwe, hit.message) == (15, 23, rule.cwe, rule.message)


def test_ruff_reads_the_other_files_too_and_breaks_nothing_where_it_cannot() -> None:
    code, broken = b"open('/tmp/x', 'w')\n", b"def (:\n" + b"x = " + b"-" * 200_000 + b"1\n"
    report = look(
        [("main.js", b"1"), ("b.py", code), ("c.py", broken), ("d.py", code)], "main.js", "javascript", LONG_S + time.monotonic()
    )  # fmt: skip
    where = {finding["file"] for finding in report.findings if finding["rule_id"] == "ruff.S108"}
    assert where == {"b.py", "d.py"} or (where == {"b.py"} and report.partial is not None)


@pytest.mark.parametrize(("rule", "detector"), detectors(), ids=lambda value: getattr(value, "id", ""))
def test_a_detector_knows_its_secret_and_takes_no_long_for_any_text(rule: Borrowed, detector: object) -> None:
    line = SECRETS[rule.id]
    secret = max(re.findall(r"[^'\" ]+", line), key=len)
    report = look([("a.js", f"// é\nx({line})".encode())], "a.js", "javascript", time.monotonic() + LONG_S)
    (hit,) = (finding for finding in report.findings if finding["rule_id"].startswith("secret."))
    # Where a rule of ours knows it too, that one speaks.
    assert hit["line"] == 2 and (hit["rule_id"] == rule.id or hit["rule_id"] in {ours.id for ours in ALL_RULES})
    assert any(value in secret or secret in value for value in report.secrets)
    assert secret not in json.dumps(report.findings)
    for unit in (line, line[: len(line) // 2], "a", " ", "-", "1", "aA1", "a.", "a:", "//", "://", "(", "'", '"'):
        started = time.thread_time()
        for pattern in detector.denylist:  # type: ignore[attr-defined]
            for count, _ in enumerate(pattern.finditer((unit * DETECTED_CHARS_MAX)[:DETECTED_CHARS_MAX])):
                if count > 10:
                    break
        assert time.thread_time() - started < 0.5, (rule.id, unit)


@pytest.mark.parametrize("name", HARMLESS)
def test_ordinary_code_is_never_blocked(name: str) -> None:
    language, code = HARMLESS[name]
    grave = [finding for finding in found(code, language) if finding.severity in ("critical", "high")]
    assert grave == []


def test_a_file_of_another_language_cannot_be_critical_by_its_words() -> None:
    pool = "stratum+tcp://pool.example.org:4444"
    assert [finding.severity for finding in found(pool, "text", "blocklist.txt")] == ["high"]
    assert [finding.severity for finding in found(f"connect('{pool}')", "python")] == ["critical"]
    assert found(f"# {pool}", "python") == []


def test_findings_say_where_in_code_points() -> None:
    finding = next(finding for finding in found("é = '😀'; eval(x)\n") if finding.rule_id == "python.eval")
    assert (finding.line, finding.column, finding.end_line, finding.end_column) == (1, 10, 1, 17)
    page = "<p>é</p>\n<p>😀</p><script>let a;\n  eval(x)</script>"
    finding = next(finding for finding in found(page, "html") if finding.rule_id == "javascript.eval")
    assert (finding.line, finding.column) == (3, 3)
    secret = "é = 1\nkey = 'AKIAQ3EGRTK4FJWPB2ZN'\n"
    finding = next(finding for finding in found(secret) if finding.rule_id == "secret.aws")
    assert (finding.line, finding.column, finding.end_column) == (2, 8, 28)


def test_findings_never_repeat_the_secret_that_they_found() -> None:
    for rule in ALL_RULES:
        if rule.mask:
            for code in rule.invalid:
                report = look([("a.py", code.encode())], "a.py", "python", time.monotonic() + LONG_S)
                assert report.secrets
                assert not any(secret in json.dumps(report.findings) for secret in report.secrets)


def test_names_that_only_look_alike_are_found() -> None:
    assert "lookalike" in ids("is_аdmin = False\n")  # a Cyrillic a
    assert "lookalike" in ids("а = 1\na = 2\n")
    assert "lookalike" in ids("const usеr = 1;", "javascript")
    assert ids("print('mixеd in a string')  # mixеd in a note\nимя = 1\n") == set()


def test_characters_that_nobody_sees_are_found() -> None:
    assert "invisible" in ids("x = 'a\u200bb'\n")
    assert "invisible" in ids("x = 'a\U000e0041\U000e0042b'\n")
    assert ids("\ufeffx = '🏴\U000e0067\U000e0062\U000e007f'\n") == set()


def test_characters_that_reorder_code_are_found_with_their_line() -> None:
    finding = found("ok = 1\nif admin:\u202e # }\n")[0]
    assert (finding.rule_id, finding.line, finding.severity) == ("bidi", 2, "high")
    assert "U+202E" in finding.message


def test_control_characters_are_found_in_the_entry() -> None:
    assert ids("x = '\x00'") == {"control"}


@pytest.mark.parametrize("rule", [rule for rule in ALL_RULES if rule.regex is not None], ids=lambda rule: rule.id)
def test_no_pattern_takes_long_for_any_text(rule: Rule) -> None:
    assert rule.regex is not None
    starts = [code[: len(code) // 2] for code in rule.invalid]
    for unit in (*rule.invalid, *starts, "a", " ", "-", "1", "aA1", "a.", "a:", "|", "://", "(", "'"):
        text = (unit * (200_000 // len(unit) + 1))[:200_000]
        started = time.thread_time()
        for count, _ in enumerate(rule.regex.finditer(text)):
            if count > 10:
                break
        assert time.thread_time() - started < 0.5, (rule.id, unit[:40])


def test_a_policy_is_the_sessions_or_the_tiers_and_never_laxer_than_the_floor() -> None:
    assert policy_for("basic", None, "warn") == POLICY_OF_TIER["basic"] == "block-critical"
    assert policy_for("basic", "warn", "warn") == "warn"
    assert policy_for("basic", "warn", "block-critical") == "block-critical"
    assert policy_for("basic", "block-high", "block-critical") == "block-high"
    assert policy_for("a tier of our own", None, "warn") == "block-critical"


def test_a_policy_blocks_from_its_severity_up_and_limits_always() -> None:
    def finding(severity: Severity, rule_id: str = "python.eval") -> Finding:
        return Finding(rule_id=rule_id, severity=severity, file="a.py", line=1, message="", mend="")

    assert blocking("warn", [finding("critical")]) is None
    assert blocking("block-critical", [finding("high")]) is None
    assert blocking("block-high", [finding("medium"), finding("high"), finding("critical")]) == finding("critical")
    assert blocking("warn", [finding("critical", "nesting")]) == finding("critical", "nesting")
    assert blocking("block-critical", [finding("low", "nesting")]) is None


async def test_too_much_source_is_blocked_with_the_limit_named(scanner: Scanner) -> None:
    assert await rules(scanner, ("a.py", b"x" * (FILE_BYTES_MAX + 1))) == {"size.file": "critical"}
    many = [(f"f{index}.py", b"x" * FILE_BYTES_MAX) for index in range(TOTAL_BYTES_MAX // FILE_BYTES_MAX + 1)]
    assert await rules(scanner, *many) == {"size.total": "critical"}


async def test_deep_nesting_is_blocked_in_the_entry_and_only_noted_beside_it(scanner: Scanner) -> None:
    deep = b"[" * (NESTING_MAX + 1) + b"]" * (NESTING_MAX + 1)
    assert await rules(scanner, ("a.py", deep)) == {"nesting": "critical"}
    assert await rules(scanner, ("a.py", b"1"), ("data.json", deep), entry="a.py") == {"nesting": "low"}
    assert await rules(scanner, ("a.py", b"[]" * 10_000)) == {}
    assert await rules(scanner, ("a.py", b"table = '" + b"[{(" * 10_000 + b"\\''\n")) == {}


async def test_data_files_may_hold_any_bytes(scanner: Scanner) -> None:
    assert await rules(scanner, ("a.py", b"1"), ("image.png", bytes(range(256))), entry="a.py") == {}


async def test_hostile_source_is_answered_within_its_budget(scanner: Scanner) -> None:
    await rules(scanner, ("warm.py", b"1"))
    for index, unit in enumerate((b"([{", b"eval(x);", "аa‮ ".encode(), b"secret = 'a1a1'\n")):
        half = unit * (FILE_BYTES_MAX // 2 // len(unit))
        started = time.monotonic()
        told = await rules(scanner, (f"a{index}.js", half), (f"b{index}.py", half), ("c.html", half), ("d.rb", half))
        assert time.monotonic() - started < SOON_S
        assert len(told) <= FINDINGS_MAX


async def test_a_process_that_hangs_or_dies_is_replaced_and_the_run_goes_on() -> None:
    others, scanner = _workers(), Scanner()
    assert "python.eval" in await rules(scanner, ("a.py", b"eval(x)"))
    (process,) = _workers() - others
    process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    assert await rules(scanner, ("a.py", b"eval(y)")) == {"scan.timeout": "info"}
    assert time.monotonic() - started < SOON_S
    # The one that replaces it was started while it hung: who looks next hardly waits.
    (process,) = _workers() - others
    assert "python.eval" in await rules(scanner, ("a.py", b"eval(y)"))
    assert _workers() - others == {process}
    process.kill()
    first = await rules(scanner, ("a.py", b"eval(z)"))
    assert first == {"scan.failed": "info"} or "python.eval" in first
    assert "python.eval" in await rules(scanner, ("a.py", b"eval(z)"))
    await scanner.close()
    assert _workers() <= others


async def test_the_process_that_reads_strangers_code_has_none_of_the_servers_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLLAB_SECRET_KEY", "sealing")
    others, scanner = _workers(), Scanner()
    assert "python.eval" in await rules(scanner, ("a.py", b"eval(x)"))
    (process,) = _workers() - others
    assert not [name for name in process.environ() if name.startswith("COLLAB_")]
    await scanner.close()


def _workers() -> set[psutil.Process]:
    return {
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and "executor.scan.worker" in child.cmdline()
    }


def test_the_process_ends_when_its_parent_is_gone() -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "executor.scan.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.read(4)
    process.stdin.close()
    assert process.wait(10) == 0
    process.stdout.close()
