"""Runs the stand-in of one destination: `python -m cdp_assets.sample.standins braze --port 8085`.

Its first line of output is its address. `--fault` sets how the first requests go wrong; later ones are set over
`POST /_standin/faults`.
"""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from pydantic import ValidationError

from cdp_assets.registry import find_plugin, plugin_names
from cdp_assets.sample.standins._faults import Fault
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.base import StandIn
from cdp_assets.validation import problems

PACKAGE = "cdp_assets.sample.standins"


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped."""
    options = _parser().parse_args(arguments)
    standin = find_plugin(PACKAGE, options.destination, StandIn)(options.secret)
    standin.requests_per_window = options.requests_per_window or standin.requests_per_window
    with kept(standin, options.keep), StandInServer(standin, options.port) as server:
        for fault in options.fault:
            server.control.faults.add(fault)
        if options.until_input_ends:
            Thread(target=_stop_with_input, args=(server,), daemon=True).start()
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        try:
            server.serve_forever(poll_interval=0.05)
        except KeyboardInterrupt:
            return


@contextmanager
def kept(standin: StandIn, path: Path | None) -> Iterator[None]:
    """Have the stand-in hold what the file says, and write there what it holds at the end."""
    if path is not None and path.exists():
        standin.restore(json.loads(path.read_text()))
    yield
    if path is not None:
        draft = path.with_name(f".{path.name}.part")
        draft.touch(0o600)
        draft.write_text(json.dumps(standin.state()))
        draft.replace(path)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog=f"python -m {PACKAGE}", description="A destination's API on loopback, in memory.")
    parser.add_argument("destination", choices=plugin_names(PACKAGE))
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--secret", default="stand-in", help="the API key it accepts")
    parser.add_argument("--requests-per-window", type=int, help="its rate limit, instead of the documented one")
    parser.add_argument("--fault", type=_fault, action="append", default=[], help='JSON, as {"kind": "slow"}')
    parser.add_argument("--keep", type=Path, help="a file that what it holds is read from and, at the end, written to")
    parser.add_argument("--until-input-ends", action="store_true", help="stop with whoever started it")
    return parser


def _fault(text: str) -> Fault:
    try:
        return Fault.model_validate(json.loads(text))
    except ValidationError as error:
        raise ArgumentTypeError(problems(error)) from error
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not JSON") from error


def _stop_with_input(server: StandInServer) -> None:
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
