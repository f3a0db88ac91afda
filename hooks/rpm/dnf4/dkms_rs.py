"""Tells dkms's hook which packages are about to come, and lets it have the last word.

Nothing is decided here. If the hook is not there, or is broken, nothing is lost: what a transaction calls for is done by the
triggers of the package.
"""

import subprocess

import dnf

HOOK = "/usr/lib/dkms/hook"


class DkmsRs(dnf.Plugin):
    name = "dkms-rs"

    def resolved(self):
        """Before anything is asked or changed. The hook ends with 1 if the administrator wants it to go no further."""
        coming = self.base.transaction.install_set if self._is_ours() else ()
        names = "".join(
            "%s-%s:%s-%s.%s\n" % (p.name, p.epoch, p.version, p.release, p.arch) for p in coming
        )
        if names and self._hook(["incoming"], names) == 1:
            raise dnf.exceptions.Error("dkms: modules do not support the kernel to be installed")

    def transaction(self):
        """After everything else."""
        if self._is_ours():
            self._hook(["told"], "")

    def _is_ours(self):
        """Whether packages come into the system that the hook knows of."""
        return self.base.conf.installroot == "/"

    @staticmethod
    def _hook(words, text):
        try:
            return subprocess.run([HOOK] + words, input=text.encode(), check=False).returncode
        except OSError:
            return None
