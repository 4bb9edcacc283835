# syntax=docker/dockerfile:1

FROM node:24-trixie-slim AS assets
WORKDIR /src/assets
COPY assets/package.json assets/package-lock.json assets/.npmrc ./
RUN npm ci
COPY assets ./
# Only what copy.json names reaches the product.
RUN ["node", "-e", "const fs = require('fs'); \
    for (const [from, to] of Object.entries(JSON.parse(fs.readFileSync('copy.json')))) \
        fs.cpSync(from, '/src/' + to, { recursive: true });"]

FROM python:3.13-slim-trixie AS packages
COPY requirements.txt ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.13-slim-trixie
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=calsync.settings
RUN useradd --system --uid 10001 --home-dir /app calsync
WORKDIR /app
COPY --from=packages /venv /venv
COPY . ./
COPY --from=assets /src/static ./static
# The settings want values; collecting static files uses none of them.
RUN SECRET_KEY=build CREDENTIAL_KEYS=build DATABASE_URL=postgres:///build python manage.py collectstatic --noinput
USER calsync
EXPOSE 8000
CMD ["gunicorn", "calsync.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", \
     "--threads", "8", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
