"""django-oauth-toolkit as a program: its views and its models in a database in memory, with two people and two clients.

Runs in the Python of python_providers.py, which gives the port and the clients' secret. POST /control/token makes a token of the
person in {"user": …}, or of the client itself, as a sign-in would.
"""

import json
import secrets
import sys

import django
from django.conf import settings
from django.http import JsonResponse
from django.urls import include, path

PORT, SECRET = int(sys.argv[1]), sys.argv[2]

settings.configure(
    SECRET_KEY="of-a-test", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:provider?mode=memory&cache=shared", "OPTIONS": {"uri": True}}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    OAUTH2_PROVIDER={"SCOPES": {"read": "read", "introspection": "introspection"}},
)
django.setup()

from datetime import timedelta  # noqa: E402

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import run  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from oauth2_provider.models import AccessToken, Application  # noqa: E402


@csrf_exempt
def token(request):
    name = json.loads(request.body)["user"]
    made = AccessToken.objects.create(
        user=User.objects.get(username=name) if name else None, token=secrets.token_urlsafe(24),
        application=Application.objects.get(client_id="app"), expires=timezone.now() + timedelta(hours=1), scope="read")
    return JsonResponse({"token": made.token})


urlpatterns = [path("o/", include("oauth2_provider.urls")), path("control/token", token)]

call_command("migrate", verbosity=0)
for name in ("ann", "bob", "1"):
    User.objects.create_user(name)
for name in ("gate", "app"):
    Application.objects.create(client_id=name, client_secret=SECRET, client_type="confidential",
                               authorization_grant_type="client-credentials", name=name)
run("127.0.0.1", PORT, get_wsgi_application(), threading=True)
