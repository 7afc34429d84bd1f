"""Files that run the pipeline again and again: cron, systemd, Windows' Task Scheduler."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from xml.sax.saxutils import escape

from agent_assist.errors import BadInput

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def schedule_text(kind: str, config: Path, weekday: str = "sunday", hour: int = 3) -> dict[str, str]:
    """File names with their contents for one kind of scheduler; the run learns what is new since the last
    promotion, and resumes what was interrupted.

    Raises BadInput for a kind, weekday or hour that there is not.
    """
    if weekday not in WEEKDAYS or not 0 <= hour <= 23:
        raise BadInput(
            f"{weekday} at {hour} is no time.", "Give a weekday in English and an hour from 0 to 23."
        )
    home = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-m", "training", "run", str(config.resolve()), "--since", "last", "--resume"]
    if kind == "cron":
        day = (WEEKDAYS.index(weekday) + 1) % 7
        line = f"0 {hour} * * {day} cd {shlex.quote(str(home))} && nice {shlex.join(command)}\n"
        return {"agent-assist-training.cron": line.replace("%", r"\%")}
    if kind == "systemd":
        return _systemd(command, home, weekday, hour)
    if kind == "windows":
        return {"agent-assist-training.xml": _task(command, home, weekday, hour)}
    raise BadInput(f"There is no scheduler named {kind}.", "Choose cron, systemd or windows.")


def _systemd(command: list[str], home: Path, weekday: str, hour: int) -> dict[str, str]:
    quoted = " ".join(_quoted(part) for part in command)
    service = (
        "[Unit]\nDescription=Agent Assist: learn from the week\n\n[Service]\nType=oneshot\nNice=15\n"
        # Unlike ExecStart this is taken as it stands: quotes would be part of the path.
        f"WorkingDirectory={str(home).replace('%', '%%')}\nExecStart={quoted}\n"
    )
    timer = (
        f"[Unit]\nDescription=Agent Assist: learn every {weekday}\n\n[Timer]\n"
        f"OnCalendar={weekday.capitalize()[:3]} *-*-* {hour:02}:00:00\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
    return {"agent-assist-training.service": service, "agent-assist-training.timer": timer}


def _quoted(part: str) -> str:
    """As systemd's unit files want it."""
    plain = part.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{plain}"'


def _task(command: list[str], home: Path, weekday: str, hour: int) -> str:
    arguments = " ".join(f'"{part}"' for part in command[1:])
    day = weekday.capitalize()
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">\n'
        f"<Triggers><CalendarTrigger><StartBoundary>2026-01-01T{hour:02}:00:00</StartBoundary>"
        f"<ScheduleByWeek><WeeksInterval>1</WeeksInterval><DaysOfWeek><{day}/></DaysOfWeek>"
        "</ScheduleByWeek></CalendarTrigger></Triggers>\n"
        "<Settings><MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>"
        "<StartWhenAvailable>true</StartWhenAvailable><ExecutionTimeLimit>PT12H</ExecutionTimeLimit>"
        "<Priority>8</Priority></Settings>\n"
        f"<Actions><Exec><Command>{escape(command[0])}</Command><Arguments>{escape(arguments)}</Arguments>"
        f"<WorkingDirectory>{escape(str(home))}</WorkingDirectory></Exec></Actions>\n</Task>\n"
    )
