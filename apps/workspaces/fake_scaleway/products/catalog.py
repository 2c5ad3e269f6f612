"""Machines for rent: what they are, what they cost, whether any is left."""

import re
from dataclasses import dataclass
from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.routing import Routes

JSON = Any
routes = Routes("instance")
BASE = "/instance/v1/zones/{zone}/products"
ZONES = (
    "fr-par-1",
    "fr-par-2",
    "fr-par-3",
    "nl-ams-1",
    "nl-ams-2",
    "nl-ams-3",
    "pl-waw-1",
    "pl-waw-2",
    "pl-waw-3",
    "it-mil-1",
)
GIBIBYTE = 2**30
HOURS_A_MONTH = 730


@dataclass(frozen=True)
class Machine:
    """A commercial type: processors, memory in GiB, graphics processors, list price in EUR an hour."""

    cpus: int
    memory: int
    hourly: float
    arch: str = "x86_64"
    gpus: int = 0
    gpu_name: str = ""
    gpu_memory: int = 0
    scratch: int = 0
    zones: tuple[str, ...] = ZONES


_GPU_PARIS = ("fr-par-2",)
_GPU = ("fr-par-2", "pl-waw-2")
_L4 = ("fr-par-1", "fr-par-2", "pl-waw-2")
NAMED: dict[str, Machine] = {
    "STARDUST1-S": Machine(1, 1, 0.0006),
    "DEV1-S": Machine(2, 2, 0.009),
    "DEV1-M": Machine(3, 4, 0.0202),
    "DEV1-L": Machine(4, 8, 0.0428),
    "DEV1-XL": Machine(4, 12, 0.0651),
    "PLAY2-PICO": Machine(1, 2, 0.0143),
    "PLAY2-NANO": Machine(2, 4, 0.0275),
    "PLAY2-MICRO": Machine(4, 8, 0.0551),
    "PRO2-XXS": Machine(2, 8, 0.0561),
    "PRO2-XS": Machine(4, 16, 0.1122),
    "PRO2-S": Machine(8, 32, 0.2234),
    "PRO2-M": Machine(16, 64, 0.4468),
    "PRO2-L": Machine(32, 128, 0.8945),
    "GP1-XS": Machine(4, 16, 0.0928),
    "GP1-S": Machine(8, 32, 0.1907),
    "GP1-M": Machine(16, 64, 0.3835),
    "GP1-L": Machine(32, 128, 0.7742),
    "GP1-XL": Machine(48, 256, 1.6738),
    "ENT1-XXS": Machine(2, 8, 0.0735),
    "ENT1-XS": Machine(4, 16, 0.147),
    "ENT1-S": Machine(8, 32, 0.29),
    "ENT1-M": Machine(16, 64, 0.59),
    "ENT1-L": Machine(32, 128, 1.18),
    "RENDER-S": Machine(10, 42, 1.221, gpus=1, gpu_name="P100", gpu_memory=16, zones=("fr-par-1", "fr-par-2")),
    "START1-S": Machine(2, 2, 0.012),
    "L4-1-24G": Machine(8, 48, 0.7875, gpus=1, gpu_name="L4", gpu_memory=24, zones=_L4),
    "L4-2-24G": Machine(16, 96, 1.575, gpus=2, gpu_name="L4", gpu_memory=24, zones=_L4),
    "L4-4-24G": Machine(32, 192, 3.15, gpus=4, gpu_name="L4", gpu_memory=24, zones=_L4),
    "L4-8-24G": Machine(64, 384, 6.3, gpus=8, gpu_name="L4", gpu_memory=24, zones=_L4),
    "L40S-1-48G": Machine(8, 96, 1.4699, gpus=1, gpu_name="L40S", gpu_memory=48, scratch=1600, zones=_GPU),
    "L40S-2-48G": Machine(16, 192, 2.9398, gpus=2, gpu_name="L40S", gpu_memory=48, scratch=3200, zones=_GPU),
    "L40S-4-48G": Machine(32, 384, 5.8797, gpus=4, gpu_name="L40S", gpu_memory=48, scratch=6400, zones=_GPU),
    "L40S-8-48G": Machine(64, 768, 11.7593, gpus=8, gpu_name="L40S", gpu_memory=48, scratch=12800, zones=_GPU),
    "H100-1-80G": Machine(24, 240, 2.8665, gpus=1, gpu_name="H100-PCIe", gpu_memory=80, scratch=3000, zones=_GPU),
    "H100-2-80G": Machine(48, 480, 5.733, gpus=2, gpu_name="H100-PCIe", gpu_memory=80, scratch=6000, zones=_GPU),
    "H100-SXM-2-80G": Machine(
        32, 240, 6.6198, gpus=2, gpu_name="H100-SXM", gpu_memory=80, scratch=3200, zones=_GPU_PARIS
    ),
    "H100-SXM-8-80G": Machine(
        128, 960, 25.3308, gpus=8, gpu_name="H100-SXM", gpu_memory=80, scratch=12800, zones=_GPU_PARIS
    ),
}
# Families whose names tell their size: price of one processor for an hour, architecture.
FAMILIES: dict[str, tuple[float, str]] = {
    "POP2": (0.0367, "x86_64"),
    "POP2-HC": (0.0266, "x86_64"),
    "POP2-HM": (0.0515, "x86_64"),
    "BASIC2": (0.0141, "arm64"),
    "BASIC3": (0.0242, "x86_64"),
    "STANDARD2": (0.029, "arm64"),
    "STANDARD3": (0.04, "x86_64"),
    "COMPUTE3": (0.0293, "x86_64"),
    "MEMORY3": (0.0566, "x86_64"),
    "COPARM1": (0.0215, "arm64"),
}
SIZED = re.compile(r"(?P<family>[A-Z0-9]+(?:-H[CM])?)-[AX]?(?P<cpus>\d+)C-(?P<memory>\d+)G(?P<windows>-WIN)?")
OFFERED = (
    *(f"POP2-{cpus}C-{cpus * 4}G" for cpus in (2, 4, 8, 16, 32, 64)),
    *(f"POP2-HM-{cpus}C-{cpus * 8}G" for cpus in (2, 4, 8, 16, 32, 64)),
    *(f"POP2-HC-{cpus}C-{cpus * 2}G" for cpus in (2, 4, 8, 16, 32, 64)),
    *(f"POP2-{cpus}C-{cpus * 4}G-WIN" for cpus in (2, 4, 8, 16, 32)),
    *(f"BASIC3-X{cpus}C-{cpus * 4}G" for cpus in (2, 4, 8, 16)),
    *(f"COPARM1-{cpus}C-{cpus * 4}G" for cpus in (2, 4, 8, 16, 32)),
)


def machine_named(name: str) -> Machine | None:
    """The machine of this commercial type; sizes are read from the names that tell them."""
    known = NAMED.get(name)
    found = SIZED.fullmatch(name)
    if known or not found or found["family"] not in FAMILIES:
        return known
    price, arch = FAMILIES[found["family"]]
    cpus = int(found["cpus"])
    return Machine(cpus, int(found["memory"]), round(price * cpus * (2 if found["windows"] else 1), 4), arch)


def server_type(call: Call, name: str) -> dict[str, JSON]:
    """The machine as the catalogue shows it; 400 when the type does not exist in this zone."""
    machine = machine_named(name)
    if machine is None or call.place not in machine.zones:
        raise errors.invalid_arguments(("commercial_type", "constraint", "not a valid value"))
    return shown(machine)


def shown(machine: Machine) -> dict[str, JSON]:
    bandwidth = min(machine.cpus, 60) * 100_000_000
    gpu = {
        "gpu_manufacturer": "NVIDIA",
        "gpu_name": machine.gpu_name,
        "gpu_memory": machine.gpu_memory * GIBIBYTE,
    }
    return {
        "alt_names": [],
        "arch": machine.arch,
        "ncpus": machine.cpus,
        "ram": machine.memory * GIBIBYTE,
        "gpu": machine.gpus,
        "gpu_info": gpu if machine.gpus else None,
        "mig_profile": None,
        "volumes_constraint": {"min_size": 0, "max_size": 0},
        "per_volume_constraint": {"l_ssd": {"min_size": 0, "max_size": 800_000_000_000}},
        "scratch_storage_max_size": machine.scratch * 1_000_000_000 or None,
        "monthly_price": round(machine.hourly * HOURS_A_MONTH, 4),
        "hourly_price": machine.hourly,
        "capabilities": {
            "boot_types": ["local", "rescue"],
            "placement_groups": True,
            "block_storage": True,
            "hot_snapshots_local_volume": False,
            "private_network": 8,
            "max_file_systems": 0,
        },
        "network": {
            "ipv6_support": True,
            "sum_internal_bandwidth": bandwidth,
            "sum_internet_bandwidth": bandwidth,
            "interfaces": [{"internal_bandwidth": bandwidth, "internet_bandwidth": bandwidth}],
        },
        "block_bandwidth": min(machine.cpus, 16) * 41_943_040,
        "end_of_service": False,
    }


def _offered(call: Call) -> dict[str, Machine]:
    machines = {**NAMED, **{name: m for name in OFFERED if (m := machine_named(name))}}
    return {name: machine for name, machine in sorted(machines.items()) if call.place in machine.zones}


def _paged(call: Call, values: dict[str, JSON]) -> Reply:
    headers = {"X-Total-Count": str(len(values)), "Link": '<?page=1>; rel="last"'}
    page = int(call.asked("page") or 1)
    return Reply(200, {"servers": values if page == 1 else {}}, headers)


@routes.on("GET", f"{BASE}/servers", "list_servers_types")
def list_types(call: Call) -> Reply:
    return _paged(call, {name: shown(machine) for name, machine in _offered(call).items()})


@routes.on("GET", f"{BASE}/servers/availability", "get_server_types_availability")
def availability(call: Call) -> Reply:
    """Stock in words: none left is a shortage, few are scarce."""
    stock = call.world.limits.stock

    def word(name: str) -> str:
        left = stock.get(name)
        if left is None:
            return "available"
        return "shortage" if left <= 0 else "scarce" if left < 3 else "available"

    return _paged(call, {name: {"availability": word(name)} for name in _offered(call)})


@routes.on("GET", f"{BASE}/volumes", "list_volumes_types")
def list_volume_types(call: Call) -> Reply:
    def entry(name: str, largest: int, snapshot: bool) -> dict[str, JSON]:
        constraints = {"min": 1_000_000_000, "max": largest}
        return {"capabilities": {"snapshot": snapshot}, "display_name": name, "constraints": constraints}

    volumes = {
        "l_ssd": entry("Local SSD", 800_000_000_000, True),
        "scratch": entry("Scratch Storage", 60_000_000_000_000, False),
    }
    return Reply(200, {"volumes": volumes}, {"X-Total-Count": str(len(volumes)), "Link": '<?page=1>; rel="last"'})
