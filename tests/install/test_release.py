"""The files of a release: what is in them, their sums and their signature."""

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

from program import ROOT, script, stripped


def key(directory: Path, name: str) -> tuple[Path, Path]:
    """A key without a password, secret and public."""
    secret, public = directory / f"{name}.key", directory / f"{name}.pub"
    subprocess.run(["minisign", "-G", "-W", "-s", secret, "-p", public], check=True, capture_output=True)
    return secret, public


class Release(unittest.TestCase):
    """The files of one release."""

    @classmethod
    def setUpClass(cls):
        work = tempfile.TemporaryDirectory()
        cls.addClassCleanup(work.cleanup)
        cls.work = Path(work.name)
        script("apt.sh", "minisign")
        cls.secret, cls.public = key(cls.work, "ours")
        cls.binary = stripped(cls.work)
        cls.out = cls.work / "release"
        script("release.sh", cls.binary, cls.out, JERAKIA_SIGNING_KEY=str(cls.secret))

    def verify(self, public: Path) -> bool:
        command = ["minisign", "-V", "-p", public, "-m", self.out / "SHA256SUMS"]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def test_the_sums_are_those_of_all_files_and_are_signed(self):
        lines = (self.out / "SHA256SUMS").read_text().splitlines()
        sums = {name: digest for digest, name in (it.split("  ") for it in lines)}
        signatures = {"SHA256SUMS", "SHA256SUMS.minisig"}
        self.assertEqual(set(sums), {it.name for it in self.out.iterdir()} - signatures)
        for name, digest in sums.items():
            self.assertEqual(hashlib.sha256((self.out / name).read_bytes()).hexdigest(), digest, name)
        self.assertTrue(self.verify(self.public))
        _, other = key(self.work, "other")
        self.assertFalse(self.verify(other))
        signed = (self.out / "SHA256SUMS").read_text()
        self.addCleanup((self.out / "SHA256SUMS").write_text, signed)
        (self.out / "SHA256SUMS").write_text(signed.replace("0", "1", 1))
        self.assertFalse(self.verify(self.public))

    def test_the_archive_has_a_program_that_runs_and_what_belongs_to_it(self):
        (archive,) = self.out.glob("*.tar.gz")
        self.assertRegex(archive.name, r"^jerakia-\d+\.\d+\.\d+-\w+-unknown-linux-gnu\.tar\.gz$")
        with tarfile.open(archive) as tar:
            tar.extractall(self.work, filter="data")
        folder = self.work / archive.name.removesuffix(".tar.gz")
        for name in ("LICENSE", "THIRD-PARTY", "README.md", "jerakia.yaml", "man/jerakia.1", "completions/_jerakia"):
            self.assertTrue((folder / name).is_file(), name)
        texts = (folder / "THIRD-PARTY").read_text()
        for part in ("\nwasmtime ", "\nrustls ", "Permission is hereby granted", "Apache License"):
            self.assertIn(part, texts)
        check = subprocess.run(
            [folder / "jerakia", "config", "check", "--config", folder / "jerakia.yaml"], check=False
        )
        self.assertEqual(check.returncode, 0)

    def test_the_bill_of_materials_names_the_versions_that_are_locked(self):
        (file,) = self.out.glob("*.cdx.json")
        bill = json.loads(file.read_text())
        self.assertEqual((bill["bomFormat"], bill["metadata"]["component"]["name"]), ("CycloneDX", "jerakia"))
        versions = {it["name"]: it["version"] for it in bill["components"]}
        locked = (ROOT / "Cargo.lock").read_text()
        for crate in ("wasmtime", "rustls", "rusqlite", "tokio"):
            version = re.search(rf'name = "{crate}"\nversion = "(.*)"', locked).group(1)
            self.assertEqual(versions[crate], version)

    def test_equal_sources_give_equal_files(self):
        again = self.work / "again"
        said = script("release.sh", self.binary, again, JERAKIA_SIGNING_KEY="")
        self.assertIn("not signed", said)
        self.assertEqual((again / "SHA256SUMS").read_bytes(), (self.out / "SHA256SUMS").read_bytes())


if __name__ == "__main__":
    unittest.main()
