"""What pip means to install, read from its dry run, and how much that is to download."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

_GPU_PACKAGE = re.compile(r"(nvidia|cuda|rocm|pytorch-triton)-.*|triton")
_ANSWER_WITHIN_S = 5.0


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

    def download_bytes(self) -> int | None:
        """Its size as its server states it; 0 if it lies on this computer, None if nobody says."""
        if not self.is_remote:
            return 0
        request = urllib.request.Request(self.url, method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_WITHIN_S) as answer:
                return int(answer.headers["Content-Length"])
        except (OSError, TypeError, ValueError, urllib.error.URLError):
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

    def download(self) -> Download:
        """Asks for all sizes at once."""
        with ThreadPoolExecutor(max_workers=8) as pool:
            sizes = dict(zip(self.packages, pool.map(Package.download_bytes, self.packages), strict=True))
        return Download(sizes)


@dataclass(frozen=True)
class Download:
    """How much a plan is to download."""

    sizes: dict[Package, int | None]

    @property
    def known_bytes(self) -> int:
        return sum(size or 0 for size in self.sizes.values())

    def described(self) -> str:
        """For the artist, in a few lines: the whole, the large parts by name, and what is not known."""
        remote = [package for package in self.sizes if package.is_remote]
        if not remote:
            return "Nothing is to be downloaded."
        lines = [
            f"To download: {len(remote)} packages, {megabytes(self.known_bytes)}; "
            "less where pip still has them from before."
        ]
        large = sorted(
            ((size, package) for package, size in self.sizes.items() if size and size >= 20e6),
            key=lambda pair: -pair[0],
        )
        lines += [f"  {package.name} {package.version}: {megabytes(size)}" for size, package in large]
        if unknown := [package.name for package in remote if self.sizes[package] is None]:
            lines.append(f"  not counted, their size is not told: {', '.join(unknown)}")
        return "\n".join(lines)


def megabytes(size: float) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else "less than 1 MB"
