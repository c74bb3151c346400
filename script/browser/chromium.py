"""A Chromium without a window, driven over its debugging pipe (Chrome DevTools Protocol): nothing but Python is needed."""
import base64
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading

NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"]


class Failed(Exception):
    """What Chromium answered, or that it does not."""


def find():
    """The path of a Chromium, that of CHROMIUM first; None where there is none."""
    wanted = os.environ.get("CHROMIUM")
    return shutil.which(wanted) if wanted else next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """A browser with a profile of its own, which goes with it."""

    def __init__(self, path):
        self.profile = tempfile.mkdtemp(prefix="braid-view-")
        read, ours = os.pipe()
        theirs, write = os.pipe()
        # Chromium reads commands from descriptor 3 and answers on 4, each message with a zero byte behind it.
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", f'exec "$0" "$@" 3<&{read} 4>&{write}', path, "--headless=new", "--remote-debugging-pipe", "--no-sandbox",
             "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-background-networking", "--force-color-profile=srgb",
             f"--user-data-dir={self.profile}", "about:blank"],
            pass_fds=(read, write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(read)
        os.close(write)
        self.output = os.fdopen(ours, "wb", buffering=0)
        self.input = os.fdopen(theirs, "rb", buffering=0)
        self.next, self.waiting, self.pages = 1, {}, {}
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        rest = b""
        while piece := self.input.read(1 << 16):
            *messages, rest = (rest + piece).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self.waiting.pop(message["id"]).put(message)
                elif message.get("sessionId") in self.pages:
                    self.pages[message["sessionId"]].hear(message["method"], message["params"])
        for answer in self.waiting.values():
            answer.put({"error": {"message": "the browser has ended"}})

    def send(self, method, session=None, timeout=60, **parameters):
        answer, number = queue.Queue(), self.next
        self.next += 1
        self.waiting[number] = answer
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self.output.write(json.dumps(message).encode() + b"\0")
        try:
            result = answer.get(timeout=timeout)
        except queue.Empty:
            raise Failed(f"{method} takes more than {timeout} seconds") from None
        if "error" in result:
            raise Failed(f"{method}: {result['error']['message']}")
        return result["result"]

    def page(self):
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session, target)
        for domain in "Page", "Runtime", "Log", "Accessibility":
            page.send(f"{domain}.enable")
        return page

    def close(self):
        try:
            self.send("Browser.close", timeout=10)
        except Failed:
            self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


class Page:
    """A tab, with what it complained of."""

    def __init__(self, browser, session, target):
        self.browser, self.session, self.target = browser, session, target
        self.complaints, self.loaded = [], threading.Event()

    def send(self, method, **parameters):
        return self.browser.send(method, self.session, **parameters)

    def hear(self, method, parameters):
        if method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.complaints.append(" ".join(str(part.get("value", part.get("description"))) for part in parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.complaints.append(parameters["entry"]["text"])
        elif method == "Page.loadEventFired":
            self.loaded.set()

    def open(self, path, dark=False, width=1440, height=900):
        self.complaints, self.loaded = [], threading.Event()
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.send("Page.navigate", url="file://" + os.path.abspath(path))
        if not self.loaded.wait(60):
            raise Failed(f"{path} is not loaded after a minute")

    def evaluate(self, expression):
        """The value of an expression, or of the promise that it is."""
        result = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise Failed(result["exceptionDetails"].get("exception", {}).get("description", "the expression failed"))
        return result["result"].get("value")

    def press(self, key, shift=False):
        codes = {"ArrowDown": 40, "ArrowUp": 38, "ArrowLeft": 37, "ArrowRight": 39, "Enter": 13, "Escape": 27, "Tab": 9, "Home": 36, "End": 35, " ": 32}
        about = {"key": key, "modifiers": 8 if shift else 0, "windowsVirtualKeyCode": codes.get(key, ord(key[0].upper()))}
        text = {"text": "\r" if key == "Enter" else key} if len(key) == 1 or key == "Enter" else {}
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **about, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **about)

    def controls(self):
        """Role and name of everything that can be used, as assistive technology sees it."""
        nodes = self.send("Accessibility.getFullAXTree")["nodes"]
        roles = {"button", "checkbox", "combobox", "link", "menuitem", "option", "radio", "searchbox", "slider", "spinbutton", "splitter", "switch", "tab",
                 "tabpanel", "textbox", "dialog", "listbox"}
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes
                if not node.get("ignored") and node.get("role", {}).get("value") in roles]

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))
