"""The fixture of the other tests: what is killed comes back at the same address, with what it had."""

from server import Server
from support import new_run, until

import mixdesk


def test_server_and_broker_can_be_killed_and_started_again(server: Server) -> None:
    name = new_run()
    with mixdesk.start(name, domains=["web", "code"], policy="odm", cadence=5, brokers=server.brokers) as run:
        for step in range(20):
            run.log_losses(step, [3.0 - step / 100, 2.0 + step / 100], [1, 1], sequences=[1, 1])
    assert server.until_step(name, 19)["run"] == name
    decided = server.until_decided(name, 19)
    server.kill_broker()
    server.start_broker()
    server.restart()
    assert server.decisions(name, "MixtureDecided") == decided
    until("the history has all steps", lambda: server.sql(f"SELECT count() FROM losses WHERE run = '{name}'") == [[40]])
