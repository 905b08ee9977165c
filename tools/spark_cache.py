"""Make what the tests of `--cluster` need, in .cache: a Spark cluster, and a client of it.

Two virtual environments, because the full pyspark and its client own the same directory, and Java,
unpacked from Debian's packages (tools/debian_cache). Half a gigabyte is downloaded, so only `make
test-long` asks for it. Done once; a changed lock file does it again.

    .venv/bin/python tools/spark_cache.py
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(TOP))

from tools import debian_cache  # noqa: E402 (a tool is run by its path)

SPARK = TOP / ".cache" / "spark"
CLUSTER = SPARK / "cluster"
"""The full pyspark, with Spark's own programs."""
CLIENT = SPARK / "client"
"""What `pip install 'mxward[reports,spark]'` brings, without mxward."""
LOCKS = {
    CLUSTER: TOP / "requirements" / "spark-cluster.lock",
    CLIENT: TOP / "requirements" / "spark.lock",
}


def why_not() -> str | None:
    """What keeps this machine from having all of it, or None where it stands complete."""
    for place, lock in LOCKS.items():
        if not _stands(place, lock):
            return "Spark is not there: run tools/spark_cache.py"
    return debian_cache.why_not(debian_cache.JAVA)


def spark_home() -> Path:
    """Where Spark is in the cluster's environment."""
    (home,) = CLUSTER.glob("lib/python*/site-packages/pyspark")
    return home


def java_home() -> Path:
    """Where Java is among Debian's packages."""
    homes = debian_cache.JAVA.place.glob("usr/lib/jvm/java-*-openjdk-*/bin/java")
    (home,) = {java.parent.parent.resolve() for java in homes}  # it is there by two names
    return home


def libraries() -> str:
    """What the unpacked Java must find in LD_LIBRARY_PATH."""
    place = debian_cache.JAVA.place
    return ":".join(str(path) for top in ("usr/lib", "lib") for path in place.glob(f"{top}/*-gnu*"))


def _stands(place: Path, lock: Path) -> bool:
    try:
        return (place / "made-of").read_text() == _wanted(lock)
    except OSError:
        return False


def _wanted(lock: Path) -> str:
    return f"{sys.version}\n{sys.base_prefix}\n{lock.read_text()}"


def _make(place: Path, lock: Path) -> None:
    sys.stderr.write(f"spark_cache: making .cache/spark/{place.name} from {lock.name}\n")
    shutil.rmtree(place, ignore_errors=True)
    _run(sys.executable, "-m", "venv", str(place))
    pip = [str(place / "bin/python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    _run(*pip, "--quiet", "install", "--require-hashes", "--requirement", str(lock))
    (place / "made-of").write_text(_wanted(lock))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, text=True, capture_output=True)


def main() -> int:
    """0 when everything is there; otherwise 1 and one line that says why."""
    SPARK.mkdir(parents=True, exist_ok=True)
    reason = debian_cache.ensure(debian_cache.JAVA)
    try:
        with (SPARK / "lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            for place, lock in LOCKS.items():
                if not _stands(place, lock):
                    _make(place, lock)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip().splitlines() or ["(said nothing)"]
        reason = f"{' '.join(error.cmd[:4])} failed: {said[-1]}"
    if reason:
        sys.stderr.write(f"spark_cache: {reason}\n")
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())
