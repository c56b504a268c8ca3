"""Promises to admins and to those who pay, kept by the pages in a real Chromium: every act does what it says, names what it is
done to and is on record, and every figure is the ledger's."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import orjson
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from executor.months import Month
from executor.pricing import MB, TIERS
from tests.stories.conftest import account
from tests.stories.desk import (
    AXE,
    AXE_RUN,
    Desk,
    Shown,
    agree,
    cells,
    confirmed,
    facts,
    lasting,
    money,
    row,
    size,
    window,
)
from tests.stories.test_admin import endless_run, eventually
from tests.support.patience import PATIENCE_S
from tests.support.processes import serving

pytestmark = pytest.mark.asyncio(loop_scope="session")
LAST_MONTH = Month(2026, 1)
SIDEWAYS = """() => [...document.querySelectorAll('.table-box')].filter((box) => box.scrollWidth > box.clientWidth)
  .map((box) => box.querySelector('table').ariaLabel)"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[Desk]:
    async with serving(tmp_path_factory.mktemp("admin")) as server:
        root, ada = await account(server, admin=True), await account(server)
        page, faults = await window(browser, server, root)
        yield Desk(server, browser, root, ada, page, faults)
        await page.context.close()
        for who in (root, ada):
            await who.http.aclose()


async def test_whoever_is_no_admin_is_told_so_and_still_sees_the_own_costs(desk: Desk) -> None:
    page, faults = await window(desk.browser, desk.server, desk.ada)
    await page.goto(f"{desk.server.url}/admin/users")
    await expect(page.get_by_role("heading", name="403 – for administrators only")).to_be_visible()
    await expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    await page.get_by_role("link", name="Usage and billing").click()
    await expect(page.get_by_text("Nothing was used this month")).to_be_visible()
    assert faults == []
    await page.context.close()


async def test_figures_on_every_page_are_the_ledgers(desk: Desk) -> None:
    session = await desk.ada.session(main_py="print(6 * 7)", main_js="return 1")
    for body in (
        {"entry": "main.py"},
        {"entry": "main.js", "tier": "premium"},
        {"code": "throw 1", "language": "javascript"},
    ):
        await desk.ada.http.post(f"/api/sessions/{session['id']}/executions", json=body)
    await desk.ada.http.post("/api/executions", json={"language": "ruby", "code": "puts 1", "timeout": 999_999_999})
    await desk.root.http.post("/api/executions", json={"language": "lua", "code": "print(1)"})
    ada = desk.ada.user_id
    page = await desk.go("/admin")
    ((runs, failed, refused),) = await desk.sql(
        "SELECT count(*), sum(CASE WHEN status IN ('failed','timeout','memory','lost') THEN 1 ELSE 0 END), "
        "sum(CASE WHEN status = 'refused' THEN 1 ELSE 0 END) FROM executions"
    )
    ((revenue, units, billed),) = await desk.sql(
        "SELECT sum(cost_micro_dollars), sum(compute_micro_units), count(*) FROM usage"
    )
    assert runs > billed > 0 and failed > 0 and refused >= 0 and revenue > 0

    def tile(label: str) -> Any:
        return page.locator(".tile").filter(has=page.get_by_text(label, exact=True)).locator("dd").first

    await expect(tile("Runs")).to_have_text(str(runs))
    await expect(tile("Revenue")).to_have_text(money(revenue))
    await expect(tile("Compute units")).to_have_text(f"{units / 1e6:,.2f}".rstrip("0").rstrip("."))
    for button, table, column in (
        ("Language", "language", "language"),
        ("Tier", "tier", "tier"),
        ("User", "user", "actor_id"),
    ):
        await page.get_by_role("group", name="Figures by").get_by_role("button", name=button).click()
        for key, cost in await desk.sql(f"SELECT {column}, sum(cost_micro_dollars) FROM usage GROUP BY {column}"):
            ((count,),) = await desk.sql(f"SELECT count(*) FROM executions WHERE {column} = :value", key)
            cells = row(page, f"Figures by {table}", key).get_by_role("cell")
            await expect(cells.first).to_have_text(str(count))
            await expect(cells.last).to_have_text(money(cost))
    async with page.expect_download() as download:
        await page.get_by_role("button", name="CSV").click()
    exported = (await (await download.value).path()).read_text()
    assert f",{revenue / 1e6:.6f},USD" in exported.splitlines()[1] and exported.startswith("part,key,executions")

    ((spent,),) = await desk.sql("SELECT sum(cost_micro_dollars) FROM usage WHERE actor_id = :value", ada)
    await desk.go("/admin/users")
    await expect(row(page, "Users", ada).get_by_role("cell").nth(5)).to_have_text(money(spent))
    await desk.go(f"/admin/sessions/{session['id']}")
    ((here,),) = await desk.sql("SELECT sum(cost_micro_dollars) FROM usage WHERE session_id = :value", session["id"])
    await expect(page.locator(".facts div").filter(has_text="Cost of all runs").locator("dd")).to_have_text(money(here))

    own, faults = await window(desk.browser, desk.server, desk.ada, viewport={"width": 390, "height": 800})
    await own.goto(f"{desk.server.url}/billing")
    await expect(own.locator(".tile").filter(has_text="This month").locator("dd").first).to_have_text(money(spent))
    for language, cost in await desk.sql(
        "SELECT language, sum(cost_micro_dollars) FROM usage WHERE actor_id = :value GROUP BY 1", ada
    ):
        await expect(row(own, "Costs by language", language).get_by_role("cell").last).to_have_text(money(cost))
    await own.get_by_role("button", name="Session", exact=True).click()
    await expect(row(own, "Costs by session", session["name"]).get_by_role("cell").last).to_have_text(money(here))
    async with own.expect_download() as download:
        await own.get_by_role("button", name="as CSV").click()
    exported = (await (await download.value).path()).read_text()
    assert exported.splitlines()[-1].split(",")[-2] == f"{spent / 1e6:.6f}"
    await own.get_by_label("Budget a month").fill("2.5")
    await own.get_by_role("button", name="Set budget").click()
    await expect(own.get_by_text("Your budget is $2.50 a month")).to_be_visible()
    assert (await desk.ada.http.get("/api/me")).json()["limits"]["budget"] == 2.5
    await own.get_by_role("link", name="Your runs in figures").click()
    await expect(own.locator(".tile").filter(has_text="Cost").locator("dd").first).to_have_text(money(spent))
    await expect(row(own, "Costs by session", session["name"]).get_by_role("cell").last).to_have_text(money(here))
    await expect(row(own, "Failures", "failed").get_by_role("cell").last).to_have_text("1")
    await expect(row(own, "Files most run", "main.py").get_by_role("cell").nth(1)).to_have_text("1")
    async with own.expect_download() as download:
        await own.get_by_role("button", name="CSV").click()
    assert f",{spent / 1e6:.6f}," in (await (await download.value).path()).read_text().splitlines()[1]
    assert await own.evaluate("document.documentElement.scrollWidth") == 390
    assert faults == desk.faults == []
    await own.context.close()


async def test_a_run_is_seen_while_it_goes_on_and_stopped(desk: Desk) -> None:
    page = await desk.go("/admin/runs?state=running")
    await expect(page.get_by_text("Nothing is running")).to_be_visible()
    execution_id = await endless_run(desk.ada)
    await page.get_by_role("button", name=f"Stop main.js of {desk.ada.user_id}").click()
    await confirmed(page, f"Stop main.js of {desk.ada.user_id}?")
    await expect(page.get_by_text("Nothing is running")).to_be_visible()
    assert (await desk.ada.http.get(f"/api/executions/{execution_id}")).json()["status"] == "cancelled"
    assert await desk.acts(execution_id) == ["execution.cancelled"]


async def test_a_session_is_kept_closed_handed_over_deleted_and_brought_back(desk: Desk) -> None:
    session = await desk.ada.session(main_js="return 1")
    name, place = session["name"], f"/api/admin/sessions/{session['id']}"
    page = await desk.go("/admin/sessions")
    await page.get_by_role("searchbox").fill(session["id"])
    await page.locator(f"tr[data-row='{session['id']}']").get_by_role("link", name=name).click()

    await expect(row(page, "Last changes", desk.ada.user_id)).to_have_count(1)

    async def do(act: str, done: str) -> dict[str, Any]:
        await page.get_by_role("button", name=act, exact=True).click()
        await confirmed(page, f"{act}: “{name}”?")
        await expect(page.get_by_text(f"“{name}” {done}").last).to_be_visible()
        found: dict[str, Any] = (await desk.root.http.get(place)).json()
        return found

    assert (await do("Make read-only", "is read-only now"))["state"] == "readOnly"
    assert (await do("Close", "is closed"))["state"] == "closed"
    assert (await do("Open again", "is open again"))["state"] == "open"
    assert (await do("Archive", "is archived"))["archived"] is True
    assert (await do("Take out of archive", "is out of the archive"))["archived"] is False
    async with desk.server.lane(session["id"], desk.ada.token) as lane:
        await lane.event("welcome")
        await do("Send everybody out", "is empty for now")
        await lane.socket.wait_closed()
    await page.get_by_role("button", name="Hand over").click()
    await page.get_by_label("Id of the new owner").fill("nobody-here")
    await page.get_by_role("dialog").get_by_role("button", name="Hand over").click()
    await expect(page.get_by_text("there is no account 'nobody-here'")).to_be_visible()
    await page.get_by_label("Id of the new owner").fill(desk.root.user_id)
    await page.get_by_role("dialog").get_by_role("button", name="Hand over").click()
    await expect(row(page, "Members", desk.root.user_id)).to_contain_text("owner")
    await expect(row(page, "Members", desk.ada.user_id)).to_contain_text("editor")
    assert (await do("Delete", "is deleted"))["state"] == "deleted"
    assert (await do("Restore", "is back"))["state"] == "open"
    assert await desk.acts(session["id"]) == [
        "session.restored", "session.deleted", "session.transferred", "session.disconnected", "session.archived",
        "session.archived", "session.state", "session.state", "session.state",
    ]  # fmt: skip


async def test_a_session_that_harmed_the_server_is_found_and_repaired(desk: Desk) -> None:
    session = await desk.ada.session(main_js="return 1")
    place = f"/api/sessions/{session['id']}/files"
    harm = {"id": session["id"], "at": int(time.time() * 1000), "digest": bytes(32)}
    await desk.server.sql(
        "INSERT INTO document_faults (key, session_id, at_ms, how, phase, version, digest, decisive) "
        "VALUES ('a-fault', :id, :at, 'stuck', 1, 0, :digest, TRUE)",
        **harm,
    )
    await desk.server.sql(
        "INSERT INTO access_changes (topic, subject, created_at) VALUES ('document', :id, :at)",
        id=session["id"],
        at=harm["at"],
    )

    async def refused() -> bool:
        name = f"{time.time_ns()}.js"
        return (await desk.ada.http.post(place, json={"name": name, "content": ""})).status_code == 423

    await eventually(refused)
    page = await desk.go("/admin/sessions")
    await page.get_by_role("button", name="Quarantined").click()
    await expect(page.get_by_role("table", name="Sessions").get_by_role("row")).to_have_count(2)
    await row(page, "Sessions", "open, quarantined").get_by_role("link", name=session["name"]).click()
    await page.get_by_role("button", name="Repair").click()
    await confirmed(page, f"Repair: “{session['name']}”?")
    await expect(page.get_by_text(f"“{session['name']}” is repaired")).to_be_visible()
    await expect(page.get_by_text("quarantined")).to_have_count(0)
    assert (await desk.ada.http.post(place, json={"name": "new.js", "content": ""})).status_code == 201
    assert await desk.acts(session["id"]) == ["session.repaired"]


async def test_an_account_gets_a_tier_limits_and_the_admin_right_loses_a_key_and_is_suspended(desk: Desk) -> None:
    bob = await account(desk.server, tier="basic")
    made = (await bob.http.post("/api/me/tokens", json={"name": "in a pipeline"})).json()
    place = f"/api/admin/users/{bob.user_id}"
    page = await desk.go("/admin/users")
    await page.get_by_role("searchbox").fill(bob.user_id)
    await page.get_by_role("table", name="Users").get_by_role("link", name=bob.user_id).click()
    await page.get_by_label("Tier").select_option("premium")
    await expect(page.get_by_text(f"{bob.user_id} is in tier premium now")).to_be_visible()
    await page.get_by_label("Runs a minute").fill("0")
    await expect(page.get_by_role("button", name="Save limits")).to_be_disabled()
    await page.get_by_label("Runs a minute").fill("7")
    await page.get_by_label("Money a month").fill("none")
    await page.get_by_label("Pays of the prices").fill("80")
    await page.get_by_role("button", name="Save limits").click()
    await expect(page.get_by_text(f"{bob.user_id} has the limits as set")).to_be_visible()
    found = (await desk.root.http.get(place)).json()
    assert (found["tier"], found["limits"]) == (
        "premium",
        {"runsPerMinute": 7, "moneyPerMonth": None, "pricePercent": 80},
    )
    await page.get_by_role("button", name="Revoke in a pipeline").click()
    await confirmed(page, f"Revoke the key “in a pipeline” of {bob.user_id}?")
    await expect(page.get_by_role("button", name="Revoke in a pipeline")).to_have_count(0)
    assert await desk.acts(made["id"]) == ["token.revoked"]
    await page.get_by_role("button", name="Make admin").click()
    await confirmed(page, f"Make {bob.user_id} an admin?")
    await page.get_by_role("button", name="Suspend").click()
    await confirmed(page, f"Suspend {bob.user_id}?")
    await expect(page.get_by_text("suspended", exact=True)).to_be_visible()
    assert (await bob.http.get("/api/me")).status_code == 401
    await page.get_by_role("button", name="Let in again").click()
    await confirmed(page, f"Let {bob.user_id} in again?")
    assert (await bob.http.get("/api/me")).json()["admin"] is True
    await page.get_by_role("button", name="Take admin right").click()
    await confirmed(page, f"Take the admin right from {bob.user_id}?")
    await expect(page.get_by_role("button", name="Make admin")).to_be_visible()
    assert (await bob.http.get("/api/me")).json()["admin"] is False
    assert (await bob.http.get("/api/admin/users")).status_code == 403
    await desk.go(f"/admin/users/{desk.root.user_id}")
    await expect(page.get_by_text("This is you")).to_be_visible()
    await expect(page.get_by_role("button", name="Suspend")).to_have_count(0)
    await bob.http.aclose()


async def test_a_tiers_change_is_weighed_saved_and_never_over_somebody_elses_unseen(desk: Desk) -> None:
    page = await desk.go("/admin/tiers")
    await page.get_by_role("link", name="standard").click()
    await page.get_by_label("Price of a second").fill("0.5")
    await expect(page.get_by_text("must stay below that of premium")).to_be_visible()
    await expect(page.get_by_role("button", name="Save as version 2")).to_be_disabled()
    await page.get_by_label("Price of a second").fill("0.0006")
    # One second and 64 MB, as nobody has run anything in it: 500 or 600 for the time, and 64 × 50.
    await expect(page.get_by_role("status", name="What this changes")).to_contain_text("$0.0037 $0.0038")
    seen = await desk.root.http.get("/api/admin/tiers/standard")
    body = {key: seen.json()[key] for key in ("pricePerSecond", "pricePerMb", "maxTimeMs", "maxMemoryBytes", "modules")}
    other = await desk.root.http.put(
        "/api/admin/tiers/standard", json=body | {"maxTimeMs": 20_000}, headers={"if-match": seen.headers["etag"]}
    )
    assert other.json()["version"] == 2
    await page.get_by_role("button", name="Save as version 2").click()
    conflict = page.get_by_role("alert").filter(has_text="saved version 2 while you were at version 1")
    await expect(conflict).to_contain_text("It changed: longest time. Nothing of yours is saved yet.")
    assert (await desk.root.http.get("/api/admin/tiers/standard")).json()["pricePerSecond"] == 0.0005
    await conflict.get_by_role("button", name="Take theirs").click()
    await expect(page.get_by_label("Longest time")).to_have_value("20")
    await page.get_by_label("Price of a second").fill("0.0006")
    await page.get_by_role("button", name="Save as version 3").click()
    await expect(row(page, "Versions", "$0.0006")).to_contain_text(desk.root.user_id)
    now = (await desk.root.http.get("/api/pricing", params={"tier": "standard"})).json()["tiers"][0]
    assert (now["version"], now["pricePerSecond"], now["maxTimeMs"]) == (3, 0.0006, 20_000)
    # Every field: what is no value for it, and one that is.
    for label, wrong, right in (
        ("Price of a second", "cheap", "0.0007"), ("Price of a MB", "-1", "0.00006"), ("Longest time", "0", "25"),
        ("Most memory", "1", "300"), ("Runs a minute", "0", "130"), ("Runs at once", "1.5", "7"),
        ("Compute units a month", "-1", "5000000"), ("Money a month", "much", "1500.5"), ("Modules", "no-such", "path fs"),
    ):  # fmt: skip
        field = page.get_by_label(label, exact=True)
        await field.fill(wrong)
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(page.get_by_role("button", name="Save as version 4")).to_be_disabled()
        await field.fill(right)
        await expect(field).to_have_attribute("aria-invalid", "false")
    effect = page.get_by_role("status", name="What this changes")
    await expect(effect).to_contain_text("No longer allowed: crypto, http, https, util, zlib")
    await page.get_by_role("button", name="Save as version 4").click()
    await expect(row(page, "Versions", "300 MB")).to_contain_text("path, fs")
    saved = (await desk.root.http.get("/api/admin/tiers/standard")).json()
    limits = {"runsPerMinute": 130, "concurrentRuns": 7, "computeUnitsPerMonth": 5_000_000, "moneyPerMonth": 1500.5}
    assert (saved["version"], saved["limits"], saved["modules"]) == (4, limits, ["path", "fs"])
    assert (saved["pricePerSecond"], saved["pricePerMb"]) == (0.0007, 0.00006)
    assert (saved["maxTimeMs"], saved["maxMemoryBytes"]) == (25_000, 300 * MB)
    await expect(page.get_by_role("table", name="Versions").get_by_role("row")).to_have_count(5)
    assert await desk.acts("standard") == ["tier.changed"] * 3


async def test_events_are_followed_to_their_findings_alerts_seen_and_the_audit_verified(desk: Desk) -> None:
    page = await desk.go("/admin/alerts")
    await page.get_by_role("button", name="New rule").click()
    await page.get_by_label("Events of the kind").select_option("scan_finding")
    await page.get_by_label("Raise an alert at").fill("1")
    await page.get_by_label("Within").fill("3600")
    await page.get_by_role("button", name="Save rule").click()
    await expect(row(page, "Alert rules", "1 in 1 h")).to_be_visible()
    await desk.ada.http.post("/api/executions", json={"language": "javascript", "code": "// \u202e hidden\nreturn 1"})

    async def raised() -> Any:
        return (await desk.root.http.get("/api/admin/alerts", params={"open": "true"})).json()["items"]

    await eventually(raised, within_s=PATIENCE_S)
    await desk.go("/admin/alerts")
    await page.get_by_role("button", name="Acknowledge scan finding").click()
    await expect(page.get_by_text("No alert is open")).to_be_visible()
    changed = row(page, "Alert rules", "1 in 1 h")
    await changed.get_by_role("button", name="Change the rule").click()
    await page.get_by_role("switch").uncheck()
    await page.get_by_role("button", name="Save rule").click()
    await expect(changed).to_contain_text("off")
    await changed.get_by_role("button", name="Remove the rule").click()
    await confirmed(page, "Remove the rule on “scan finding”?")
    await expect(changed).to_have_count(0)
    kinds = [act["action"] for act in (await desk.root.http.get("/api/admin/audit")).json()["items"]]
    assert {"alert_rule.made", "alert_rule.changed", "alert_rule.removed", "alert.acknowledged"} <= set(kinds)

    await desk.go("/admin/security")
    await page.get_by_label("Kind").select_option("scan_finding")
    await page.get_by_role("searchbox", name="User id").fill(desk.ada.user_id)
    await page.get_by_role("button", name="scan finding").click()
    found = page.get_by_role("table", name="Findings")
    await expect(found.get_by_role("row").nth(1)).to_contain_text("main.js:1")
    rule = await found.get_by_role("rowheader").first.inner_text()
    await page.get_by_role("button", name="Close").click()
    for wanted, shown in ((rule, 1), ("no-such-rule", 0)):
        await page.get_by_role("searchbox", name="Rule of a scan").fill(wanted)
        await expect(page.get_by_role("button", name="scan finding")).to_have_count(shown)

    await desk.go("/admin/audit?action=alert_rule.removed")
    await expect(page.get_by_role("table", name="Audit log").get_by_role("row")).to_have_count(2)
    await page.get_by_role("button", name="Verify chain").click()
    ((head, rows),) = await desk.sql("SELECT hash, last_id FROM audit_head")
    await expect(page.get_by_role("status").filter(has_text=f"The chain of {rows:,} records is whole")).to_contain_text(
        head
    )


async def test_a_month_is_issued_opened_credited_and_voided(desk: Desk) -> None:
    await desk.ada.http.post("/api/executions", json={"language": "javascript", "code": "return 1"})
    ((newest, cost),) = await desk.sql("SELECT id, cost_micro_dollars FROM usage ORDER BY id DESC LIMIT 1")
    await desk.sql(f"UPDATE usage SET created_at = {LAST_MONTH.start_ms + 5} WHERE id = :value", newest)
    page = await desk.go("/admin/invoices")
    await page.get_by_role("button", name="Issue a month").click()
    await page.get_by_role("dialog").get_by_label("Month").fill(str(LAST_MONTH))
    await page.get_by_role("button", name="Go on").click()
    await confirmed(page, f"Issue the invoices of {LAST_MONTH}?")
    await expect(page.get_by_text(f"Issued 1 invoice of {LAST_MONTH} over {money(cost)}")).to_be_visible()
    await page.get_by_role("button", name="INV-000001", exact=True).click()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="PDF").click()
    assert (await download.value).suggested_filename == f"invoice-{LAST_MONTH}.pdf"
    await page.get_by_role("button", name="Close").click()
    invoice = row(page, "Invoices", "INV-000001")
    for amount, button, due in (("0.00001", "Credit $0.00001", cost - 10), ("", "Void INV-000001", 0)):
        await invoice.get_by_role("button", name="Credit INV-000001").click()
        await page.get_by_label("Amount").fill(amount)
        await page.get_by_label("Reason").fill("an outage")
        await page.get_by_role("button", name=button).click()
        await expect(invoice.get_by_role("cell").nth(5)).to_have_text(money(due))
    await expect(invoice.get_by_role("button", name="Credit INV-000001")).to_have_count(0)
    assert await desk.sql("SELECT sum(micro_dollars) FROM credit_notes") == [(cost,)]
    assert await desk.acts(desk.ada.user_id) == ["invoice.credited", "invoice.credited", "invoice.issued"]


async def test_nodes_tell_how_they_are_and_the_switches_hold_the_server_up(desk: Desk) -> None:
    page = await desk.go("/admin/nodes")
    await expect(page.get_by_role("status", name="Health of what this node needs")).to_have_text(
        "Database okBus okWorker ok"
    )
    await expect(page.locator(".facts div").filter(has_text="Memory").locator("dd")).to_have_text(re.compile(r"\d+ MB"))
    await expect(page.get_by_role("meter")).to_be_visible()
    await page.get_by_role("link", name="Switches").click()
    await page.get_by_role("button", name="Refuse executions").click()
    await page.get_by_label("Reason").fill("moving house")
    await confirmed(page, "Refuse executions?")
    refused = await desk.ada.http.post("/api/executions", json={"language": "javascript", "code": "return 1"})
    assert (refused.status_code, "moving house" in refused.text) == (503, True)
    await page.get_by_role("button", name="Allow executions again").click()
    await page.get_by_role("button", name="Make the server read-only").click()
    await confirmed(page, "Make the server read-only?")
    assert (await desk.ada.http.post("/api/sessions", json={"name": "x"})).status_code == 423
    await page.get_by_role("button", name="Allow changes again").click()
    await expect(page.get_by_role("button", name="Make the server read-only")).to_be_visible()
    execution_id = await endless_run(desk.ada)
    await page.get_by_role("button", name="End every run").click()
    await confirmed(page, "End every run on the server?")
    assert '"cancelled"' in (await desk.ada.http.get(f"/api/executions/{execution_id}/events")).text
    assert await desk.acts("read-only") == ["switch.off", "switch.on"]
    assert await desk.acts("all") == ["executions.stopped"]


async def test_what_happens_elsewhere_is_seen_without_looking_again(desk: Desk) -> None:
    page, faults = await window(desk.browser, desk.server, desk.root)
    # No list asks by itself.
    await page.add_init_script("window.setInterval = () => 0")

    async def on(path: str) -> None:
        await page.goto(desk.server.url + path)
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await expect(page.locator(".skeleton-box")).to_have_count(0)

    await on("/admin/sessions")
    session = await desk.ada.session(main_js="return 1")
    shown = page.locator(f"tr[data-row='{session['id']}']")
    await expect(shown).to_contain_text("open")
    await desk.root.http.patch(f"/api/admin/sessions/{session['id']}", json={"state": "readOnly"})
    await expect(shown).to_contain_text("read-only")
    await on("/admin/runs?state=running")
    run = await endless_run(desk.ada)
    await expect(page.locator(f"tr[data-row='{run}']")).to_be_visible()
    await desk.ada.http.post(f"/api/executions/{run}/cancel")
    await expect(page.get_by_text("Nothing is running")).to_be_visible()
    await on("/admin/security?kind=access_refused")
    await desk.ada.http.get("/api/admin/no-such-page")
    await expect(row(page, "Security events", "/api/admin/no-such-page")).to_be_visible()
    assert faults == []
    await page.context.close()


async def test_every_list_shows_what_the_database_has_and_is_readable_by_everybody(desk: Desk) -> None:
    page, faults = await window(desk.browser, desk.server, desk.root, bypass_csp=True)
    session, ada = await desk.ada.session(main_js="return 1"), desk.ada.user_id
    own = await desk.root.session(main_js="return 1")
    now_ms = int(time.time() * 1000)
    month_ms, before = Month.at(now_ms).start_ms, Month(2026, 2)
    await desk.ada.http.post("/api/executions", json={"language": "javascript", "code": "return 1"})
    await desk.sql(
        f"UPDATE usage SET created_at = {before.start_ms} WHERE id = (SELECT max(id) FROM usage WHERE actor_id = :value)",
        ada,
    )
    await desk.root.http.post("/api/admin/invoices/issue", json={"month": str(before)})
    ((number,),) = await desk.sql("SELECT max(number) FROM issued_invoices")
    await desk.root.http.post(f"/api/admin/invoices/{number}/credit", json={"amount": 0.00001, "reason": "an outage"})
    await desk.sql(
        "INSERT INTO alerts (id, rule_id, kind, count, threshold, window_s, at) "
        "VALUES ('al_walk', 'ar_walk', 'scan_finding', 1234, 2, 3600, :value)",
        now_ms,
    )

    async def runs() -> Shown:
        found = await desk.sql(
            "SELECT id, status, tier, wall_ms, memory_bytes, (SELECT coalesce(sum(u.cost_micro_dollars), 0) FROM usage u "
            "WHERE u.execution_id = e.id) FROM executions e ORDER BY created_at DESC, id DESC LIMIT 50"
        )
        return {
            key: {
                "Status": status,
                "Tier": tier,
                "Time": lasting(ms),
                "Memory": size(held) if held else "–",
                "Cost": money(cost),
            }
            for key, status, tier, ms, held, cost in found
        }

    async def sessions() -> Shown:
        stored = " + ".join(
            f"coalesce((SELECT sum(length({content})) FROM {table} WHERE session_id = s.id), 0)"
            for table, content in (
                ("document_updates", '"update"'),
                ("document_snapshots", "state"),
                ("document_bases", "state"),
            )
        )
        found = await desk.sql(
            f"SELECT id, (SELECT count(*) FROM roles WHERE session_id = s.id), {stored}, "
            "(SELECT coalesce(max(version), 0) FROM document_updates WHERE session_id = s.id) "
            "FROM sessions s WHERE deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 50"
        )
        return {
            key: {"Members": str(members), "Size": size(held), "Version": str(version), "Open here": "0"}
            for key, members, held, version in found
        }

    async def users() -> Shown:
        found = await desk.sql(
            "SELECT id, tier, (SELECT count(*) FROM tokens WHERE user_id = u.id AND kind = 'api' AND revoked_at IS NULL), "
            "(SELECT count(*) FROM sessions WHERE owner_id = u.id AND deleted_at IS NULL), (SELECT "
            "coalesce(sum(cost_micro_dollars), 0) FROM usage WHERE actor_id = u.id AND created_at >= :value) FROM users u",
            month_ms,
        )
        return {
            key: {"Tier": tier, "Keys": str(keys), "Sessions": str(owned), "This month": money(cost)}
            for key, tier, keys, owned, cost in found
        }

    async def user() -> Shown:
        shown = (await users())[ada]
        return {"": {"This month": shown["This month"], "Sessions": f"{shown['Sessions']} owned"}}

    async def months() -> Shown:
        found = await desk.sql(
            "SELECT created_at, cost_micro_dollars FROM usage WHERE actor_id = :value AND cost_micro_dollars > 0", ada
        )
        # The month that goes on is always there.
        costs: dict[str, list[int]] = {str(Month.at(now_ms)): []}
        for at, cost in found:
            costs.setdefault(str(Month.at(at)), []).append(cost)
        return {month: {"Runs": str(len(each)), "Cost": money(sum(each))} for month, each in costs.items()}

    async def one_session() -> Shown:
        shown = (await sessions())[session["id"]]
        return {
            "": {"Version": shown["Version"], "Stored": shown["Size"], "Billed runs": "0", "Cost of all runs": "$0.00"}
        }

    async def tiers() -> Shown:
        set_by_hand = await desk.sql(
            "SELECT name, version, price_per_second_micro_dollars, price_per_mb_micro_dollars, max_time_ms, max_memory_bytes "
            "FROM tiers ORDER BY version"
        )
        came = [
            (each.name, each.version, each.price_per_second_micro_dollars, each.price_per_mb_micro_dollars,
             each.max_time_ms, each.max_memory_bytes) for each in TIERS
        ]  # fmt: skip
        return {
            name: {
                "Version": str(version),
                "A second": money(second),
                "A MB": money(mb),
                "Time": lasting(ms),
                "Memory": size(held),
            }
            for name, version, second, mb, ms, held in came + set_by_hand
        }

    async def versions() -> Shown:
        found = await desk.sql("SELECT version, max_memory_bytes, actor_id FROM tiers WHERE name = 'standard'")
        found.append((1, 256 * MB, "as it came"))
        return {str(version): {"Memory": size(held), "Set by": by} for version, held, by in found}

    async def events() -> Shown:
        found = await desk.sql("SELECT id, severity, count FROM security_events ORDER BY id DESC LIMIT 100")
        return {str(key): {"Severity": severity, "Count": str(count)} for key, severity, count in found}

    async def alerts() -> Shown:
        found = await desk.sql("SELECT id, count, threshold FROM alerts")
        return {key: {"Events": f"{count:,} in 1 h", "Allowed": f"< {most}"} for key, count, most in found}

    async def acts() -> Shown:
        found = await desk.sql("SELECT id, action, actor_id FROM audit ORDER BY id DESC LIMIT 100")
        return {str(key): {"Act": action, "By": by, "No.": f"{key:,}"} for key, action, by in found}

    async def invoices() -> Shown:
        found = await desk.sql(
            "SELECT number, cost_micro_dollars, (SELECT coalesce(sum(micro_dollars), 0) FROM credit_notes c "
            "WHERE c.invoice_number = i.number) FROM issued_invoices i"
        )
        return {
            f"INV-{number:06d}": {
                "Total": money(cost),
                "Credited": f"−{money(back)}" if back else "–",
                "Due": money(cost - back),
            }
            for number, cost, back in found
        }

    async def nodes() -> Shown:
        ((found,),) = await desk.sql("SELECT figures FROM nodes")
        figures = orjson.loads(found)
        rooms, ran = figures["rooms"], figures["executions"]
        ended = ", ".join(f"{status} {times}" for status, times in ran["finished"].items())
        members = f"{rooms['members']} member{'' if rooms['members'] == 1 else 's'}"
        return {
            "": {
                "Nodes": "1", "Connections": str(figures["sockets"]), "Open rooms": str(rooms["rooms"]),
                "Rooms": f"{rooms['rooms']} with {members}", "Running": str(ran["running"]), "Ended here": ended,
            }
        }  # fmt: skip

    walk: list[tuple[str, dict[str, Any], Any]] = [
        ("/admin", {}, None),
        ("/admin/runs", {"Runs": runs}, None),
        ("/admin/sessions", {"Sessions": sessions}, None),
        (f"/admin/sessions/{session['id']}", {}, one_session),
        ("/admin/users", {"Users": users}, None),
        (f"/admin/users/{ada}", {"Invoices": months}, user),
        ("/admin/tiers", {"Tiers": tiers}, None),
        ("/admin/tiers/standard", {"Versions": versions}, None),
        ("/admin/security", {"Security events": events}, None),
        ("/admin/alerts", {"Alerts": alerts}, None),
        ("/admin/audit", {"Audit log": acts}, None),
        ("/admin/invoices", {"Invoices": invoices}, None),
        ("/admin/nodes", {}, nodes),
        ("/admin/switches", {}, None),
        ("/billing", {}, None),
        ("/analytics", {}, None),
        (f"/s/{own['id']}", {}, None),
    ]
    for number, (path, tables, said) in enumerate(walk):
        width = (1280, 390)[number // 2 % 2]
        await page.emulate_media(color_scheme="dark" if number % 2 else "light")
        await page.set_viewport_size({"width": width, "height": 800})
        await page.goto(desk.server.url + path)
        await expect(page.get_by_role("heading", level=1)).to_have_count(1)
        await expect(page.locator(".skeleton")).to_have_count(0)
        if path == "/admin/alerts":
            await page.get_by_role("button", name="All", exact=True).click()
        for label, known in tables.items():
            await agree(partial(cells, page, label), known)
        if said is not None:
            await agree(partial(facts, page), said)
        await page.add_script_tag(path=AXE)
        assert await page.evaluate(AXE_RUN) == [], path
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert await page.evaluate(SIDEWAYS) == [], path
    assert desk.faults == faults == []
    await page.context.close()
