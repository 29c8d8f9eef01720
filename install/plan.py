"""What pip means to install, read from its dry run, and how much that is to download."""

from __future__ import annotations

import http.client
import json
import re
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_GPU_PACKAGE = re.compile(r"(nvidia|cuda|rocm|pytorch-triton)-.*|triton")
_ANSWER_WITHIN_S = 5.0

LARGE_BYTES = 20e6
"""What is worth being named."""


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    url: str

    @property
    def is_remote(self) -> bool:
        """Whether it is fetched over the network, and not from this computer."""
        return self.url.startswith(("http://", "https://"))

    @property
    def is_for_gpus(self) -> bool:
        """Whether it is of use with a graphics card only: NVIDIA's gigabytes of libraries, and Triton."""
        return _GPU_PACKAGE.fullmatch(re.sub(r"[-_.]+", "-", self.name).lower()) is not None

    def size(self) -> int | None:
        """In bytes, as its server states it or as it lies on this computer. None where nobody says."""
        if not self.is_remote:
            file = Path(urllib.request.url2pathname(urllib.parse.urlsplit(self.url).path))
            return file.stat().st_size if file.is_file() else None
        request = urllib.request.Request(self.url, method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_WITHIN_S) as answer:
                return int(answer.headers["Content-Length"])
        except (OSError, TypeError, ValueError, http.client.HTTPException):
            return None


@dataclass(frozen=True)
class Plan:
    """The packages that are missing, in pip's order. Empty where everything is there already."""

    packages: tuple[Package, ...]

    @classmethod
    def from_report(cls, text: str) -> Plan:
        """Reads a report as `pip install --dry-run --report` writes it (its format version 1)."""
        return cls(
            tuple(
                Package(
                    item["metadata"]["name"],
                    item["metadata"]["version"],
                    urllib.parse.urldefrag(item["download_info"]["url"]).url,
                )
                for item in json.loads(text)["install"]
            )
        )

    @property
    def gpu_packages(self) -> tuple[Package, ...]:
        return tuple(package for package in self.packages if package.is_for_gpus)

    def sizes(self) -> Sizes:
        """Asks for all of them at once."""
        with ThreadPoolExecutor(max_workers=8) as pool:
            return Sizes(dict(zip(self.packages, pool.map(Package.size, self.packages), strict=True)))


@dataclass(frozen=True)
class Sizes:
    """How large the packages of a plan are."""

    by_package: dict[Package, int | None]
    """In bytes, as they travel; None where nobody says."""

    @property
    def known_bytes(self) -> int:
        """All of them, wherever they lie: what decides about room on the disk."""
        return sum(size or 0 for size in self.by_package.values())

    def described(self) -> str:
        """What is to be downloaded, in a few lines: the whole, the large parts by name, what is not known."""
        remote = {package: size for package, size in self.by_package.items() if package.is_remote}
        if not remote:
            return "Nothing is to be downloaded."
        lines = [
            f"To download: {len(remote)} packages, {megabytes(sum(size or 0 for size in remote.values()))}; "
            "less where pip still has them from before."
        ]
        large = sorted(
            ((size, package) for package, size in remote.items() if size and size >= LARGE_BYTES),
            key=lambda pair: -pair[0],
        )
        lines += [f"  {package.name} {package.version}: {megabytes(size)}" for size, package in large]
        if unknown := [package.name for package, size in remote.items() if size is None]:
            lines.append(f"  not counted, their size is not told: {', '.join(unknown)}")
        return "\n".join(lines)


def megabytes(size: float) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else "less than 1 MB"
