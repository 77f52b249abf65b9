"""The operator of a demo: somebody who may open the console at once, on a stack that is on this machine only."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass

from hansom.cli.work_commands import call_service
from hansom.stack.home import Home

FILE = "demo-operator"


@dataclass(frozen=True)
class Operator:
    email: str
    password: str


def demo_operator(home: Home) -> Operator:
    """The operator of this stack's demos, made if there is none; his password is kept in the stack's folder.

    Raises StackProblem when users does not answer, HansomError when it refuses.
    """
    from hansom.contracts.users import EmailTaken

    known = _kept(home)
    operator = known or Operator("operator@demo.example", secrets.token_urlsafe(9))
    while True:
        try:
            call_service("users", "create_ops_account", {**vars(operator), "name": "Demo operator"})
        except EmailTaken:
            if operator == known:
                return operator
            # his password was lost with the folder, the account is in databases of the user's own
            operator = Operator(f"operator-{secrets.token_hex(3)}@demo.example", operator.password)
            continue
        _keep(home, operator)
        return operator


def _kept(home: Home) -> Operator | None:
    try:
        email, password = (home.root / FILE).read_text(encoding="utf-8").split()
    except (FileNotFoundError, ValueError):
        return None
    return Operator(email, password)


def _keep(home: Home, operator: Operator) -> None:
    with open(os.open(home.root / FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(f"{operator.email}\n{operator.password}\n")
