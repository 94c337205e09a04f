"""A real browser without a window, spoken to over its debugging socket."""

import asyncio
import base64
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

import aiohttp

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Look(NamedTuple):
    """What a browser made of a page: what it complained of, what it asked the network for, and how it shows it.

    `asked` are values of scripts that the test itself put into the page.
    """

    complaints: list[str]
    requests: list[str]
    asked: list[Any]
    picture: bytes
    pdf: bytes


def look(page: Path, directory: Path, width: int, dark: bool = False, scripts: tuple[str, ...] = ()) -> Look:
    """Open a page in a window of that many pixels, ask it the scripts, take a picture of it and print it."""
    assert PROGRAM
    profile = directory / "browser"
    arguments = [
        PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
        f"--user-data-dir={profile}", "about:blank",
    ]  # fmt: skip
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            port, _ = _appeared(profile / "DevToolsActivePort", process).split("\n")
            return asyncio.run(_look(port, page, width, dark, scripts))
        finally:
            process.kill()


def _appeared(file: Path, process: "subprocess.Popen[bytes]") -> str:
    end = monotonic() + 60
    while not file.exists() or "\n" not in file.read_text():
        assert process.poll() is None, "the browser has ended"
        assert monotonic() < end, "the browser does not start"
        sleep(0.05)
    return file.read_text()


async def _look(port: str, page: Path, width: int, dark: bool, scripts: tuple[str, ...]) -> Look:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            (tab,) = [tab for tab in await answer.json() if tab["type"] == "page"]
        async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            return await _Tab(socket).look(page, width, dark, scripts)


class _Tab:
    """One tab; what it tells by itself is kept in `events`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._count = 0
        self.events: list[dict[str, Any]] = []

    async def look(self, page: Path, width: int, dark: bool, scripts: tuple[str, ...]) -> Look:
        for domain in ("Page", "Network", "Log", "Runtime"):
            await self.call(f"{domain}.enable")
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        await self.call("Page.navigate", url=page.as_uri())
        await self.until(lambda event: event["method"] == "Page.loadEventFired")
        asked = [
            (await self.call("Runtime.evaluate", expression=script, returnByValue=True))["result"].get("value")
            for script in scripts
        ]
        picture = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        pdf = await self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return Look(
            [str(event["params"]) for event in self.events if event["method"] in _COMPLAINTS],
            [event["params"]["request"]["url"] for event in self.events if event["method"] == _REQUEST],
            asked, base64.b64decode(picture["data"]), base64.b64decode(pdf["data"]),
        )  # fmt: skip

    async def call(self, method: str, **parameters: Any) -> Any:
        self._count += 1
        await self._socket.send_json({"id": self._count, "method": method, "params": parameters})
        while (said := await self._socket.receive_json(timeout=60)).get("id") != self._count:
            self.events.append(said)
        assert "error" not in said, said
        return said["result"]

    async def until(self, is_awaited: Callable[[dict[str, Any]], bool]) -> None:
        while not any(map(is_awaited, self.events)):
            self.events.append(await self._socket.receive_json(timeout=60))


_COMPLAINTS = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
_REQUEST = "Network.requestWillBeSent"
