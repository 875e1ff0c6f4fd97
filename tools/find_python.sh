#!/bin/sh
# Prints the first Python that this project can use: $PYTHON if it is set, else the usual names.
# Fails with what was looked at and what to do.
set -u

usable() {
  "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

for name in ${PYTHON:-python3.13 python3.12 python3.11 python3.14 python3 python}; do
  if usable "$name"; then
    command -v "$name"
    exit 0
  fi
done

if [ -z "${PYTHON:-}" ] && command -v uv >/dev/null 2>&1; then
  echo '>=3.11' # uv finds or fetches one
  exit 0
fi

{
  echo "error: expected Python 3.11 or newer with venv and ensurepip, found none of them in:"
  for name in ${PYTHON:-python3.13 python3.12 python3.11 python3.14 python3 python}; do
    echo "  $name: $("$name" --version 2>&1 | head -n 1)"
  done
  echo "Install it (Debian, Ubuntu: python3 and python3-venv), install uv, or name one:"
  echo "  make PYTHON=/path/to/python3.12"
} >&2
exit 1
