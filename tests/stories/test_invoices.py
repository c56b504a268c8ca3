"""Promises to those who pay: an invoice is the ledger, whichever form it is asked for in, and nobody else's business."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from tests.stories.conftest import Account, account
from tests.support.processes import Server

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
