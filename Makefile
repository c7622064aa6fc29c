# What CI checks before it runs the tests; the same everywhere.
.PHONY: check lint test

check: lint test

lint:
	ruff format --check .
	ruff check .
	mypy .
	lint-imports
	python manage.py makemigrations --check --dry-run
	python manage.py check
	DEBUG=false PUBLIC_BASE_URL=https://funnel.example ALLOWED_HOSTS=funnel.example python manage.py check --deploy --fail-level WARNING
	python manage.py spectacular --validate --fail-on-warn --file /dev/null

test:
	pytest
