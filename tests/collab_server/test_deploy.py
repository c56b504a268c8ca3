"""Promises about the examples in deploy/: each is well-formed and says nothing that the server does not know."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from collab_server.settings import describe

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


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_braces_close_and_the_proxy_keeps_sockets_sessions_and_figures_apart(name: str) -> None:
    text = re.sub(r"(?m)^\s*#.*$", "", (DEPLOY / name).read_text())
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", text)
    assert bare.count("{") == bare.count("}") > 0
    assert "/metrics" in text and "ws|s|api/sessions" in text


def test_the_image_has_the_python_and_the_program_where_the_server_looks_for_them() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    version = re.findall(r"FROM python:(\d\.\d+)-slim", text)
    assert len(set(version)) == 1
    assert f"/usr/local/lib/python{version[0]}/site-packages/cloudflare-worker" in text
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert tuple(map(int, version[0].split("."))) >= tuple(map(int, needed.removeprefix(">=").split(".")))
    for source in re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", text):
        for part in source.split():
            assert (ROOT / part).exists(), part
    assert re.search(r"(?m)^USER collab$", text) and "HEALTHCHECK" in text
