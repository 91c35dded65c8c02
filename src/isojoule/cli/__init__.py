"""The command line: arguments, one call, text. One file per command.

The files import only click and names; what a command needs it imports when it runs, so
that ``isojoule --help`` stays fast.
"""

import warnings
from collections.abc import Sequence
from typing import Final

import click

from isojoule.cli.carbon import carbon
from isojoule.cli.compare import compare
from isojoule.cli.count import count
from isojoule.cli.demo import demo
from isojoule.cli.doctor import doctor
from isojoule.cli.estimate import estimate
from isojoule.cli.measure import measure
from isojoule.cli.normalize import normalize
from isojoule.cli.options import examples, say
from isojoule.cli.report import report
from isojoule.cli.runs import runs
from isojoule.cli.study import study
from isojoule.cli.suite import suite
from isojoule.errors import IsojouleError

_BAD_INPUT: Final = 2
_INTERRUPTED: Final = 130


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog=examples(
        "isojoule demo",
        "isojoule doctor",
        "isojoule measure -- python train.py",
        "isojoule normalize energies.csv --from A40 --to V100",
        "isojoule estimate during epochs.csv --epochs 60",
        "isojoule compare submissions/ --rules rules.toml --out ranking",
    ),
)
@click.version_option(package_name="isojoule", message="%(package)s %(version)s")
def cli() -> None:
    """Measure the energy of machine learning and make it comparable across hardware."""


for command in (
    *(demo, doctor, measure, suite, count, study),
    *(runs, normalize, estimate, compare, report, carbon),
):
    cli.add_command(command)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    say(f"isojoule: warning: {message}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code.

    Parameters
    ----------
    arguments : sequence of str or None
        Those of the process where `None`.
    """
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            code = cli.main(arguments, prog_name="isojoule", standalone_mode=False)
        except (click.Abort, KeyboardInterrupt):
            say("isojoule: interrupted; what was measured by then is kept")
            return _INTERRUPTED
        except click.ClickException as error:
            say(f"isojoule: {error.format_message()}")
            return _BAD_INPUT
        except (IsojouleError, ValueError) as error:
            say(f"isojoule: {error}")
            return _BAD_INPUT
        except OSError as error:  # such as a full disk behind stdout
            say(f"isojoule: cannot write the output: {error.strerror or error}")
            return _BAD_INPUT
    # click returns the code of a command that ended itself, else what it returned.
    return code if isinstance(code, int) else 0
