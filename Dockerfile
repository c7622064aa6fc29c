# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --require-hashes -r requirements.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VAR_DIR=/var/lib/funnel-site
# A volume over a folder that the image lacks would belong to root: media is made here.
RUN useradd --system --uid 10001 --home-dir /app funnel \
  && install -d -o funnel /var/lib/funnel-site /var/lib/funnel-site/media
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
USER funnel
# The key is for this command alone: collecting files signs nothing.
RUN SECRET_KEY=only-while-static-files-are-collected python manage.py collectstatic --noinput
EXPOSE 8000
# With the public host name, since any other is refused outside ALLOWED_HOSTS.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.parse, urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/healthz', headers={'Host': urllib.parse.urlsplit(os.environ.get('PUBLIC_BASE_URL', '')).netloc or 'localhost'}), timeout=4)"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "8", "--workers-kill-timeout", "5", "--no-access-log", "funnel_site.wsgi:application"]
