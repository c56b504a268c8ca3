"""Promises to those who pay: an invoice is the ledger, whichever form it is asked for in, and nobody else's business."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from executor.months import Month
from tests.stories.conftest import Account, account
from tests.support.processes import Server, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def spend(who: Account) -> None:
    for code in ("return 1", "throw new Error('this one is billed too')"):
        await who.http.post("/api/executions", json={"language": "javascript", "code": code})
    await who.http.post("/api/executions", json={"language": "typescript", "code": "return 2 as number"})
    await who.http.post("/api/executions", json={"language": "javascript", "code": "return 3", "tier": "premium"})


def this_month() -> str:
    return datetime.now(UTC).strftime("%Y-%m")


async def test_the_invoice_is_the_ledger_is_the_usage_in_every_form(ada: Account) -> None:
    await spend(ada)
    (brief, *_) = (await ada.http.get("/api/invoices")).json()["items"]
    assert (brief["id"], brief["status"], brief["executions"]) == (this_month(), "open", 4)
    place = f"/api/invoices/{brief['id']}"
    invoice = (await ada.http.get(place)).json()
    usage = (await ada.http.get("/api/usage")).json()["total"]
    runs = (await ada.http.get("/api/executions")).json()["items"]
    micro = sum(round(run["metrics"]["cost"] * 1e6) for run in runs)
    assert micro == invoice["total"]["costMicroDollars"] == sum(line["costMicroDollars"] for line in invoice["lines"])
    assert invoice["total"]["cost"] == usage["cost"] == brief["cost"] == micro / 1e6 > 0
    assert invoice["total"]["executionTime"] == usage["executionTime"]
    assert {(line["language"], line["tier"]) for line in invoice["lines"]} == {
        ("javascript", "basic"),
        ("typescript", "basic"),
        ("javascript", "premium"),
    }
    exact = f"{micro // 10**6}.{micro % 10**6:06d}"

    table = await ada.http.get(place, headers={"accept": "text/csv"})
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert rows[-1]["day"] == "total" and rows[-1]["cost"] == exact
    assert sum(round(float(row["cost"]) * 1e6) for row in rows[:-1]) == micro

    page = await ada.http.get(place, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert exact in page.text and ada.user_id in page.text and "<script" not in page.text

    printed = await ada.http.get(place, headers={"accept": "application/pdf"})
    assert printed.headers["content-type"] == "application/pdf" and printed.content.startswith(b"%PDF-")
    assert f'filename="invoice-{brief["id"]}.pdf"' in printed.headers["content-disposition"]


@pytest.mark.parametrize(
    ("accept", "status", "kind"),
    [
        ("*/*", 200, "application/json"),
        ("text/*", 200, "text/csv"),
        ("text/csv;q=0.1, application/pdf;q=0.9", 200, "application/pdf"),
        ("application/json;q=0, */*;q=0.5", 200, "text/csv"),
        ("image/png", 406, "application/problem+json"),
        ("text/csv;q=nonsense", 406, "application/problem+json"),
    ],
)
async def test_the_form_is_what_the_client_likes_best(ada: Account, accept: str, status: int, kind: str) -> None:
    answer = await ada.http.get(f"/api/invoices/{this_month()}", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (status, kind)


@pytest.mark.parametrize("wrong", ["2026-13", "2001-01", "latest", "2026-1", "9999-12"])
async def test_a_month_without_an_invoice_is_not_found(ada: Account, wrong: str) -> None:
    assert (await ada.http.get(f"/api/invoices/{wrong}")).status_code == 404


async def test_only_an_admin_sees_what_others_pay(server: Server, ada: Account, bob: Account) -> None:
    await spend(ada)
    place = f"/api/invoices/{this_month()}"
    assert (await bob.http.get(place)).json()["total"]["costMicroDollars"] == 0
    for path in (place, "/api/invoices"):
        assert (await bob.http.get(path, params={"userId": ada.user_id})).status_code == 403
    root = await account(server, admin=True)
    seen = (await root.http.get(place, params={"userId": ada.user_id})).json()
    assert seen == (await ada.http.get(place)).json()
    assert (await root.http.get(place, params={"userId": "nobody-at-all"})).status_code == 404
    await root.http.aclose()


async def test_a_name_full_of_markup_is_only_text(server: Server) -> None:
    mallory = await account(server, name="<img src=x onerror=alert(1)> 日本 \u202e")
    page = await mallory.http.get(f"/api/invoices/{this_month()}", headers={"accept": "text/html"})
    assert "<img" not in page.text and "&lt;img" in page.text
    printed = await mallory.http.get(f"/api/invoices/{this_month()}", headers={"accept": "application/pdf"})
    assert printed.content.startswith(b"%PDF-")
    await mallory.http.aclose()


async def test_a_month_that_is_over_is_issued_numbered_and_credited_in_every_form(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, await server.http("root", admin=True) as root:
        await spend(Account("root", "", root))
        cost = (await root.get("/api/usage")).json()["total"]["cost"]
        # The runs of a moment ago happened in January.
        await server.sql("UPDATE usage SET created_at = :then", then=Month(2026, 1).start_ms + 5)
        early = await root.post("/api/admin/invoices/issue", json={"month": this_month()})
        assert early.json()["code"] == "month_open"
        issued = await root.post("/api/admin/invoices/issue", json={"month": "2026-01"})
        assert issued.json() == {"month": "2026-01", "issued": 1, "cost": cost}
        credit = await root.post(
            "/api/admin/invoices/INV-000001/credit", json={"amount": "0.00001", "reason": "an <b>outage"}
        )
        assert credit.status_code == 201, credit.text
        assert credit.json()["number"] == "CN-000001"
        too_much = await root.post("/api/admin/invoices/1/credit", json={"amount": 99, "reason": "no"})
        assert too_much.status_code == 409
        place = "/api/invoices/2026-01"
        invoice = (await root.get(place)).json()
        assert (invoice["number"], invoice["status"], invoice["total"]["cost"]) == ("INV-000001", "issued", cost)
        assert invoice["dueMicroDollars"] == round(cost * 1e6) - 10
        rows = list(csv.reader(io.StringIO((await root.get(place, headers={"accept": "text/csv"})).text)))
        assert rows[-2][0] == "credit" and float(rows[-1][7]) == invoice["due"]
        page = (await root.get(place, headers={"accept": "text/html"})).text
        assert "INV-000001" in page and "an &lt;b&gt;outage" in page
        assert (await root.get(place, headers={"accept": "application/pdf"})).content.startswith(b"%PDF-")
        (listed,) = (await root.get("/api/admin/invoices")).json()["items"]
        assert (listed["userId"], listed["credited"]) == ("root", 0.00001)


async def test_an_account_with_a_discount_pays_that_part_of_the_price(ada: Account, server: Server) -> None:
    root = await account(server, admin=True)
    body = {"language": "javascript", "code": "return 1"}
    full = (await ada.http.post("/api/executions/estimate", json=body)).json()["maxCost"]
    place = f"/api/admin/users/{ada.user_id}"
    await root.http.patch(place, json={"limits": {"pricePercent": 25}})
    assert (await ada.http.post("/api/executions/estimate", json=body)).json()["maxCost"] == full / 4
    metrics = (await ada.http.post("/api/executions", json=body)).json()["metrics"]
    whole = metrics["executionTime"] / 1000 * 0.0001 + metrics["memoryUsage"] / 2**20 * 0.00001
    assert metrics["cost"] == pytest.approx(whole / 4, abs=1e-6)
    await root.http.patch(place, json={"limits": {"pricePercent": 0}})
    assert (await ada.http.post("/api/executions", json=body)).json()["metrics"]["cost"] == 0
    await root.http.aclose()
