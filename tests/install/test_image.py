"""The OCI image, run by runc as Docker and Podman do: not as root, on a file system that is read only."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from program import MAX_WAIT, script, status_of, stripped, wait_until

NAME = f"jerakia-{os.getpid()}"
USER = 65532


class Image(unittest.TestCase):
    """One container, in which the image's own command runs."""

    @classmethod
    def setUpClass(cls):
        work = tempfile.TemporaryDirectory()
        cls.addClassCleanup(work.cleanup)
        cls.work = Path(work.name)
        script("apt.sh", "runc")
        archive = script("image.sh", stripped(cls.work), cls.work / "out").splitlines()[-1]
        layout, cls.bundle = cls.work / "layout", cls.work / "bundle"
        layout.mkdir()
        subprocess.run(["tar", "--extract", "--file", archive, "--directory", layout], check=True)
        (image,) = json.loads((layout / "index.json").read_text())["manifests"]
        tag = image["annotations"]["org.opencontainers.image.ref.name"]
        unpack = ["umoci", "unpack", "--image", f"{layout}:{tag}", cls.bundle]
        subprocess.run(unpack, check=True, capture_output=True)
        cls.configure()
        cls.start()

    @classmethod
    def configure(cls):
        """The root file system is read only, as the compose file has it. Tokens have a volume."""
        file = cls.bundle / "config.json"
        config = json.loads(file.read_text())
        cls.process = config["process"]
        config["process"]["terminal"] = False
        config["root"]["readonly"] = True
        config["process"]["capabilities"] = {}
        tokens = cls.work / "tokens"
        tokens.mkdir(mode=0o700)
        os.chown(tokens, USER, USER)
        volume = {"destination": "/var/db/jerakia", "type": "bind", "source": str(tokens), "options": ["bind", "rw"]}
        config["mounts"] = [it for it in config["mounts"] if it["destination"] != "/var/db/jerakia"] + [volume]
        file.write_text(json.dumps(config))

    @classmethod
    def start(cls):
        cls.log = (cls.work / "log").open("w+")
        command = ["runc", "run", f"--bundle={cls.bundle}", NAME]
        cls.container = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=cls.log, stderr=cls.log)
        cls.addClassCleanup(cls.stop)
        listens = lambda: "listening on" in cls.output() or cls.container.poll() is not None
        wait_until(listens, cls.output)
        state = subprocess.run(["runc", "state", NAME], check=False, capture_output=True, text=True)
        assert state.returncode == 0, cls.output()
        cls.pid = str(json.loads(state.stdout)["pid"])

    @classmethod
    def output(cls) -> str:
        return Path(cls.log.name).read_text()

    @classmethod
    def stop(cls):
        subprocess.run(["runc", "kill", NAME, "TERM"], check=False, capture_output=True)
        try:
            cls.container.wait(MAX_WAIT)
        finally:
            subprocess.run(["runc", "delete", "--force", NAME], check=False, capture_output=True)
            cls.log.close()

    def jerakia(self, *arguments: str) -> tuple[int, str]:
        command = ["runc", "exec", NAME, "/usr/bin/jerakia", *arguments]
        ran = subprocess.run(command, check=False, capture_output=True, text=True)
        return ran.returncode, (ran.stdout + ran.stderr).strip()

    def test_a_token_made_in_the_container_is_good(self):
        code, token = self.jerakia("token", "create", "my_app", "--quiet")
        self.assertEqual(code, 0, token)
        self.assertEqual(status_of(self.pid, "/v1/authorize", token), 200)
        self.assertEqual(status_of(self.pid, "/v1/authorize", f"{token}x"), 401)
        status = Path(f"/proc/{self.pid}/status").read_text()
        self.assertIn(f"Uid:\t{USER}\t{USER}", status)
        self.assertIn("CapEff:\t0000000000000000", status)

    def test_the_health_check_of_the_compose_file_passes(self):
        self.assertEqual(self.jerakia("health"), (0, "ready"))
        code, complaint = self.jerakia("health", "--url", "http://127.0.0.1:1")
        self.assertEqual(code, 1, complaint)

    def test_nothing_else_is_in_the_image(self):
        root = self.bundle / "rootfs"
        files = {str(it.relative_to(root)) for it in root.rglob("*") if it.is_file()}
        libraries = {it for it in files if it.startswith("lib")}
        names = {it.rsplit("/", 1)[-1].split(".so")[0].split("-")[0] for it in libraries}
        self.assertLessEqual(names, {"ld", "libc", "libgcc_s", "libm"})
        documents = {it for it in files if it.startswith("usr/share/doc/jerakia/")}
        self.assertEqual(files - libraries - documents, {"usr/bin/jerakia", "etc/passwd", "etc/group"})


if __name__ == "__main__":
    unittest.main()
