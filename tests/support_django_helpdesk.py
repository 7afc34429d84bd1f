"""A real django-helpdesk for tests, in a virtual environment of its own that is kept between runs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from support_rt import free_port
from support_servers import absent

VERSION = "2.6.1"
TOKEN = "0123456789abcdef0123456789abcdef01234567"
ENVIRONMENT = Path(__file__).parents[1] / ".venv" / "django-helpdesk"

SETTINGS = """\
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY = 'test-only'
DEBUG = False
ALLOWED_HOSTS = ['127.0.0.1']
INSTALLED_APPS = ['django.contrib.' + name for name in ('admin', 'auth', 'contenttypes', 'sessions', 'sites',
    'messages', 'staticfiles', 'humanize')] + ['rest_framework', 'rest_framework.authtoken', 'helpdesk']
class NoMigrations:  # the tables as they are now, without the ninety steps to them
    def __contains__(self, app):
        return True
    def __getitem__(self, app):
        return None
MIGRATION_MODULES = NoMigrations()
MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware',
    'django.middleware.common.CommonMiddleware', 'django.middleware.csrf.CsrfViewMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware',
    'django.contrib.messages.middleware.MessageMiddleware']
ROOT_URLCONF = 'urls'
SITE_ID = 1
USE_TZ = True
STATIC_URL = '/static/'
LOGIN_URL = '/helpdesk/login/'
MEDIA_ROOT = BASE_DIR / 'media'
TEMPLATES = [{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'APP_DIRS': True,
    'OPTIONS': {'context_processors': ['django.template.context_processors.request',
        'django.contrib.auth.context_processors.auth',
        'django.contrib.messages.context_processors.messages']}}]
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'db.sqlite3'}}
DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'
EMAIL_BACKEND = 'django.core.mail.backends.filebased.EmailBackend'
EMAIL_FILE_PATH = BASE_DIR / 'outbox'
PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']
REST_FRAMEWORK = {'DEFAULT_AUTHENTICATION_CLASSES': ['rest_framework.authentication.TokenAuthentication',
    'rest_framework.authentication.BasicAuthentication']}
HELPDESK_USE_CDN = False
HELPDESK_TEAMS_MODE_ENABLED = False
HELPDESK_ACTIVATE_API_ENDPOINT = True
"""
URLS = """\
from django.urls import include, path
urlpatterns = [path('helpdesk/', include('helpdesk.urls', namespace='helpdesk'))]
"""
# Tables, accounts, a queue and two tickets of customers; one process, as Django's start takes seconds.
SEED = """\
import os
os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'
import django
django.setup()
from django.core.management import call_command
call_command('migrate', run_syncdb=True, verbosity=0)
call_command('loaddata', 'emailtemplate.json', verbosity=0)
from django.contrib.auth import get_user_model
from django.utils import timezone
from helpdesk.models import FollowUp, Queue, Ticket
from rest_framework.authtoken.models import Token
user = get_user_model().objects.create_superuser('agent', 'agent@support.example', 'agentpass123')
Token.objects.create(user=user, key='{token}')
queue = Queue.objects.create(title='Support', slug='support', email_address='support@support.example',
    allow_public_submission=True, allow_email_submission=True, new_ticket_cc='', updated_ticket_cc='')
def ticket(title, text, email, owner=None):
    return Ticket.objects.create(queue=queue, title=title, description=text, submitter_email=email,
        assigned_to=owner, priority=3, status=1, created=timezone.now())
ticket('Reset', 'The link expired', 'carla@customer.example', user)
other = ticket('Invoice', 'Billed twice', 'dan@customer.example')
FollowUp.objects.create(ticket=other, title='E-Mail Received from dan@customer.example', public=True,
    date=timezone.now(), comment='Any news?\\n\\nOn 5.1.2026 10:00 Acme wrote:\\n> We look into it')
"""


def environment() -> Path:
    """The environment's Python; made and filled at the first call, which takes about half a minute."""
    python = ENVIRONMENT / "bin" / "python"
    mark = ENVIRONMENT / f"django-helpdesk-{VERSION}"
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    with (ENVIRONMENT.parent / "django-helpdesk.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists():
            shutil.rmtree(ENVIRONMENT, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True, capture_output=True)
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            made = subprocess.run(
                [*pip, f"django-helpdesk=={VERSION}"], check=False, capture_output=True, text=True
            )
            if made.returncode != 0:
                absent(f"django-helpdesk cannot be installed: {made.stderr[-300:]}")
            mark.touch()
    return python


class DjangoHelpdesk:
    """One server in `folder`."""

    def __init__(self, folder: Path, python: Path) -> None:
        self.folder, self._python = folder, python
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/helpdesk"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        (self.folder / "settings.py").write_text(SETTINGS, encoding="utf-8")
        (self.folder / "urls.py").write_text(URLS, encoding="utf-8")
        (self.folder / "seed.py").write_text(SEED.format(token=TOKEN), encoding="utf-8")
        variables = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(self.folder)}
        subprocess.run([self._python, "seed.py"], cwd=self.folder, env=variables, check=True)
        address = f"127.0.0.1:{self.port}"
        with (self.folder / "server.out").open("wb") as log:
            self._process = subprocess.Popen(
                [self._python, "-m", "django", "runserver", "--noreload", "--insecure", address],
                cwd=self.folder,
                env=variables,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/api/", timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError((self.folder / "server.out").read_text(encoding="utf-8"))

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def mails(self) -> list[str]:
        """What was mailed to customers."""
        return [path.read_text(encoding="utf-8") for path in sorted((self.folder / "outbox").glob("*"))]


def serve() -> Iterator[DjangoHelpdesk]:
    """A running server, for a fixture."""
    if sys.platform == "win32":
        absent("The django-helpdesk of the tests is set up on Unix only.")
    python = environment()
    with tempfile.TemporaryDirectory(prefix="aa-hd-") as folder:
        server = DjangoHelpdesk(Path(folder), python)
        try:
            server.start()
            yield server
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.stop()
