#!/usr/bin/python3
"""Hook of Apport for the packages of kernel modules that dkms builds.

As /usr/share/apport/general-hooks/dkms.py it adds to a report about such a package what dkms knows of its modules, with the logs of
the builds that failed.

Run as a program, it makes a report about each package whose module does not build: not where headers are missing, a disk is
full, or the module says itself that it is not meant for the kernel. A module that no package brought has none to be reported.
"""

import json
import os
import subprocess
import sys

REPORTER = "/usr/share/apport/package_hook"
PATH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
# Of a log that is longer the end is shown.
MOST = 1 << 20


def output(*command):
    """What a program says; nothing if it fails."""
    environment = {**os.environ, "PATH": PATH, "LC_ALL": "C.UTF-8"}
    try:
        said = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return said.decode("utf-8", "replace")


def asked(*words):
    """What dkms says as JSON, in the format that is understood here; else nothing."""
    try:
        said = json.loads(output("dkms", *words, "--json"))
    except ValueError:
        return {}
    return said if said.get("format") == 1 else {}


def package_of(module, version):
    """The package that brought the source of a module; the name in `NAME[:ARCH]: PATH`."""
    said = output("dpkg-query", "-S", f"/usr/src/{module}-{version}/dkms.conf")
    return said.partition(":")[0] if said else None


def modules():
    """Module versions, each with its package."""
    for module in asked("status").get("modules", []):
        package = package_of(module["name"], module["version"])
        if package:
            yield module["name"], module["version"], package


def kernels():
    """Kernels that are installed."""
    said = output("ls", "/lib/modules").split()
    return [release for release in said if os.path.isdir(f"/lib/modules/{release}/build/include")]


def failures(module, version):
    """Explanations of the builds that failed, and whose fault that is: the module's."""
    options = [word for release in kernels() for word in ("-k", release)]
    if not options:
        return []
    explained = asked("explain", f"{module}/{version}", *options).get("explanations", [])
    return [one for one in explained if one["last"] and blamed(one)]


def blamed(explanation):
    """The problem that the module's source or scripts are to blame for."""
    return next((problem for problem in explanation["problems"] if problem["kind"] == "failed"), None)


def add_info(report, _ui=None):
    """Called by Apport for every report."""
    package = report.get("Package", "").split(" ")[0]
    for module, version, owner in modules() if package else ():
        if owner != package:
            continue
        report["DKMSStatus"] = output("dkms", "status", f"{module}/{version}")
        for number, failure in enumerate(failures(module, version)):
            release = failure["kernel"]["release"]
            report[f"DKMSFailure{number}"] = output("dkms", "explain", f"{module}/{version}", "-k", release)
            report[f"DKMSBuildLog{number}"] = output("dkms", "log", f"{module}/{version}", "-k", release)[-MOST:]


def main():
    """One report for each package: Apport keeps one at a time."""
    for module, version, package in modules():
        found = failures(module, version)
        if not found:
            continue
        releases = ", ".join(one["kernel"]["release"] for one in found)
        first = blamed(found[0])
        message = f"{module}/{version} does not build for {releases}: {first['reason']}"
        message += f"\n{first['first_error']}" if first["first_error"] else ""
        logs = [word for one in found for word in ("-l", one["last"]["log"])]
        done = subprocess.run([REPORTER, "-p", package, *logs], input=message + "\n", text=True, check=False)
        print(f"{package}: {'reported' if done.returncode == 0 else 'not reported'}: {module}/{version}")


if __name__ == "__main__":
    if not os.access(REPORTER, os.X_OK):
        sys.exit(f"there is no `{REPORTER}`: install the package apport")
    main()
