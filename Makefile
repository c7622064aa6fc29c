# What CI checks before it runs the tests; the same everywhere.
# `make -j2 lint` does two of its parts at a time.
.PHONY: check lint style types project test

check: lint test

lint: types style project

style:
	ruff format --check .
	ruff check .
	lint-imports

types:
	mypy .

project:
	python manage.py makemigrations --check --dry-run
	python manage.py check
	DEBUG=false PUBLIC_BASE_URL=https://funnel.example ALLOWED_HOSTS=funnel.example python manage.py check --deploy --fail-level WARNING
	python manage.py spectacular --validate --fail-on-warn --file /dev/null

test:
	pytest
