"""Every setting, read from the environment once, at start-up.

A missing or unusable value stops the start with the variable's name. Defaults suit one machine
with nothing installed but Python; .env.example lists every variable.
"""

import sys
from pathlib import Path

import django_stubs_ext
import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from import_export.formats.base_formats import CSV, XLSX

from funnel_site.api_description import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from funnel_site.database import database_settings
from funnel_site.environment import (
    broker_url,
    business_hours,
    env,
    hours,
    phone_region,
    positive,
    refuse_half_an_account,
    retention_days,
    secret_key,
    switch,
    time_zone,
    twilio_tokens,
)
from funnel_site.lib.storage_url import storage_settings
from funnel_site.logs import logging_settings
from funnel_site.schedule import CELERY_BEAT_SCHEDULE as CELERY_BEAT_SCHEDULE
from funnel_site.theme import UNFOLD as UNFOLD

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(BASE_DIR / ".env")
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))


# --- Safety: closed unless a line here opens it -------------------------------------------------
DEBUG = switch("DEBUG", default=False)
SECRET_KEY = secret_key(debug=DEBUG)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
PUBLIC_BASE_URL = env.str("PUBLIC_BASE_URL", default="http://localhost:8000").rstrip("/")
if not PUBLIC_BASE_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured("PUBLIC_BASE_URL must begin with http:// or https://")
IS_HTTPS = PUBLIC_BASE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL]
SECURE_SSL_REDIRECT = IS_HTTPS and switch("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^health$"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if switch("BEHIND_PROXY", default=False) else None
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
# A session ends so long after the sign-in, whatever is done in it, and sooner where nothing is.
SESSION_HOURS = positive("SESSION_HOURS", default=8)
SESSION_IDLE_MINUTES = positive("SESSION_IDLE_MINUTES", default=30)
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SECOND_FACTOR_REQUIRED = switch("SECOND_FACTOR_REQUIRED", default=False)
# What takes two people waits so long for the second one, who may be absent on a site of one.
FOUR_EYES_HOURS = positive("FOUR_EYES_HOURS", default=24)
FOUR_EYES_ALONE = switch("FOUR_EYES_ALONE", default=True)
OTP_TOTP_ISSUER = "Funnel Site"
OTP_ADMIN_HIDE_SENSITIVE_DATA = True
# What erased keys are hashed with: another one forgets what was erased.
ERASURE_KEY = env.str("ERASURE_KEY", default=SECRET_KEY)
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 1
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
PROXY_COUNT = positive("PROXY_COUNT", default=0, least=0)
AXES_CLIENT_IP_CALLABLE = "funnel_site.access.addresses.client_address"
AXES_VERBOSE = False
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# --- The application ----------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "rest_framework_api_key",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "import_export",
    "django_celery_beat",
    "axes",
    "auditlog",
    "funnel_site.audit",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "funnel_site.tombstones",
    "funnel_site.access",
    "funnel_site.exports",
    "funnel_site.imports",
    "funnel_site",
    "conversations",
    "funnels",
    "reviews",
    "carddata",
    "customer360",
    "privacy",
    "operations",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "funnel_site.middleware.RequestIdMiddleware",
    "funnel_site.middleware.WebhookMiddleware",
    "csp.middleware.CSPMiddleware",
    "funnel_site.middleware.AdminScriptPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "funnel_site.access.preferences.ViewerMiddleware",
    "funnel_site.audit.middleware.TrailMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "funnel_site.access.sessions.SessionLimitMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "funnel_site.urls"
WSGI_APPLICATION = "funnel_site.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("id", "Bahasa Indonesia")]
LOCALE_PATHS = [BASE_DIR / "funnel_site/locale"]
TIME_ZONE = time_zone()
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["funnel_site.formats"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
# Hashed names once they are collected; before that the files are served from where they lie.
IS_COLLECTED = (STATIC_ROOT / "staticfiles.json").exists() or "collectstatic" in sys.argv
# Where staff's files lie, imports and exports: a folder, or a bucket that several machines share.
FILE_STORAGE_URL = env.str("FILE_STORAGE_URL", default="")
STORAGES = {
    "default": storage_settings(FILE_STORAGE_URL),
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_ROOT = VAR_DIR / "media"
WHITENOISE_USE_FINDERS = not IS_COLLECTED
if not IS_COLLECTED:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)

# --- Data ---------------------------------------------------------------------------------------
DATABASES = {
    "default": database_settings(
        env.str("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'funnel_site.sqlite3'}"),
        pool=switch("DATABASE_POOL", default=False),
        statement_timeout_ms=env.int("DATABASE_STATEMENT_TIMEOUT_MS", default=0),
        prepare=switch("DATABASE_PREPARE", default=True),
    )
}
CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://")}

# --- Background work ----------------------------------------------------------------------------
# Without a broker the inbox is drained in the web process, after the commit.
CELERY_BROKER_URL = broker_url("CELERY_BROKER_URL")
# Several sites on one broker need a queue each.
CELERY_TASK_DEFAULT_QUEUE = env.str("CELERY_QUEUE", default="celery")
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_ACKS_ON_FAILURE_OR_TIMEOUT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SOFT_TIME_LIMIT = 45
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_DB_REUSE_MAX = 500
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 300,
        "socket_keepalive": True,
        "socket_timeout": 10,
        "socket_connect_timeout": 2,
        "health_check_interval": 25,
    }
    if CELERY_BROKER_URL.startswith("redis")
    else {"confirm_publish": True}
    if CELERY_BROKER_URL.startswith("amqp")
    else {}
)
# A folder, or s3://bucket/folder?endpoint=…: where processed deliveries go after so many days.
RAW_STORAGE_URL = env.str("RAW_STORAGE_URL", default=str(VAR_DIR / "archive"))
RAW_HOT_DAYS = positive("RAW_HOT_DAYS", default=90)
# How long each source's deliveries and files are kept at all. Empty: for ever.
RETENTION_DAYS = retention_days("RETENTION_DAYS")

# --- The API ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "funnel_site.access.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["funnel_site.lib.door.StrictJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["funnel_site.access.throttling.CallerThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "funnel_site.lib.problem_handler.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
    "NUM_PROXIES": PROXY_COUNT,
}
API_REQUESTS_PER_MINUTE = positive("API_REQUESTS_PER_MINUTE", default=60_000)

# --- Conversations and funnels ------------------------------------------------------------------
PHONE_REGION = phone_region("PHONE_REGION", default="ID")
CURRENCY = env.str("CURRENCY", default="IDR").upper()
# Keys beyond these numbers join nobody by themselves: staff see them in a list.
IDENTITY_MOST_PHONES = positive("IDENTITY_MOST_PHONES", default=5)
IDENTITY_MOST_USER_IDS = positive("IDENTITY_MOST_USER_IDS", default=5)
ROOM_IDLE_HOURS = positive("ROOM_IDLE_HOURS", default=24)
# What a customer writes so long after staff resolved their room opens it again; later, a new one.
ROOM_REOPEN_DAYS = positive("ROOM_REOPEN_DAYS", default=7)
FUNNEL_QUIET_DAYS = positive("FUNNEL_QUIET_DAYS", default=30)
FIRST_CONTACT_LEADS = switch("FIRST_CONTACT_LEADS", default=True)
AGENTS_CONFIRM = switch("AGENTS_CONFIRM", default=True)
WEBHOOK_SECRETS = [
    secret.strip() for secret in env.list("WEBHOOK_SECRETS", default=[]) if secret.strip()
]
if any(not secret.startswith("whsec_") for secret in WEBHOOK_SECRETS):
    raise ImproperlyConfigured("WEBHOOK_SECRETS must be a comma-separated list of whsec_… secrets")
KEYWORDS_SHEET = env.str("KEYWORDS_SHEET", default=str(BASE_DIR / "funnels/starter_keywords.csv"))
MESSAGES_SHEET = env.str("MESSAGES_SHEET", default="")
GOOGLE_SERVICE_ACCOUNT_FILE = env.str("GOOGLE_SERVICE_ACCOUNT_FILE", default="")
GOOGLE_SERVICE_ACCOUNT_JSON = env.str("GOOGLE_SERVICE_ACCOUNT_JSON", default="")
GOOGLE_SHEETS_API_BASE_URL = env.str("GOOGLE_SHEETS_API_BASE_URL", default="")
GOOGLE_TOKEN_URL = env.str("GOOGLE_TOKEN_URL", default="")
# Whether each process writes down, every ten seconds, how its webhooks have answered.
DOOR_COUNTS_WRITTEN = True
SHEETS_RETRY_SECONDS = env.float("SHEETS_RETRY_SECONDS", default=1.0)


# --- Twilio -------------------------------------------------------------------------------------
TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="").strip()
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", default="").strip()
TWILIO_AUTH_TOKENS = twilio_tokens()
if not DEBUG:
    refuse_half_an_account(TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_AUTH_TOKENS)
TWILIO_API_BASE_URL = env.str("TWILIO_API_BASE_URL", default="").rstrip("/")
if TWILIO_API_BASE_URL and not TWILIO_API_BASE_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured("TWILIO_API_BASE_URL must begin with http:// or https://")
TWILIO_MESSAGES_PER_SECOND = positive("TWILIO_MESSAGES_PER_SECOND", default=20)
# A message of which nothing final was heard for so long is asked after.
TWILIO_ASK_AFTER_HOURS = positive("TWILIO_ASK_AFTER_HOURS", default=12)
INVITATION_HOURS = hours("INVITATION_HOURS", default="0-24")
REVIEW_SESSION_HOURS = positive("REVIEW_SESSION_HOURS", default=24)
# Messages so soon after a review belong to it. 0: each message stands alone.
REVIEW_JOIN_SECONDS = positive("REVIEW_JOIN_SECONDS", default=0, least=0)
# How alike a customer's words and a product's name must be for the bot to ask "Did you mean …?".
PRODUCT_MATCH_PERCENT = positive("PRODUCT_MATCH_PERCENT", default=80, least=50)
# Products of the customer platform's catalogue join the reviews' catalogue as they are loaded.
REVIEW_CATALOGUE_FROM_SHOP = switch("REVIEW_CATALOGUE_FROM_SHOP", default=False)
BOT_PAUSE_HOURS = positive("BOT_PAUSE_HOURS", default=4)
BUSINESS_HOURS = business_hours(
    "BUSINESS_HOURS", "BUSINESS_HOLIDAYS", default="Mon-Fri 09:00-17:00"
)
# --- Cards --------------------------------------------------------------------------------------
CARD_STALE_DAYS = positive("CARD_STALE_DAYS", default=30)
CARD_LOOKUPS_PER_MINUTE = positive("CARD_LOOKUPS_PER_MINUTE", default=60)
# A folder, or s3://bucket/folder?endpoint=…, that is swept for partners' files. Empty: none is.
PARTNER_DROP = env.str("PARTNER_DROP", default="")
if "://" in PARTNER_DROP and not PARTNER_DROP.startswith(("s3://", "file://")):
    raise ImproperlyConfigured("PARTNER_DROP must be a path, file://… or s3://bucket/folder")
PARTNER_FILE_MAX_BYTES = positive("PARTNER_FILE_MAX_BYTES", default=4 * 2**30)
ADMINS = [("", address.strip()) for address in env.list("ALERT_EMAILS", default=[])]
if any("@" not in address for _, address in ADMINS):
    raise ImproperlyConfigured("ALERT_EMAILS must be a comma-separated list of addresses")
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
SERVER_EMAIL = env.str("SERVER_EMAIL", default="funnel-site@localhost")

# --- Staff pages --------------------------------------------------------------------------------
IMPORT_EXPORT_USE_TRANSACTIONS = True
# A workbook first: a spreadsheet of an Indonesian office reads a CSV's commas as text.
IMPORT_EXPORT_FORMATS = [XLSX, CSV]
IMPORT_EXPORT_SKIP_ADMIN_LOG = False
IMPORT_EXPORT_TMP_STORAGE_CLASS = "funnel_site.imports.previewed.PreviewedFile"
# Without these any member of staff may export and import whatever has the buttons.
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "change"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"

# Up to so many rows an export is made while its reader waits, beyond them in the background.
EXPORT_ROWS_AT_ONCE = positive("EXPORT_ROWS_AT_ONCE", default=5_000, least=0)
EXPORT_KEEP_HOURS = positive("EXPORT_KEEP_HOURS", default=24)
EXPORTS_PER_PERSON = positive("EXPORTS_PER_PERSON", default=3)
# More rows than these are previewed and imported in the background; more than those have commands.
IMPORT_MOST_ROWS = positive("IMPORT_MOST_ROWS", default=5_000)
IMPORT_BACKGROUND_ROWS = positive("IMPORT_BACKGROUND_ROWS", default=1_000_000)
IMPORT_KEEP_HOURS = positive("IMPORT_KEEP_HOURS", default=24)

# --- Audit trail --------------------------------------------------------------------------------
AUDITLOG_LOGENTRY_MODEL = "audit.AuditEntry"
AUDITLOG_CID_GETTER = "funnel_site.audit.trail.request_id"

# --- Logs: one JSON line a record, no message text, no full phone number --------------------------
LOG_LEVEL = env.str("LOG_LEVEL", default="WARNING" if "quickstart" in sys.argv else "INFO")
LOGGING = logging_settings(LOG_LEVEL)
