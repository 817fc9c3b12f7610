"""A real PostgreSQL on a loopback port, in a folder of its own, without a lasting password: made for a test and gone with it."""

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.e2e.mosquitto import free_port


def binaries():
    """The newest installed server's programs. Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    path = found[-1] if found else Path(shutil.which("initdb") or "/nowhere/initdb")
    assert path.exists(), "PostgreSQL is not installed: `make e2e` installs it where apt is at hand"
    return path.parent


class Postgres:
    """Start, crash and start again: port and folder stay. `url()` is a fresh, empty database."""

    def __init__(self) -> None:
        # PostgreSQL refuses to run as root, and a test's own folder may not be another user's to enter
        self.folder = Path(tempfile.mkdtemp(prefix="sensing-pg-"))
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self._as = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        self._databases = 0

    def __enter__(self):
        secret = self.folder / "password"
        secret.write_text(self.password)
        if self._as:
            owner = pwd.getpwnam("postgres")
            for path in (self.folder, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", self.folder / "data", "-U", "sensing", f"--pwfile={secret}", "-A", "scram-sha-256", "-E", "UTF8",
                  "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        secret.unlink()
        return self.start()

    def __exit__(self, *_error):
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c recovery_init_sync_method=syncfs -k {self.folder}"
        self._run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "-t", "120", "-o", options, "start")
        return self

    def kill(self):
        """End it as a crash does: no checkpoint, no goodbyes; what follows is recovery."""
        self._run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")

    def url(self, driver="postgresql+psycopg"):
        """The address of a new database. driver: SQLAlchemy's word, or `postgresql` for psycopg itself."""
        self._databases += 1
        name = f"sensing{self._databases}"
        environ = os.environ | {"PGPASSWORD": self.password}
        line = [binaries() / "createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "sensing", name]
        subprocess.run(line, check=True, env=environ, capture_output=True)
        return f"{driver}://sensing:{self.password}@127.0.0.1:{self.port}/{name}"

    def _run(self, program, *arguments):
        subprocess.run(
            [*self._as, str(binaries() / program), *map(str, arguments)], check=True, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
