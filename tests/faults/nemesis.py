"""What breaks things: each fault is one method, does its harm, and is over when it returns, or at `heal`."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import redis

from hdh_portal.devstack import family
from hdh_portal.devstack.health import answers_ok
from hdh_portal.devstack.places import REPOSITORY
from hdh_portal.devstack.programs import QUEUES, portal_programs
from hdh_portal.devstack.stack import Stack
from tests.support.visitor import wait_until

PORTAL = ("portal", *QUEUES, "beat")
FROZEN_SECONDS = 4.0
HEALED_WITHIN = 60.0


class Nemesis:
    """Breaks the processes of a stack."""

    def __init__(self, stack: Stack, rng: random.Random) -> None:
        self.stack, self.rng = stack, rng
        self.done: list[str] = []

    def strike(self, faults: Sequence["Fault"]) -> str:
        """One of the faults by chance; gives its name."""
        fault = self.rng.choice(faults)
        self.done.append(fault.__name__)
        fault(self)
        return fault.__name__

    def kill_a_process(self) -> None:
        self.kill(self.rng.choice(PORTAL))

    def kill_a_child(self) -> None:
        """A child of a pool: a web process or a worker's child."""
        parent = self.stack.process_id(self.rng.choice(("portal", *QUEUES)))
        children = sorted(pid for pid, above in family.parents().items() if above == parent)
        if children:
            send(self.rng.choice(children), signal.SIGKILL)

    def end_a_process_politely(self) -> None:
        self.kill(self.rng.choice(PORTAL), signal.SIGTERM)

    def freeze_a_process(self) -> None:
        pid = self.stack.process_id(self.rng.choice(PORTAL))
        with frozen(pid):
            time.sleep(FROZEN_SECONDS)

    def forget_messages(self) -> None:
        with broker(self.stack) as client:
            client.flushall()

    def kill_the_broker(self) -> None:
        self.kill("valkey")

    def freeze_the_broker(self) -> None:
        with frozen(self.stack.process_id("valkey")):
            time.sleep(FROZEN_SECONDS)

    def end_sessions_of_the_database(self) -> None:
        with owner(self.stack) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'hdh\\_%' AND random() < 0.5"
            )

    def crash_the_database(self) -> None:
        """One of its processes dies by SIGKILL: all sessions end, and it recovers from its log."""
        self.kill_backend()

    def stop_the_database_at_once(self) -> None:
        self.stack.restart("postgres", signal.SIGQUIT)

    def restart_the_database(self) -> None:
        self.stack.restart("postgres", signal.SIGINT)

    def exhaust_connections(self) -> None:
        with connections_taken(self.stack):
            time.sleep(FROZEN_SECONDS)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        if name in self.stack.state.processes:
            send(self.stack.process_id(name), number)

    def kill_backend(self) -> None:
        with owner(self.stack) as connection:
            rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE usename LIKE 'hdh\\_%'").fetchall()
        if rows:
            send(self.rng.choice(rows)[0], signal.SIGKILL)

    def heal(self) -> None:
        """Wait until every process runs again and the portal says that it is ready."""
        wait_until(lambda: everything_runs(self.stack), HEALED_WITHIN, "every process runs again")


Fault = Callable[[Nemesis], None]
FAULTS: tuple[Fault, ...] = (
    Nemesis.kill_a_process,
    Nemesis.kill_a_child,
    Nemesis.end_a_process_politely,
    Nemesis.freeze_a_process,
    Nemesis.forget_messages,
    Nemesis.kill_the_broker,
    Nemesis.freeze_the_broker,
    Nemesis.end_sessions_of_the_database,
    Nemesis.crash_the_database,
    Nemesis.stop_the_database_at_once,
    Nemesis.restart_the_database,
    Nemesis.exhaust_connections,
)


def everything_runs(stack: Stack) -> bool:
    """Whether every process of the stack lives, none of them frozen, and the portal and the gateway are ready."""
    alive = family.parents()
    if not all(pid in alive for pid, _ in stack.state.processes.values()):
        return False
    return answers_ok(stack.layout.portal_port, "/readyz") and answers_ok(stack.gateway_port, "/healthz")


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process that may be gone already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Processes stand still for the length of the block."""
    for pid in pids:
        send(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            send(pid, signal.SIGCONT)


@contextmanager
def broker(stack: Stack) -> Iterator[redis.Redis]:
    """The broker, spoken to directly."""
    address = stack.env("web")["CELERY_BROKER_URL"].replace("redis+socket://", "unix://", 1)
    with redis.Redis.from_url(address) as client:
        yield client


@contextmanager
def broker_away(stack: Stack) -> Iterator[None]:
    """Nobody reaches the broker: its address is gone and every connection is cut."""
    socket = Path(stack.env("web")["CELERY_BROKER_URL"].removeprefix("redis+socket://"))
    hidden = socket.with_name("away.sock")
    with broker(stack) as client:
        client.ping()  # connected before its address goes
        socket.rename(hidden)
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    try:
        yield
    finally:
        hidden.rename(socket)


@contextmanager
def every_message(stack: Stack, *, times: int) -> Iterator[list[tuple[str, bytes]]]:
    """Every message to the workers is delivered so many times; gives the list of those seen."""
    stop, seen = threading.Event(), []

    def watch() -> None:
        with broker(stack) as client, broker(stack) as sender, client.monitor() as monitor:
            client.connection_pool.connection_kwargs["socket_timeout"] = 1
            copies = 0
            while not stop.is_set():
                command = monitor.next_command()["command"]
                words = command.split(" ", 2)
                if words[0].upper() != "LPUSH" or words[1] not in QUEUES:
                    continue
                if copies:
                    copies -= 1
                    continue
                body = words[2].encode()
                seen.append((words[1], body))
                copies = times - 1
                for _ in range(times - 1):
                    sender.lpush(words[1], body)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        with broker(stack) as client:
            client.ping()
        thread.join(10)


@contextmanager
def owner(stack: Stack) -> Iterator[psycopg.Connection]:
    """The database as the owner of the tables sees it, as soon as it answers: it may just have been broken."""
    deadline = time.monotonic() + HEALED_WITHIN
    while True:
        try:
            made = psycopg.connect(stack.layout.migration_url, autocommit=True)
            break
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    with made as connection:
        yield connection


@contextmanager
def connections_taken(stack: Stack) -> Iterator[int]:
    """Every connection that the database gives is taken, those of the portal included. Gives how many."""
    with ExitStack() as held, owner(stack) as ours:
        ours.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'hdh\\_%'")
        count = 0
        while count < 1000:
            try:
                held.enter_context(psycopg.connect(stack.env("web")["DATABASE_URL"]))
            except psycopg.OperationalError:
                break
            count += 1
        yield count


@contextmanager
def another(stack: Stack, name: str, variables: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A second process of a program of the portal (`extract`, `beat`…), with variables of its own."""
    program = next(program for program in portal_programs(stack.layout) if program.name == name)
    command = [word.replace(f"{name}@hdh", f"{name}2@hdh") for word in program.command]
    command = [word.replace("beat-schedule", "beat-schedule-2") for word in command]
    log = (stack.layout.log / f"{name}-2.log").open("ab")
    environment = {**program.environment, **(variables or {})}
    with (
        log,
        subprocess.Popen(
            command, env=environment, cwd=REPOSITORY, stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
