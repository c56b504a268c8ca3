"""Promises about the examples in deploy/: each is well-formed and says nothing that the server does not know."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import promql_parser
import pytest
import yaml
from yamllint import linter  # type: ignore[import-untyped]
from yamllint.config import YamlLintConfig  # type: ignore[import-untyped]

from collab_server.settings import describe
from tests.support.balancers import certify, nginx_file, program

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
TEXTS = sorted(path for path in DEPLOY.iterdir() if path.is_file())
KNOWN = {variable for variable, _, _ in describe()}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"COLLAB_[A-Z_]+", path.read_text()))
    assert named <= KNOWN, named - KNOWN


def test_compose_starts_a_node_behind_a_proxy_with_what_it_needs() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = compose["services"]
    node = services["node"]
    assert set(node["depends_on"]) == {"postgres", "redis"} and "ports" not in node, "nobody passes the proxy by"
    for name, service in services.items():
        assert set(service["networks"]) <= set(compose["networks"]), name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (DEPLOY / source).is_file(), volume
    assert (ROOT / "deploy" / node["build"]["context"] / node["build"]["dockerfile"]).is_file()
    assert int(node["stop_grace_period"].rstrip("s")) >= 35


def kubernetes() -> dict[str, Any]:
    objects = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in objects}


def test_kubernetes_waits_for_a_node_to_finish_and_asks_it_how_it_is() -> None:
    objects = kubernetes()
    pod = objects["Deployment/collab-server"]["spec"]["template"]
    assert pod["spec"]["terminationGracePeriodSeconds"] >= 35
    container = pod["spec"]["containers"][0]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert {mount["name"] for mount in container["volumeMounts"]} == {each["name"] for each in pod["spec"]["volumes"]}
    labels = pod["metadata"]["labels"]
    assert objects["Service/collab-server"]["spec"]["selector"] == labels
    for name in ("Deployment", "PodDisruptionBudget"):
        assert objects[f"{name}/collab-server"]["spec"]["selector"]["matchLabels"] == labels
    for rule in objects["Ingress/collab-server"]["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            assert f"Service/{path['backend']['service']['name']}" in objects


def test_the_unit_lets_the_server_finish_and_run_what_it_compiles() -> None:
    unit = configparser.RawConfigParser(strict=True, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(DEPLOY / "collab-server.service")
    service = unit["Service"]
    assert int(service["TimeoutStopSec"]) >= 35 and service["KillMode"] == "mixed"
    assert service["NoNewPrivileges"] == "yes"
    assert "MemoryDenyWriteExecute" not in service and "SystemCallFilter" not in service


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="asks systemd-analyze, and runs wherever it is installed"
)
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "collab-server.service"
    unit.write_text(
        re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", (DEPLOY / "collab-server.service").read_text())
    )
    told = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60)
    assert unit.name not in told.stderr, told.stderr


YAML = {"extends": "relaxed", "rules": {"line-length": "disable", "truthy": "enable", "key-duplicates": "enable"}}


@pytest.mark.parametrize("path", sorted(DEPLOY.glob("*.yaml")), ids=lambda path: path.name)
def test_yaml_means_what_it_seems_to(path: Path) -> None:
    assert list(linter.run(path.read_text(), YamlLintConfig(yaml.safe_dump(YAML)))) == []


def test_compose_is_of_the_form_that_compose_takes() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr


def test_kubernetes_takes_every_object_and_knows_every_field() -> None:
    for name, each in kubernetes().items():
        try:
            kubernetes_validate.validate(each, "1.37", strict=True)
        except kubernetes_validate.ValidationError as wrong:
            raise AssertionError(f"{name}: {wrong.message}") from None


def dry_run(tmp_path: Path, name: str, *arguments: str) -> None:
    """Asks the program itself."""
    command = [program(name), *arguments]
    told = subprocess.run(
        command, capture_output=True, text=True, timeout=60, cwd=tmp_path, env={"SITE": "x.example.com"}
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_prometheus_can_read_every_rule_and_panel() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus-alerts.yaml").read_text())["groups"]
    panels = json.loads((DEPLOY / "grafana-dashboard.json").read_text())["panels"]
    asked = [rule["expr"] for group in rules for rule in group["rules"]]
    asked += [target["expr"] for panel in panels for target in panel.get("targets", ())]
    for expression in asked:
        promql_parser.parse(expression.replace("$__rate_interval", "5m"))
    assert len(asked) > 40


def test_caddy_takes_its_example(tmp_path: Path) -> None:
    dry_run(tmp_path, "caddy", "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile"))


def test_nginx_takes_its_example(tmp_path: Path) -> None:
    certify(tmp_path)
    config = nginx_file(tmp_path, [8001, 8002], 8080, 8443)
    dry_run(tmp_path, "nginx", "-t", "-p", str(tmp_path), "-e", "stderr", "-c", str(config))


def test_the_dockerfile_has_nothing_that_hadolint_finds(tmp_path: Path) -> None:
    dry_run(tmp_path, "hadolint", str(DEPLOY / "Dockerfile"))


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_braces_close_and_the_proxy_keeps_sockets_sessions_and_figures_apart(name: str) -> None:
    text = re.sub(r"(?m)^\s*#.*$", "", (DEPLOY / name).read_text())
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", text)
    assert bare.count("{") == bare.count("}") > 0
    assert "/metrics" in text and "ws|s|api/sessions" in text


def test_the_image_has_the_python_and_the_program_where_the_server_looks_for_them() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    version = re.findall(r"FROM python:(\d\.\d+)-slim", text)
    assert len(version) == 1
    assert f"/usr/local/lib/python{version[0]}/site-packages/cloudflare-worker" in text
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert tuple(map(int, version[0].split("."))) >= tuple(map(int, needed.removeprefix(">=").split(".")))
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    let_through = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    for source in re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", text):
        for part in source.split():
            assert (ROOT / part).exists(), part
            assert any(part.startswith(let) for let in let_through), f"{part} is kept out by Dockerfile.dockerignore"
    assert re.search(r"(?m)^USER 10001$", text) and "HEALTHCHECK" in text


def test_everything_that_is_installed_is_pinned_to_its_bytes() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text().replace("\\\n", " ")
        pinned = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
        bare = [line for line in pinned if "==" not in line.split("--hash")[0] or "--hash=sha256:" not in line]
        assert pinned and not bare, (path.name, bare)
    for folder in ("cloudflare-worker", "web", "tests/clients"):
        packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
        # What is bundled comes in a package that has a digest.
        bare = [
            name for name, each in packages.items() if name and not (each.keys() & {"integrity", "inBundle", "link"})
        ]
        assert len(packages) > 1 and not bare, (folder, bare)
